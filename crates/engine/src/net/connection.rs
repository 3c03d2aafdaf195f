//! One connection: what is the same for every protocol.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;

use crate::dispatch::dispatcher::Dispatcher;
use crate::http::context::ConnectionInfo;
use crate::http1;
use crate::io::connection_guard::ConnectionGuard;
use crate::io::socket::Socket;
use crate::io::stream::Stream;
use crate::settings::Settings;

/// What connections that are driven together share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) dispatcher: Arc<Dispatcher>,
    http1: Arc<http1::options::Options>,
}

impl Context {
    pub(crate) fn new(settings: &Settings, dispatcher: Dispatcher) -> Self {
        Self { dispatcher: Arc::new(dispatcher), http1: Arc::new(http1::options::Options::new(settings)) }
    }
}

/// Serves an accepted connection until either side ends it. `stopping` turns true when it shall end after the requests
/// that have begun; dropping it says that it has ended. `permit` is held until the socket is closed.
pub(crate) async fn serve(
    stream: Stream,
    peer: Option<SocketAddr>,
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
    serve_stream(stream, ConnectionInfo { peer, local }, permit, context, stopping).await;
}

/// Serves any stream.
pub(crate) async fn serve_stream<S: Socket>(
    stream: S,
    info: ConnectionInfo,
    permit: impl Send + Sync + 'static,
    context: Arc<Context>,
    stopping: watch::Receiver<bool>,
) {
    let guard = ConnectionGuard::new(&context.dispatcher.stats, permit);
    let (dispatcher, options) = (Arc::clone(&context.dispatcher), Arc::clone(&context.http1));
    http1::connection::serve(stream, info, guard, dispatcher, options, stopping).await;
}
