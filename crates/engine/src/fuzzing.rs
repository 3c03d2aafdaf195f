//! Doors for the fuzz targets in `fuzz/`: a connection over a stream in memory, and the framing by itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::DuplexStream;
use tokio::sync::watch;

use crate::dispatch::queue::{Queue, Ways};
use crate::dispatch::slot::Slot;
use crate::http::chunks::Chunks;
use crate::http::framing::{Delimiter, HeadLimits, check_head};
use crate::net::connection::{self, Context};
use crate::{ConnectionInfo, Reason, Settings, Snapshot, Worker};

/// An engine without a listener and without threads.
#[derive(Debug)]
pub struct Engine {
    context: Arc<Context>,
    stopping: watch::Sender<bool>,
}

impl Engine {
    /// Of `settings` only what concerns connections and the queue counts.
    pub fn new(settings: &Settings) -> Self {
        let queue = Arc::new(Queue::new(settings.queue_depth, settings.queue_timeout, Ways::of(settings)));
        let context = Arc::new(Context::new(settings, queue, Arc::default(), None, Arc::default()));
        Self { context, stopping: watch::Sender::new(false) }
    }

    /// Serves `stream` as an accepted connection until it is over.
    pub fn serve(&self, stream: DuplexStream) -> impl Future<Output = ()> + Send + use<> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
        let info = ConnectionInfo { peer: address, local: address };
        connection::serve_stream(stream, info, (), Arc::clone(&self.context), self.stopping.subscribe())
    }

    /// A new taker of requests.
    pub fn worker(&self) -> Worker {
        Worker::new(Arc::clone(&self.context.queue), Slot::sharing(0, None, Arc::default()))
    }

    /// Lets connections finish what they have begun and close.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// The counters now.
    pub fn stats(&self) -> Snapshot {
        self.context.stats.snapshot(self.context.queue.len())
    }
}

/// How the body of a request is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// There is none.
    None,
    /// So many bytes follow.
    Length(u64),
    /// Chunks follow.
    Chunked,
}

/// Checks the head at the start of `bytes`: its length and how its body is delimited. `None` while
/// it is incomplete.
///
/// # Errors
///
/// The reason for which it is refused.
pub fn head(bytes: &[u8], settings: &Settings) -> Result<Option<(usize, Body)>, Reason> {
    let info = check_head(bytes, &HeadLimits::new(settings))?;
    Ok(info.map(|info| {
        let body = match info.body {
            Delimiter::None => Body::None,
            Delimiter::Length(length) => Body::Length(length),
            Delimiter::Chunked => Body::Chunked,
        };
        (info.length, body)
    }))
}

/// Feeds a chunked body in `pieces`: how many bytes of them belong to it, and whether it is complete.
///
/// # Errors
///
/// The reason for which it is refused.
pub fn chunks<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(usize, bool), Reason> {
    let mut chunks = Chunks::new();
    let mut total = 0;
    for piece in pieces {
        total += chunks.feed(piece)?;
    }
    Ok((total, chunks.is_done()))
}
