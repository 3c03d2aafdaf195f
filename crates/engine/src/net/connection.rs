//! One connection: what is the same for every protocol.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::dispatch::dispatcher::Dispatcher;
use crate::http::context::ConnectionInfo;
use crate::http1;
use crate::io::connection_guard::ConnectionGuard;
use crate::io::rewind::Rewind;
use crate::io::socket::Socket;
use crate::io::stream::Stream;
use crate::net::proxy_protocol::{self, Introduced, NotIntroduced};
use crate::refusal::Reason;
use crate::settings::Settings;
use crate::tls::config::Tls;
use crate::tls::handshake;

/// What connections that are driven together share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) dispatcher: Arc<Dispatcher>,
    http1: Arc<http1::options::Options>,
    handshake_timeout: Duration,
}

impl Context {
    pub(crate) fn new(settings: &Settings, dispatcher: Dispatcher) -> Self {
        Self {
            dispatcher: Arc::new(dispatcher),
            http1: Arc::new(http1::options::Options::new(settings)),
            handshake_timeout: settings.handshake_timeout,
        }
    }
}

/// What is spoken on a listener's connections before HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Speaks {
    pub(crate) tls: Option<Arc<Tls>>,
    pub(crate) proxy_protocol: bool,
}

/// Serves an accepted connection until either side ends it. `stopping` turns true when it shall end after the requests
/// that have begun; dropping it says that it has ended. `permit` is held until the socket is closed.
pub(crate) async fn serve(
    stream: Stream,
    peer: Option<SocketAddr>,
    speaks: Speaks,
    permit: impl Send + Sync + 'static,
    context: Arc<Context>,
    stopping: watch::Receiver<bool>,
) {
    let mut local = None;
    if let Stream::Tcp(stream) = &stream {
        // hyper writes responses whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let Ok(address) = stream.local_addr() else { return };
        local = Some(address);
    }
    let guard = ConnectionGuard::new(&context.dispatcher.stats, permit);
    let info = ConnectionInfo { peer, local, tls: None };
    // What is rare is on the heap: the future of a plain connection shall not be as large as these.
    let (stream, info) = if speaks.proxy_protocol {
        let introduced = Box::pin(introduce(stream, info, &context, stopping.clone())).await;
        let Some(introduced) = introduced else { return };
        introduced
    } else {
        (Rewind::new(stream, Bytes::new()), info)
    };
    match speaks.tls {
        None => serve_stream(stream, info, guard, context, stopping).await,
        Some(tls) => Box::pin(serve_encrypted(stream, info, tls, guard, context, stopping)).await,
    }
}

/// Reads the header of the PROXY protocol. None if there is none in time, or the server stops.
async fn introduce(
    mut stream: Stream,
    info: ConnectionInfo,
    context: &Context,
    mut stopping: watch::Receiver<bool>,
) -> Option<(Rewind<Stream>, ConnectionInfo)> {
    let introduced = tokio::select! {
        biased;
        introduced = timeout(context.http1.timeouts.head, proxy_protocol::read(&mut stream)) => introduced.ok()?,
        // A proxy sends it with the connection.
        _ = stopping.wait_for(|stop| *stop) => return None,
    };
    let Introduced { ends, rest } = match introduced {
        Ok(introduced) => introduced,
        Err(NotIntroduced::Ended) => return None,
        Err(NotIntroduced::Malformed) => {
            context.dispatcher.stats.refuse(Reason::BadProxyHeader);
            return None;
        }
    };
    let info = match ends {
        Some((peer, local)) => ConnectionInfo { peer: Some(peer), local: Some(local), ..info },
        None => info,
    };
    Some((Rewind::new(stream, rest), info))
}

async fn serve_encrypted(
    stream: Rewind<Stream>,
    info: ConnectionInfo,
    tls: Arc<Tls>,
    guard: Arc<ConnectionGuard>,
    context: Arc<Context>,
    stopping: watch::Receiver<bool>,
) {
    let accepted = handshake::accept(stream, &tls, context.handshake_timeout, &stopping).await;
    let Some((stream, tls)) = accepted else { return };
    serve_stream(stream, ConnectionInfo { tls: Some(tls), ..info }, guard, context, stopping).await;
}

/// Serves any stream.
pub(crate) async fn serve_stream<S: Socket>(
    stream: S,
    info: ConnectionInfo,
    guard: Arc<ConnectionGuard>,
    context: Arc<Context>,
    stopping: watch::Receiver<bool>,
) {
    let (dispatcher, options) = (Arc::clone(&context.dispatcher), Arc::clone(&context.http1));
    http1::connection::serve(stream, info, guard, dispatcher, options, stopping).await;
}
