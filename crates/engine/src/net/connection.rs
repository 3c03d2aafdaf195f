//! One connection: hyper reads and writes it, and each of its requests goes through the queue.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;

use crate::dispatch::exchange::Exchange;
use crate::dispatch::queue::{NoPlace, Queue};
use crate::http::body::BodyReader;
use crate::http::framing::HeadLimits;
use crate::http::pipe::Aborted;
use crate::http::refusal::Reason;
use crate::http::reply::{Answer, Cell, Reply};
use crate::http::request::{ConnectionInfo, RequestHead};
use crate::http::response::{Response, ResponseBody};
use crate::net::wire::{Busy, Patience, Shared, Wire};
use crate::stats::Stats;

/// What every connection needs of its server.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) queue: Arc<Queue<Exchange>>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) max_body_size: Option<u64>,
    pub(crate) limits: HeadLimits,
    pub(crate) patience: Patience,
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

/// Serves `stream` until either side ends it.
pub(crate) async fn serve(stream: TcpStream, peer: SocketAddr, context: Arc<Context>, watcher: Watcher) {
    let _open = Open::new(&context.stats);
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let Ok(local) = stream.local_addr() else { return };
    let info = Arc::new(ConnectionInfo { peer, local });
    let shared = Arc::<Shared>::default();
    let wire = Wire::new(stream, Arc::clone(&shared), context.limits, context.patience);
    let max_headers = context.limits.headers;
    let service = service_fn(move |request| {
        let busy = Busy::new(&shared);
        answer(request, Arc::clone(&info), Arc::clone(&context), busy, Arc::clone(&shared))
    });
    let connection = http1::Builder::new().max_headers(max_headers).serve_connection(TokioIo::new(wire), service);
    // An error here is a client that left or that sent what cannot be answered; whoever waits
    // for its request has been told through the reply handle.
    let _ = watcher.watch(connection).await;
}

async fn answer(
    request: Request<Incoming>,
    info: Arc<ConnectionInfo>,
    context: Arc<Context>,
    busy: Busy,
    shared: Arc<Shared>,
) -> Result<http::Response<Counted>, Infallible> {
    let response = match refusal(&request, &shared) {
        Some(reason) => refuse(&context, reason),
        None => dispatch(request, info, context).await,
    };
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

async fn dispatch(request: Request<Incoming>, info: Arc<ConnectionInfo>, context: Arc<Context>) -> Response {
    let (parts, incoming) = request.into_parts();
    if announces_more_than(context.max_body_size, &parts.headers) {
        return refuse(&context, Reason::BodyTooLarge);
    }
    let place = match context.queue.reserve().await {
        Ok(place) => place,
        Err(NoPlace::Full) => {
            context.stats.reject();
            return Response::overloaded();
        }
        Err(NoPlace::Closed) => return Response::closing(StatusCode::SERVICE_UNAVAILABLE),
    };
    let cell = Cell::new();
    let exchange = Exchange {
        head: RequestHead::new(parts, info),
        body: BodyReader::new(incoming, context.max_body_size, Arc::clone(&cell), Arc::clone(&context.stats)),
        reply: Reply::new(Arc::clone(&cell), Arc::clone(&context.stats)),
    };
    let answer = Answer::new(cell, Arc::clone(&context.stats));
    // An exchange that comes back, because the queue has just been closed, answers by its drop.
    let _ = place.fill(exchange);
    answer.await
}

fn announces_more_than(limit: Option<u64>, headers: &HeaderMap) -> bool {
    let Some(limit) = limit else { return false };
    headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
        .is_some_and(|length| length > limit)
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
