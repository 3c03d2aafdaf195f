//! Which runtime serves an accepted connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use crate::dispatch::shard::Shard;
use crate::io::stream::Stream;
use crate::net::connection::{self, Context};
use crate::net::listener::Serve;

/// Has the runtime that accepts a connection serve it, too.
pub(crate) fn serve_here(context: Context, stopping: watch::Sender<bool>) -> Serve {
    let context = Arc::new(context);
    Arc::new(move |stream, peer, speaks, permit| {
        tokio::spawn(connection::serve(
            stream,
            peer,
            speaks.clone(),
            permit,
            Arc::clone(&context),
            stopping.subscribe(),
        ));
    })
}

/// Hands each connection to the shard that has the fewest.
pub(crate) fn serve_in_shards(shards: Vec<(Arc<Shard>, Arc<Context>)>, stopping: watch::Sender<bool>) -> Serve {
    // Among shards that have equally few, each in turn; else the first shard would have all the work of a quiet server.
    let turn = AtomicUsize::new(0);
    Arc::new(move |stream, peer, speaks, permit| {
        let (before, from) = shards.split_at(turn.fetch_add(1, Ordering::Relaxed) % shards.len());
        // A shard whose workers have all left has only the backup driver, which is no match for a worker.
        let fewest = from.iter().chain(before).min_by_key(|(shard, _)| (shard.is_orphaned(), shard.connections()));
        let Some((shard, context)) = fewest else { return };
        // From now on the shard's runtime wakes it. A connection for which this fails has lost its client.
        let Ok(stream) = stream.into_std() else { return };
        shard.spawn(|counted| {
            let stream = Stream::from_std(stream);
            let (context, speaks, stopping) = (Arc::clone(context), speaks.clone(), stopping.subscribe());
            async move {
                if let Ok(stream) = stream {
                    connection::serve(stream, peer, speaks, (permit, counted), context, stopping).await;
                }
            }
        });
    })
}
