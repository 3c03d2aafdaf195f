//! One connection: hyper reads and writes it, and each of its requests goes through the queue.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::dispatch::exchange::Exchange;
use crate::dispatch::queue::{NoPlace, Queue};
use crate::dispatch::shard::Shard;
use crate::http::body::BodyReader;
use crate::http::framing::HeadLimits;
use crate::http::pipe::Aborted;
use crate::http::refusal::Reason;
use crate::http::reply::{Answer, Cell, Client, Outcome, Reply};
use crate::http::request::{ConnectionInfo, RequestHead};
use crate::http::response::{Response, ResponseBody, announced};
use crate::net::shared::{Busy, Shared, Taken};
use crate::net::socket::{Socket, linger};
use crate::net::wire::{Patience, Tenancy, Wire};
use crate::settings::Settings;
use crate::stats::Stats;

/// What every connection needs of its server.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) queue: Arc<Queue<Exchange>>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) max_body_size: Option<u64>,
    pub(crate) limits: HeadLimits,
    pub(crate) patience: Patience,
    pub(crate) max_requests: Option<u64>,
    /// Who drives these connections; None where threads of our own do.
    pub(crate) shard: Option<Arc<Shard>>,
}

/// Bytes that hyper may hold of one connection in each direction, unless a head may be larger. Its
/// default is 408 KiB.
const BUFFER: usize = 128 * 1024;

impl Context {
    pub(crate) fn new(
        settings: &Settings,
        queue: Arc<Queue<Exchange>>,
        stats: Arc<Stats>,
        shard: Option<Arc<Shard>>,
    ) -> Self {
        Self {
            shard,
            queue,
            stats,
            max_body_size: settings.max_body_size,
            limits: HeadLimits::new(settings),
            max_requests: settings.max_requests,
            patience: Patience {
                head: settings.head_timeout,
                idle: settings.keep_alive_timeout,
                body: settings.body_timeout,
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
    // A connection that is given away is no longer ours to drain, only to count.
    if let Some(bridge) = speak_http(stream, info, Arc::clone(&tenancy), context, stopping).await {
        bridge.run().await;
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
    let info = Arc::new(info);
    let shared = Arc::<Shared>::default();
    let wire = Wire::new(stream, Arc::clone(&shared), context.limits, context.patience, tenancy);
    let seen = Arc::clone(&shared);
    let mut builder = http1::Builder::new();
    builder.max_headers(context.limits.headers).max_buf_size(context.limits.head.max(BUFFER));
    let service = service_fn(move |request| {
        let busy = Busy::new(&shared);
        answer(request, Arc::clone(&info), Arc::clone(&context), busy, Arc::clone(&shared))
    });
    let mut http = Box::pin(builder.serve_connection(TokioIo::new(wire), service));
    let mut stop = std::pin::pin!(stopping.wait_for(|stop| *stop));
    let (mut is_told, mut is_over) = (false, false);
    let taken = poll_fn(|cx| {
        if !is_told && stop.as_mut().poll(cx).is_ready() {
            is_told = true;
            http.as_mut().graceful_shutdown();
        }
        let mut end = http.as_mut().poll(cx);
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

/// A connection that is given away.
struct Bridge<S> {
    client: S,
    /// What the client has sent behind the request, in order.
    ahead: [Bytes; 2],
    taken: Taken,
}

impl<S: Socket> Bridge<S> {
    /// Carries bytes between the client and whoever has its connection, until both have ended.
    async fn run(mut self) {
        let head = self.taken.head.map(|head| head.to_bytes()).unwrap_or_default();
        let Ok(mut end) = tokio::net::UnixStream::from_std(self.taken.end) else { return };
        if self.client.write_all(&head).await.is_err() {
            return;
        }
        if carry(&mut self.client, &mut end, self.ahead).await {
            linger(self.client).await;
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
        from_end.ready(Interest::WRITABLE).await.is_ok_and(|ready| ready.is_write_closed())
    });
    tokio::select! {
        () = &mut up => down.await,
        is_closed = &mut down => {
            if !is_closed {
                up.await;
            }
            is_closed
        }
    }
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

async fn answer(
    request: Request<Incoming>,
    info: Arc<ConnectionInfo>,
    context: Arc<Context>,
    busy: Busy,
    shared: Arc<Shared>,
) -> Result<http::Response<Counted>, Infallible> {
    let is_head = request.method() == Method::HEAD;
    let is_1_0 = request.version() == Version::HTTP_10;
    let outcome = match refusal(&request, &shared) {
        Some(reason) => Outcome::Response(refuse(&context, reason)),
        None => dispatch(request, info, &context).await,
    };
    let mut response = match outcome {
        Outcome::Response(response) => response,
        Outcome::TakeOver { mut head, end } => {
            if let Some(head) = &mut head {
                head.drop_length_of_nothing();
            }
            shared.give_away(Taken { head, end });
            // The connection's task has what it needs, and ends this future with the rest of HTTP.
            std::future::pending().await
        }
    };
    response.normalise(is_head);
    if context.max_requests.is_some_and(|most| shared.begun() >= most) {
        response.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    // Chunks have an end of their own, and HTTP/1.0 has no chunks.
    if is_1_0 && response.body.size_hint().exact().is_none() && !response.headers.contains_key(CONTENT_LENGTH) {
        shared.ends_an_answer();
    }
    Ok(into_http(response, busy))
}

/// Why the wire put this request in a refused one's place.
fn refusal(request: &Request<Incoming>, shared: &Shared) -> Option<Reason> {
    let stands_in = request.uri().path() == "*" && request.method() != Method::OPTIONS;
    if stands_in { shared.refusal() } else { None }
}

fn refuse(context: &Context, reason: Reason) -> Response {
    context.stats.refuse(reason);
    Response::closing(reason.status())
}

async fn dispatch(request: Request<Incoming>, info: Arc<ConnectionInfo>, context: &Context) -> Outcome {
    let (parts, incoming) = request.into_parts();
    if announces_more_than(context.max_body_size, &parts.headers) {
        return Outcome::Response(refuse(context, Reason::BodyTooLarge));
    }
    let place = match context.queue.reserve().await {
        Ok(place) => place,
        Err(NoPlace::Full) => {
            context.stats.reject();
            return Outcome::Response(Response::overloaded());
        }
        Err(NoPlace::Closed) => return Outcome::Response(Response::closing(StatusCode::SERVICE_UNAVAILABLE)),
    };
    let cell = Cell::new(context.shard.clone());
    let exchange = Exchange {
        head: RequestHead::new(parts, info),
        body: BodyReader::new(incoming, context.max_body_size, Arc::clone(&cell), Arc::clone(&context.stats)),
        client: Client::new(Arc::clone(&cell)),
        reply: Reply::new(Arc::clone(&cell), Arc::clone(&context.stats)),
    };
    let answer = Answer::new(cell, Arc::clone(&context.stats));
    // It comes back if the queue has just been closed: no fault of a worker's, so its drop is not the answer.
    if let Err(exchange) = place.fill(exchange, context.shard.as_ref()) {
        let _ = exchange.reply.send(Response::closing(StatusCode::SERVICE_UNAVAILABLE));
    }
    answer.await
}

fn announces_more_than(limit: Option<u64>, headers: &HeaderMap) -> bool {
    let length = announced(headers).ok().flatten();
    limit.zip(length).is_some_and(|(limit, length)| length > limit)
}

fn into_http(response: Response, busy: Busy) -> http::Response<Counted> {
    let mut out = http::Response::new(Counted { body: response.body, _busy: busy });
    *out.status_mut() = response.status;
    *out.headers_mut() = response.headers;
    out
}

/// A body that keeps its connection busy until hyper has taken the last of it.
struct Counted {
    body: ResponseBody,
    _busy: Busy,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
