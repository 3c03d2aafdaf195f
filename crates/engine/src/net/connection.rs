//! One connection: hyper reads and writes it, and each of its requests goes through the queue.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{self, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::dispatch::exchange::Exchange;
use crate::dispatch::queue::Queue;
use crate::dispatch::shard::Shard;
use crate::http::framing::HeadLimits;
use crate::http::request::ConnectionInfo;
use crate::net::linger::{Linger, Rest};
use crate::net::service::Requests;
use crate::net::shared::{Shared, Taken};
use crate::net::socket::Socket;
use crate::net::wire::{Patience, Tenancy, Wire};
use crate::settings::Settings;
use crate::stats::Stats;

/// What every connection needs of its server.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) queue: Arc<Queue<Box<Exchange>>>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) max_body_size: Option<u64>,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) limits: HeadLimits,
    pub(crate) patience: Patience,
    pub(crate) max_requests: Option<u64>,
    /// Who drives these connections; None where threads of our own do.
    pub(crate) shard: Option<Arc<Shard>>,
    /// Whether the server stops.
    pub(crate) is_stopping: Arc<AtomicBool>,
}

/// A connection that has been quiet for less when the server stops may have a request on its way.
const QUIET: Duration = Duration::from_millis(250);

/// Bytes that hyper may hold of one connection in each direction, unless a head may be larger. Its
/// default is 408 KiB. It reads no more than that of a body that is given up.
pub(crate) const BUFFER: usize = 128 * 1024;

impl Context {
    pub(crate) fn new(
        settings: &Settings,
        queue: Arc<Queue<Box<Exchange>>>,
        stats: Arc<Stats>,
        shard: Option<Arc<Shard>>,
        is_stopping: Arc<AtomicBool>,
    ) -> Self {
        Self {
            shard,
            is_stopping,
            queue,
            stats,
            max_body_size: settings.max_body_size,
            request_timeout: settings.request_timeout,
            limits: HeadLimits::new(settings),
            max_requests: settings.max_requests,
            patience: Patience {
                head: settings.head_timeout,
                idle: settings.keep_alive_timeout,
                body: settings.body_timeout,
                send: settings.send_timeout,
                linger: Linger::new(settings),
            },
        }
    }
}

/// Counts a connection for as long as it lives.
struct Open(Arc<Stats>);

impl Open {
    fn new(stats: &Arc<Stats>) -> Self {
        stats.connection_opened();
        Self(Arc::clone(stats))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connection_closed();
    }
}

/// Serves `stream` until either side ends it. `stopping` turns true when the connection shall end
/// after what it has begun; dropping it says that it has.
/// `permit` is held until the socket is closed.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    permit: impl Send + Sync + 'static,
    context: Arc<Context>,
    stopping: watch::Receiver<bool>,
) {
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let Ok(local) = stream.local_addr() else { return };
    serve_stream(stream, ConnectionInfo { peer, local }, permit, context, stopping).await;
}

/// The same for any stream.
pub(crate) async fn serve_stream<S: Socket>(
    stream: S,
    info: ConnectionInfo,
    permit: impl Send + Sync + 'static,
    context: Arc<Context>,
    stopping: watch::Receiver<bool>,
) {
    let tenancy: Tenancy = Arc::new((Open::new(&context.stats), permit));
    let linger = context.patience.linger;
    // A connection that is given away is no longer ours to drain, only to count.
    if let Some(bridge) = speak_http(stream, info, Arc::clone(&tenancy), context, stopping).await {
        bridge.run(linger).await;
    }
}

/// Speaks HTTP until it is over, or until the connection is given away.
async fn speak_http<S: Socket>(
    stream: S,
    info: ConnectionInfo,
    tenancy: Tenancy,
    context: Arc<Context>,
    mut stopping: watch::Receiver<bool>,
) -> Option<Bridge<S>> {
    let shared = Arc::<Shared>::default();
    let wire = Wire::new(stream, Arc::clone(&shared), context.limits, context.patience, tenancy, stopping.clone());
    let seen = Arc::clone(&shared);
    let mut builder = http1::Builder::new();
    builder.max_headers(context.limits.headers).max_buf_size(context.limits.head.max(BUFFER));
    let service = Requests::new(info, context, shared);
    let mut http = Box::pin(builder.serve_connection(TokioIo::new(wire), service));
    let told = stopping.clone();
    let mut stop = std::pin::pin!(stopping.wait_for(|stop| *stop));
    let (mut is_waiting, mut is_told, mut is_over) = (false, false, false);
    // Runs once the server stops.
    let opened = Instant::now();
    let mut grace: Option<Pin<Box<Sleep>>> = None;
    let taken = poll_fn(|cx| {
        // Once registered, it is asked again only when there is news: asking takes 130 instructions.
        let is_news = !std::mem::replace(&mut is_waiting, true) || told.has_changed().unwrap_or(true);
        if is_news && grace.is_none() && stop.as_mut().poll(cx).is_ready() {
            seen.stop();
            grace = Some(Box::pin(sleep_until(seen.idle_since().unwrap_or(opened) + QUIET)));
        }
        let mut end = http.as_mut().poll(cx);
        // hyper closes at once what idles as far as it knows, so it looks for a request before.
        if let Some(grace) = &mut grace
            && !is_told
            && end.is_pending()
            && !is_awaited(&seen, grace, cx)
        {
            is_told = true;
            http.as_mut().graceful_shutdown();
            end = http.as_mut().poll(cx);
        }
        // After a request for an upgrade, hyper ends without having sent all of a last answer: who
        // upgrades would do that. Asked again it sends the rest and shuts down.
        if matches!(end, Poll::Ready(Ok(()))) && !is_over {
            is_over = true;
            end = http.as_mut().poll(cx);
        }
        // An error here is a client that left or that sent what cannot be answered; whoever waits
        // for its request has been told through the reply handle.
        match end {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => seen.taken().map_or(Poll::Pending, |taken| Poll::Ready(Some(taken))),
        }
    })
    .await?;
    let mut parts = Pin::into_inner(http).into_parts();
    let (client, held, made_up) = parts.io.into_inner().into_parts()?;
    parts.read_buf.truncate(parts.read_buf.len().saturating_sub(made_up));
    Some(Bridge { client, ahead: [parts.read_buf, held.into()], taken })
}

/// Whether a connection that idles when the server stops is to go on until there is a request: one that is there and
/// not read, one that has begun to come, or one that comes soon. Who has only just connected or got an answer cannot
/// know that there will be none.
fn is_awaited(seen: &Shared, grace: &mut Pin<Box<Sleep>>, cx: &mut task::Context<'_>) -> bool {
    // An answer whose head is still to come says that it is the last (`Requests`). One that has begun cannot say so any
    // more, so its client may have sent another request by the time that it has read the end.
    if seen.owes_an_answer() {
        return true;
    }
    let quiet = seen.idle_since().map(|since| since + QUIET);
    if let Some(until) = quiet.filter(|until| *until > grace.deadline()) {
        grace.as_mut().reset(until);
    }
    seen.has_unread() || grace.as_mut().poll(cx).is_pending()
}

/// A connection that is given away.
struct Bridge<S> {
    client: S,
    /// What the client has sent behind the request, in order.
    ahead: [Bytes; 2],
    taken: Taken,
}

impl<S: Socket> Bridge<S> {
    /// Carries bytes between the client and whoever has its connection, until both have ended.
    async fn run(mut self, linger: Linger) {
        let head = self.taken.head.map(|head| head.to_bytes()).unwrap_or_default();
        let Ok(mut end) = tokio::net::UnixStream::from_std(self.taken.end) else { return };
        if self.client.write_all(&head).await.is_err() {
            return;
        }
        if carry(&mut self.client, &mut end, self.ahead).await {
            linger.run(self.client, Rest::Nothing, None).await;
        }
    }
}

/// Whether the owner has closed its end for good, so that what the client still sends goes nowhere.
///
/// Not tokio's `copy_bidirectional`: that would wait for the client to close as well when the owner
/// has closed its end for good, and a client that never does would hold the connection for ever.
async fn carry<S: Socket>(client: &mut S, end: &mut tokio::net::UnixStream, ahead: [Bytes; 2]) -> bool {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_end, mut to_end) = end.split();
    let mut up = std::pin::pin!(async move {
        // Here and not before: the owner may have closed already, and what it wrote still counts.
        for bytes in ahead {
            if to_end.write_all(&bytes).await.is_err() {
                return;
            }
        }
        pass_on(&mut from_client, &mut to_end).await;
        let _ = to_end.shutdown().await;
    });
    let mut down = std::pin::pin!(async move {
        pass_on(&mut from_end, &mut to_client).await;
        let _ = to_client.shutdown().await;
        from_end
    });
    let from_end = tokio::select! {
        () = &mut up => return has_closed(&down.await).await,
        from_end = &mut down => from_end,
    };
    // Closed for good, or only for writing so far.
    while !has_closed(&from_end).await {
        tokio::select! {
            () = &mut up => return false,
            () = sleep(HALF_CLOSED) => {}
        }
    }
    true
}

/// How often to look whether the owner of a connection, who has ended its own side, is gone. Asked for,
/// because no readiness says it alone: the socket is writable all the time.
const HALF_CLOSED: Duration = Duration::from_secs(1);

async fn has_closed(end: &tokio::net::unix::ReadHalf<'_>) -> bool {
    end.ready(Interest::WRITABLE).await.is_ok_and(|ready| ready.is_write_closed())
}

/// Bytes that a connection that is given away holds, in each direction.
const PASSED_ON: usize = 8 * 1024;

/// Not tokio's `copy`: that throws away what it holds when reading fails, as it does at the end of an
/// owner that has not read all that the client sent.
async fn pass_on(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) {
    let mut bytes = vec![0; PASSED_ON];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
