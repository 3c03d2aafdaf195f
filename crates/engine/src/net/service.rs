//! What hyper hands each request of a connection to.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use http::request::Parts;
use http::{Method, Request, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;

use crate::alarm::Alarm;
use crate::dispatch::exchange::Exchange;
use crate::dispatch::queue::{NoPlace, Place};
use crate::http::body::BodyReader;
use crate::http::pipe::Aborted;
use crate::http::refusal::Reason;
use crate::http::reply::{Answer, Cell, Outcome, Reply};
use crate::http::request::{ConnectionInfo, Origin, RequestHead};
use crate::http::response::{Response, ResponseBody};
use crate::net::connection::{BUFFER, Context};
use crate::net::shared::{Busy, Shared, Taken};

/// The requests of one connection.
pub(crate) struct Requests(Arc<Served>);

/// What they have in common.
struct Served {
    origin: Arc<Origin>,
    context: Arc<Context>,
    shared: Arc<Shared>,
    /// Ends requests that take too long.
    alarm: Alarm,
}

impl Requests {
    pub(crate) fn new(info: ConnectionInfo, context: Arc<Context>, shared: Arc<Shared>) -> Self {
        let origin = Origin {
            info,
            stats: Arc::clone(&context.stats),
            shard: context.shard.clone(),
            is_stopping: Arc::clone(&context.is_stopping),
        };
        Self(Arc::new(Served { origin: Arc::new(origin), context, shared, alarm: Alarm::default() }))
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = http::Response<Counted>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Answering {
        let busy = Busy::new(&self.0.shared);
        let is_head = request.method() == Method::HEAD;
        let is_1_0 = request.version() == Version::HTTP_10;
        let has_body = !request.body().is_end_stream();
        let came = Instant::now();
        let deadline = self.0.context.request_timeout.and_then(|most| came.checked_add(most)).map(Into::into);
        let progress = match self.0.refusal(&request) {
            Some(reason) => self.0.refuse(reason),
            None => self.0.enqueue(request, came),
        };
        Answering {
            served: Arc::clone(&self.0),
            busy: Some(busy),
            is_head,
            is_1_0,
            has_body,
            leaves_body: false,
            deadline,
            progress,
        }
    }
}

/// How far a request has come.
enum Progress {
    /// Its answer is known.
    Answered(Box<Outcome>),
    /// It is queued, or with a worker.
    Asked(Answer),
    /// It waits for a place in the queue. Rare, so it is the one that costs an allocation.
    Waiting(Pin<Box<dyn Future<Output = Progress> + Send>>),
    /// hyper has its answer, or somebody its connection.
    Over,
}

impl Served {
    /// Why the wire put this request in a refused one's place.
    fn refusal(&self, request: &Request<Incoming>) -> Option<Reason> {
        let stands_in = request.uri().path() == "*" && request.method() != Method::OPTIONS;
        if stands_in { self.shared.refusal() } else { None }
    }

    fn refuse(&self, reason: Reason) -> Progress {
        self.context.stats.refuse(reason);
        Progress::Answered(Box::new(Outcome::Response(Response::closing(reason.status()))))
    }

    fn enqueue(self: &Arc<Self>, request: Request<Incoming>, came: Instant) -> Progress {
        let (parts, incoming) = request.into_parts();
        // What Content-Length announces, where hyper has one.
        if self.context.max_body_size.is_some_and(|most| incoming.size_hint().lower() > most) {
            return self.refuse(Reason::BodyTooLarge);
        }
        match self.context.queue.try_reserve() {
            Ok(place) => self.fill(place, parts, incoming, came),
            Err(NoPlace::Closed) => self.turn_away(NoPlace::Closed, &incoming),
            Err(NoPlace::Full) => {
                let served = Arc::clone(self);
                Progress::Waiting(Box::pin(async move {
                    match served.context.queue.reserve().await {
                        Ok(place) => served.fill(place, parts, incoming, came),
                        Err(none) => served.turn_away(none, &incoming),
                    }
                }))
            }
        }
    }

    /// Whether hyper will close the connection when the body in hand is given up, because more of it is to come than it
    /// reads then. The client should be told, or it sends its next request in vain.
    fn leaves_body(&self) -> bool {
        self.shared.due() > self.context.limits.head.max(BUFFER) as u64
    }

    fn turn_away(&self, none: NoPlace, incoming: &Incoming) -> Progress {
        Progress::Answered(Box::new(Outcome::Response(match none {
            NoPlace::Full => {
                self.context.stats.reject();
                let mut response = Response::overloaded();
                // Nobody reads what may yet come of it, so that no request can follow.
                if !incoming.is_end_stream() {
                    response.headers.insert(CONNECTION, HeaderValue::from_static("close"));
                }
                response
            }
            NoPlace::Closed => Response::closing(StatusCode::SERVICE_UNAVAILABLE),
        })))
    }

    fn fill(&self, place: Place<'_, Box<Exchange>>, parts: Parts, incoming: Incoming, came: Instant) -> Progress {
        let declared = incoming.size_hint().exact();
        let has_body = !incoming.is_end_stream();
        let cell = Cell::new(Arc::clone(&self.origin), has_body.then_some(incoming));
        let exchange = Box::new(Exchange {
            head: RequestHead::new(parts, Arc::clone(&self.origin)),
            body: BodyReader::new(has_body, declared, self.context.max_body_size, Arc::clone(&cell)),
            reply: Reply::new(Arc::clone(&cell)),
            came,
        });
        let answer = Answer::new(cell);
        // It comes back if the queue has just been closed: no fault of a worker's, so its drop is not the answer.
        if let Err(exchange) = place.fill(exchange, self.context.shard.as_ref()) {
            exchange.turn_away();
        }
        Progress::Asked(answer)
    }
}

/// A request on its way to its answer. Written by hand: as an `async fn` it took 1,500 bytes, which hyper
/// moves twice for each request.
pub(crate) struct Answering {
    served: Arc<Served>,
    busy: Option<Busy>,
    is_head: bool,
    is_1_0: bool,
    has_body: bool,
    /// See [`Served::leaves_body`].
    leaves_body: bool,
    deadline: Option<tokio::time::Instant>,
    progress: Progress,
}

impl Answering {
    fn poll_outcome(&mut self, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        let outcome = self.poll_progress(cx);
        if outcome.is_pending() && self.deadline.is_some_and(|deadline| self.served.alarm.is_over(deadline, cx)) {
            self.deadline = None;
            return self.time_out(cx);
        }
        outcome
    }

    /// Gives up on the worker, unless it has just answered.
    fn time_out(&mut self, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        // What is left of a body, or may yet come of it, is no next request.
        let status = StatusCode::GATEWAY_TIMEOUT;
        let response = if self.has_body { Response::closing(status) } else { Response::canned(status) };
        let is_ours = match &self.progress {
            Progress::Asked(answer) => answer.time_out(response),
            Progress::Waiting(_) => {
                self.progress = Progress::Answered(Box::new(Outcome::Response(response)));
                true
            }
            Progress::Answered(_) | Progress::Over => false,
        };
        if is_ours {
            self.served.context.stats.timeout();
        }
        self.poll_progress(cx)
    }

    fn poll_progress(&mut self, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        loop {
            match &mut self.progress {
                Progress::Asked(answer) => {
                    let outcome = ready!(Pin::new(&mut *answer).poll(cx));
                    self.leaves_body = self.has_body && answer.has_given_body_up() && self.served.leaves_body();
                    self.progress = Progress::Over;
                    return Poll::Ready(outcome);
                }
                Progress::Waiting(waiting) => self.progress = ready!(waiting.as_mut().poll(cx)),
                Progress::Answered(_) => match std::mem::replace(&mut self.progress, Progress::Over) {
                    Progress::Answered(outcome) => return Poll::Ready(*outcome),
                    _ => return Poll::Pending,
                },
                Progress::Over => return Poll::Pending,
            }
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        // Of one that has its place in the queue, the reply counts that.
        if matches!(self.progress, Progress::Waiting(_)) {
            self.served.context.stats.disconnect();
        }
    }
}

impl Future for Answering {
    type Output = Result<http::Response<Counted>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let mut response = match ready!(self.poll_outcome(cx)) {
            Outcome::Response(response) => response,
            Outcome::TakeOver { mut head, end } => {
                if let Some(head) = &mut head {
                    head.drop_length_of_nothing();
                }
                self.served.shared.give_away(Taken { head, end });
                // The connection's task has what it needs, and ends this future with the rest of HTTP.
                return Poll::Pending;
            }
        };
        let Served { context, shared, .. } = &*self.served;
        response.normalise(self.is_head);
        // Nothing else says so: hyper is told of the stop when no answer is owed any more.
        if self.leaves_body || shared.is_stopping() || context.max_requests.is_some_and(|most| shared.begun() >= most) {
            response.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        // Chunks have an end of their own, and HTTP/1.0 has no chunks.
        if self.is_1_0 && response.body.size_hint().exact().is_none() && !response.headers.contains_key(CONTENT_LENGTH)
        {
            shared.ends_an_answer();
        }
        Poll::Ready(Ok(into_http(response, self.busy.take())))
    }
}

fn into_http(response: Response, busy: Option<Busy>) -> http::Response<Counted> {
    let mut out = http::Response::new(Counted { body: response.body, _busy: busy });
    *out.status_mut() = response.status;
    *out.headers_mut() = response.headers;
    out
}

/// A body that keeps its connection busy until hyper has taken the last of it.
pub(crate) struct Counted {
    body: ResponseBody,
    _busy: Option<Busy>,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
