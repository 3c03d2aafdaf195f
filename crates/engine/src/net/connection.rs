//! One connection: hyper reads and writes it, and each of its requests goes through the queue.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;

use crate::dispatch::exchange::Exchange;
use crate::dispatch::queue::{NoPlace, Queue};
use crate::http::body::BodyReader;
use crate::http::reply::{Answer, Cell, Reply};
use crate::http::request::{ConnectionInfo, RequestHead};
use crate::http::response::{Response, ResponseBody};
use crate::stats::Stats;

/// What every connection needs of its server.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) queue: Arc<Queue<Exchange>>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) max_body_size: Option<u64>,
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
    let service = service_fn(move |request| answer(request, Arc::clone(&info), Arc::clone(&context)));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // An error here is a client that left or that sent what cannot be answered; whoever waits
    // for its request has been told through the reply handle.
    let _ = watcher.watch(connection).await;
}

async fn answer(
    request: Request<Incoming>,
    info: Arc<ConnectionInfo>,
    context: Arc<Context>,
) -> Result<http::Response<ResponseBody>, Infallible> {
    Ok(into_http(dispatch(request, info, context).await))
}

async fn dispatch(request: Request<Incoming>, info: Arc<ConnectionInfo>, context: Arc<Context>) -> Response {
    let (parts, incoming) = request.into_parts();
    if announces_more_than(context.max_body_size, &parts.headers) {
        context.stats.refuse();
        return Response::closing(StatusCode::PAYLOAD_TOO_LARGE);
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
        body: BodyReader::new(incoming, context.max_body_size, Arc::clone(&cell)),
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

fn into_http(response: Response) -> http::Response<ResponseBody> {
    let mut out = http::Response::new(response.body);
    *out.status_mut() = response.status;
    *out.headers_mut() = response.headers;
    out
}
