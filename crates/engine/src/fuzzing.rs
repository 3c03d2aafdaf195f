//! Entry points for the fuzz targets in `fuzz/`: a connection over an in-memory stream, and parsers by themselves.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::DuplexStream;
use tokio::sync::watch;

use crate::dispatch::dispatcher::Dispatcher;
use crate::dispatch::queue::{DispatchOptions, Queue};
use crate::dispatch::slot::Slot;
use crate::http1::chunks::Chunks;
use crate::http1::framing::{Delimiter, HeadLimits, check_head};
use crate::http2::scanner::Scanner;
use crate::io::connection_guard::ConnectionGuard;
use crate::net::connection::{self, Context};
use crate::net::proxy_protocol::{self, Parsed};
use crate::net::sniff;
use crate::{ConnectionInfo, Reason, Settings, Snapshot, Worker};

/// An engine without a listener and without threads.
#[derive(Debug)]
pub struct Engine {
    context: Arc<Context>,
    stopping: watch::Sender<bool>,
}

impl Engine {
    /// Only the settings that concern connections and the queue count.
    pub fn new(settings: &Settings) -> Self {
        let options = DispatchOptions::new(settings);
        let queue = Arc::new(Queue::new(settings.queue_depth, settings.queue_timeout, options));
        let dispatcher = Dispatcher::new(settings, queue, Arc::default(), None, Arc::default());
        Self { context: Arc::new(Context::new(settings, dispatcher)), stopping: watch::Sender::new(false) }
    }

    /// Serves `stream` as an accepted connection until it is over.
    pub fn serve(&self, stream: DuplexStream) -> impl Future<Output = ()> + Send + use<> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
        let info = ConnectionInfo { peer: Some(address), local: Some(address), tls: None };
        let context = Arc::clone(&self.context);
        let guard = ConnectionGuard::new(&context.dispatcher.stats, ());
        let protocol = context.cleartext();
        connection::serve_stream(stream, Vec::new(), info, protocol, guard, context, self.stopping.subscribe())
    }

    /// A new worker.
    pub fn worker(&self) -> Worker {
        Worker::new(Arc::clone(&self.context.dispatcher.queue), Slot::sharing(0, None, Arc::default()))
    }

    /// Lets connections finish the requests that have begun and close.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// The counters now.
    pub fn stats(&self) -> Snapshot {
        let Dispatcher { stats, queue, .. } = &*self.context.dispatcher;
        stats.snapshot(queue.len())
    }
}

/// How the body of a request is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// There is no body.
    None,
    /// This many bytes follow.
    Length(u64),
    /// Chunks follow.
    Chunked,
}

/// Checks the head at the start of `bytes`. Returns its length and how its body is delimited; `None` while it is
/// incomplete.
///
/// # Errors
///
/// Why it is refused.
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

/// Parses a chunked body in `pieces`. Returns how many of their bytes belong to it, and whether it is complete.
///
/// # Errors
///
/// Why it is refused.
pub fn chunks<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(usize, bool), Reason> {
    let mut chunks = Chunks::new();
    let mut total = 0;
    for piece in pieces {
        total += chunks.feed(piece)?;
    }
    Ok((total, chunks.is_done()))
}

/// The length of a header of the PROXY protocol, and the client and the server that it names.
pub type ProxyHeader = (usize, Option<(SocketAddr, SocketAddr)>);

/// The header of the PROXY protocol at the start of `bytes`: its length, and the client and the server that it names.
/// `None` while it is incomplete.
///
/// # Errors
///
/// If there is none, or it is malformed.
pub fn proxy_header(bytes: &[u8]) -> Result<Option<ProxyHeader>, NoProxyHeader> {
    match proxy_protocol::parse(bytes) {
        Parsed::Header(length, ends) => Ok(Some((length, ends))),
        Parsed::Partial => Ok(None),
        Parsed::Invalid => Err(NoProxyHeader),
    }
}

/// The bytes do not begin with a header of the PROXY protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoProxyHeader;

/// Decides what a client speaks that has sent `first` already: whether it is HTTP/2, and all that was read.
pub async fn sniff(stream: &mut DuplexStream, first: Vec<u8>) -> (bool, Vec<u8>) {
    let (_running, stopping) = watch::channel(false);
    let sniffed = sniff::sniff(stream, first, None, stopping).await;
    (sniffed.is_http2, sniffed.read)
}

/// How many frames without a body begin in `pieces` of what a client of HTTP/2 sends, and whether a header block is
/// incomplete at the end.
pub fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (u32, bool) {
    let mut scanner = Scanner::new();
    let frames = pieces.into_iter().map(|piece| scanner.feed(piece)).sum();
    (frames, scanner.is_in_block())
}
