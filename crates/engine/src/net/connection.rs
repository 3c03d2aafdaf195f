//! One connection: what is the same for every protocol.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::dispatch::dispatcher::Dispatcher;
use crate::http::context::ConnectionInfo;
use crate::io::connection_guard::ConnectionGuard;
use crate::io::rewind::{Opened, Rewind};
use crate::io::socket::Socket;
use crate::io::stream::Stream;
use crate::net::proxy_protocol::{self, Introduced, NotIntroduced};
use crate::net::sniff::{Sniffed, sniff};
use crate::refusal::Reason;
use crate::settings::Settings;
use crate::tls::config::{H2, Tls};
use crate::tls::handshake;
use crate::{http1, http2};

/// What connections that are driven together share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) dispatcher: Arc<Dispatcher>,
    http1: Arc<http1::options::Options>,
    handshake_timeout: Duration,
    /// None if HTTP/2 is off.
    http2: Option<Arc<http2::options::Options>>,
}

/// What is known of the protocol of a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Nothing: the first bytes tell.
    Sniff,
    Http1,
    Http2,
}

impl Context {
    pub(crate) fn new(settings: &Settings, dispatcher: Dispatcher) -> Self {
        Self {
            dispatcher: Arc::new(dispatcher),
            http1: Arc::new(http1::options::Options::new(settings)),
            handshake_timeout: settings.handshake_timeout,
            http2: settings.http2.then(|| Arc::new(http2::options::Options::new(settings))),
        }
    }

    /// What a cleartext connection may speak.
    pub(crate) fn cleartext(&self) -> Protocol {
        if self.http2.is_some() { Protocol::Sniff } else { Protocol::Http1 }
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
        // Responses are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let Ok(address) = stream.local_addr() else { return };
        local = Some(address);
    }
    let guard = ConnectionGuard::new(&context.dispatcher.stats, permit);
    let info = ConnectionInfo { peer, local, tls: None };
    // What is rare is on the heap: the future of a plain connection shall not be as large as these.
    let (stream, read, info) = if speaks.proxy_protocol {
        let introduced = Box::pin(introduce(stream, info, &context, stopping.clone())).await;
        let Some(introduced) = introduced else { return };
        introduced
    } else {
        (stream, Vec::new(), info)
    };
    match speaks.tls {
        None => {
            let protocol = context.cleartext();
            serve_stream(stream, read, info, protocol, guard, context, stopping).await;
        }
        Some(tls) => {
            let stream = Rewind::new(stream, read);
            Box::pin(serve_encrypted(stream, info, tls, guard, context, stopping)).await;
        }
    }
}

/// Reads the header of the PROXY protocol. None if there is none in time, or the server stops.
async fn introduce(
    mut stream: Stream,
    info: ConnectionInfo,
    context: &Context,
    mut stopping: watch::Receiver<bool>,
) -> Option<(Stream, Vec<u8>, ConnectionInfo)> {
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
    Some((stream, rest, info))
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
    // Without ALPN it is HTTP/1 (RFC 9113 section 3.2).
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(H2);
    let protocol = if is_http2 { Protocol::Http2 } else { Protocol::Http1 };
    let info = ConnectionInfo { tls: Some(tls), ..info };
    serve_stream(stream, Vec::new(), info, protocol, guard, context, stopping).await;
}

/// Serves any stream. `read` is what was read of it already.
pub(crate) async fn serve_stream<S: Socket>(
    mut stream: S,
    read: Vec<u8>,
    info: ConnectionInfo,
    protocol: Protocol,
    guard: Arc<ConnectionGuard>,
    context: Arc<Context>,
    stopping: watch::Receiver<bool>,
) {
    let opened = Opened { at: Instant::now(), first_byte_at: None };
    let sniffed = match protocol {
        Protocol::Sniff => {
            let deadline = opened.at.checked_add(context.http1.timeouts.head);
            sniff(&mut stream, read, deadline, stopping.clone()).await
        }
        Protocol::Http1 => Sniffed { is_http2: false, read, opened },
        Protocol::Http2 => Sniffed { is_http2: true, read, opened },
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
