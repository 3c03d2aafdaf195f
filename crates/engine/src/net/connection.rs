//! One connection: what is the same for every protocol.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::dispatch::dispatcher::Dispatcher;
use crate::http::context::ConnectionInfo;
use crate::io::connection_guard::ConnectionGuard;
use crate::io::rewind::{Opened, Rewind};
use crate::io::socket::Socket;
use crate::net::sniff::{Sniffed, sniff};
use crate::settings::Settings;
use crate::{http1, http2};

/// What connections that are driven together share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) dispatcher: Arc<Dispatcher>,
    http1: Arc<http1::options::Options>,
    /// None if HTTP/2 is off.
    http2: Option<Arc<http2::options::Options>>,
}

/// What is known of the protocol of a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Nothing: the first bytes tell.
    Sniff,
    Http1,
    #[expect(dead_code, reason = "for connections that have agreed on it, as by ALPN")]
    Http2,
}

impl Context {
    pub(crate) fn new(settings: &Settings, dispatcher: Dispatcher) -> Self {
        Self {
            dispatcher: Arc::new(dispatcher),
            http1: Arc::new(http1::options::Options::new(settings)),
            http2: settings.http2.then(|| Arc::new(http2::options::Options::new(settings))),
        }
    }

    /// What a cleartext connection may speak.
    pub(crate) fn cleartext(&self) -> Protocol {
        if self.http2.is_some() { Protocol::Sniff } else { Protocol::Http1 }
    }
}

/// Serves an accepted connection until either side ends it. `stopping` turns true when it shall end after the requests
/// that have begun; dropping it says that it has ended. `permit` is held until the socket is closed.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    permit: impl Send + Sync + 'static,
    context: Arc<Context>,
    stopping: watch::Receiver<bool>,
) {
    // Responses are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let Ok(local) = stream.local_addr() else { return };
    let protocol = context.cleartext();
    serve_stream(stream, ConnectionInfo { peer, local }, protocol, permit, context, stopping).await;
}

/// Serves any stream.
pub(crate) async fn serve_stream<S: Socket>(
    mut stream: S,
    info: ConnectionInfo,
    protocol: Protocol,
    permit: impl Send + Sync + 'static,
    context: Arc<Context>,
    stopping: watch::Receiver<bool>,
) {
    let guard = ConnectionGuard::new(&context.dispatcher.stats, permit);
    let opened = Opened { at: Instant::now(), first_byte_at: None };
    let sniffed = match protocol {
        Protocol::Sniff => {
            let deadline = opened.at.checked_add(context.http1.timeouts.head);
            sniff(&mut stream, deadline, stopping.clone()).await
        }
        Protocol::Http1 => Sniffed { is_http2: false, read: Vec::new(), opened },
        Protocol::Http2 => Sniffed { is_http2: true, read: Vec::new(), opened },
    };
    let Sniffed { is_http2, read, opened } = sniffed;
    // Also where nothing was read, so that there is only one type of stream to compile the protocols for.
    let stream = Rewind::new(stream, read);
    let dispatcher = Arc::clone(&context.dispatcher);
    match &context.http2 {
        Some(options) if is_http2 => {
            let options = Arc::clone(options);
            // In a box, because it is larger than what HTTP/1 needs.
            Box::pin(http2::connection::serve(stream, info, guard, dispatcher, options, stopping, opened)).await;
        }
        _ => {
            let options = Arc::clone(&context.http1);
            http1::connection::serve(stream, info, guard, dispatcher, options, stopping, opened).await;
        }
    }
}
