//! The service that hyper hands each request of a connection to.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use http::{Method, Request, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::service::Service;

use crate::alarm::Alarm;
use crate::dispatch::dispatcher::{DispatchFuture, Dispatcher};
use crate::dispatch::exchange_state::Outcome;
use crate::http::context::{ConnectionContext, ConnectionInfo};
use crate::http::pipe::Aborted;
use crate::http::response::{Response, ResponseBody};
use crate::http1::incoming::request_body;
use crate::http1::options::Options;
use crate::http1::state::{BusyGuard, ConnectionState};
use crate::refusal::Reason;

/// The requests of one connection.
pub(crate) struct Requests(Arc<Inner>);

struct Inner {
    context: Arc<ConnectionContext>,
    dispatcher: Arc<Dispatcher>,
    options: Arc<Options>,
    state: Arc<ConnectionState>,
    /// Ends requests that take too long. One for all, because HTTP/1 has one request at a time.
    alarm: Alarm,
}

impl Requests {
    pub(crate) fn new(
        info: ConnectionInfo,
        dispatcher: Arc<Dispatcher>,
        options: Arc<Options>,
        state: Arc<ConnectionState>,
    ) -> Self {
        let context = dispatcher.context(info);
        Self(Arc::new(Inner { context, dispatcher, options, state, alarm: Alarm::default() }))
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = http::Response<OutgoingBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<Incoming>) -> ResponseFuture {
        let busy = BusyGuard::new(&self.0.state);
        let is_head = request.method() == Method::HEAD;
        let is_1_0 = request.version() == Version::HTTP_10;
        let dispatched = match self.0.refusal(&request) {
            Some(reason) => self.0.dispatcher.refuse(reason),
            None => {
                let (head, incoming) = request.into_parts();
                self.0.dispatcher.dispatch(head, request_body(incoming), &self.0.context, None)
            }
        };
        ResponseFuture { requests: Arc::clone(&self.0), busy: Some(busy), is_head, is_1_0, dispatched }
    }
}

impl Inner {
    /// Why the transport refused a request and passed on this one in its place.
    fn refusal(&self, request: &Request<Incoming>) -> Option<Reason> {
        let is_refused = request.uri().path() == "*" && request.method() != Method::OPTIONS;
        if is_refused { self.state.refusal() } else { None }
    }

    /// Whether no other request can follow the current one, so that the response has to say so.
    fn is_last(&self, dispatched: &DispatchFuture) -> bool {
        // hyper closes if more of an unread body is to come than its buffer holds. Without a word the client would send
        // its next request in vain.
        let leaves_body = dispatched.has_given_body_up() && self.state.body_left() > self.options.buffer() as u64;
        // hyper is told of the stop only when no response is pending.
        leaves_body
            || self.state.is_stopping()
            || self.options.max_requests.is_some_and(|max| self.state.begun() >= max)
    }
}

/// A request on its way to its response. Written by hand: as an `async fn` it took 1,500 bytes, which hyper moves twice
/// for each request.
pub(crate) struct ResponseFuture {
    requests: Arc<Inner>,
    busy: Option<BusyGuard>,
    is_head: bool,
    is_1_0: bool,
    dispatched: DispatchFuture,
}

impl Future for ResponseFuture {
    type Output = Result<http::Response<OutgoingBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Inner { dispatcher, state, alarm, .. } = &*this.requests;
        let mut interim = Vec::new();
        let outcome = this.dispatched.poll_outcome(alarm, &dispatcher.stats, &mut interim, cx);
        // A client of HTTP/1.0 does not know them (RFC 9110 section 15.2).
        if !interim.is_empty() && !this.is_1_0 {
            state.send_interim(&interim);
        }
        let (mut response, mut is_last) = match ready!(outcome) {
            Outcome::Response(response) => (response, false),
            Outcome::LastResponse(response) => (response, true),
            Outcome::Hijacked(mut hijacked) => {
                if let Some(head) = &mut hijacked.head {
                    head.remove_length_of_nothing();
                }
                state.hijack(hijacked);
                // The connection's task has what it needs, and drops this future with the rest of HTTP.
                return Poll::Pending;
            }
        };
        response.normalise(this.is_head);
        is_last |= this.requests.is_last(&this.dispatched);
        if is_last {
            response.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        // HTTP/1.0 has no chunks, so nothing but the end of the connection says where the body ends.
        if this.is_1_0 && response.body.size_hint().exact().is_none() && !response.headers.contains_key(CONTENT_LENGTH)
        {
            state.set_close_delimited();
        }
        Poll::Ready(Ok(into_http(response, this.busy.take())))
    }
}

fn into_http(response: Response, busy: Option<BusyGuard>) -> http::Response<OutgoingBody> {
    let mut out = http::Response::new(OutgoingBody { body: response.body, has_failed: false, _busy: busy });
    *out.status_mut() = response.status;
    *out.headers_mut() = response.headers;
    out
}

/// A response body that keeps its connection busy until hyper has the last of it.
pub(crate) struct OutgoingBody {
    body: ResponseBody,
    has_failed: bool,
    _busy: Option<BusyGuard>,
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        let this = self.get_mut();
        // Not polled again: a file may have grown meanwhile.
        if this.has_failed {
            return Poll::Ready(Some(Err(Aborted)));
        }
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        // hyper throws its write buffer away when a body fails. Pending makes it flush first, so that the client gets
        // what was written, and then sees the connection break.
        if matches!(frame, Some(Err(Aborted))) {
            this.has_failed = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::{File, OpenOptions};
    use std::future::poll_fn;
    use std::io::Write;

    use super::*;

    /// A client must not take what it gets for the whole file, with a gap or a splice in it.
    #[test]
    fn a_file_that_was_too_short_breaks_off_even_if_it_grows_meanwhile() {
        let path = std::env::temp_dir().join(format!("kino-engine-{}-grows", std::process::id()));
        std::fs::write(&path, b"0123456789").unwrap();
        let response = Response {
            status: http::StatusCode::OK,
            headers: http::HeaderMap::new(),
            body: ResponseBody::file(File::open(&path).unwrap(), 20),
        };
        let mut body = into_http(response, None).into_body();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ends = runtime.block_on(async {
            let mut ends = Vec::new();
            for _ in 0..2 {
                ends.push(
                    poll_fn(|cx| {
                        let frame = Pin::new(&mut body).poll_frame(cx);
                        if frame.is_pending() && body.has_failed {
                            OpenOptions::new().append(true).open(&path).unwrap().write_all(b"0123456789").unwrap();
                        }
                        frame
                    })
                    .await,
                );
            }
            ends
        });
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(&ends[..], [Some(Ok(_)), Some(Err(Aborted))]), "{ends:?}");
    }
}
