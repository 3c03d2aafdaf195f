//! One connection: what is the same for every protocol.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::dispatch::dispatcher::Dispatcher;
use crate::http::context::ConnectionInfo;
use crate::http1;
use crate::io::connection_guard::ConnectionGuard;
use crate::io::socket::Socket;
use crate::io::stream::Stream;
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

/// Serves an accepted connection until either side ends it. `stopping` turns true when it shall end after the requests
/// that have begun; dropping it says that it has ended. `permit` is held until the socket is closed.
pub(crate) async fn serve(
    stream: Stream,
    peer: Option<SocketAddr>,
    tls: Option<Arc<Tls>>,
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
    match tls {
        None => serve_stream(stream, info, guard, context, stopping).await,
        // On the heap: the future of the other kind of connection shall not be as large as this one.
        Some(tls) => Box::pin(serve_encrypted(stream, info, tls, guard, context, stopping)).await,
    }
}

async fn serve_encrypted(
    stream: Stream,
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
