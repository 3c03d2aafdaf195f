//! One request, and its response.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason as ErrorCode, RecvStream, SendStream};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, EXPECT, HeaderName, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::Body;
use tokio::time::Instant;

use crate::dispatch::dispatcher::{DispatchFuture, Dispatcher};
use crate::dispatch::exchange_state::Outcome;
use crate::http::body::RequestBody;
use crate::http::context::{ConnectionContext, RequestGuard};
use crate::http::date;
use crate::http::response::{InterimResponse, Response, ResponseBody, announced, is_bodiless};
use crate::http2::body::{BodyState, IncomingBody};
use crate::http2::options::Options;
use crate::http2::request::{check, is_padded};
use crate::http2::state::{ConnectionState, RESPONSE};

/// Fields that concern a connection, and so must not be in HTTP/2 (RFC 9113 section 8.2.2).
const CONNECTION_SPECIFIC: [HeaderName; 6] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What the streams of a connection share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) dispatcher: Arc<Dispatcher>,
    pub(super) context: Arc<ConnectionContext>,
    pub(super) options: Arc<Options>,
    pub(super) state: Arc<ConnectionState>,
}

/// A stream, from its request until h2 has all of its response and nobody reads its body.
pub(super) struct Stream {
    respond: SendResponse<Bytes>,
    is_head: bool,
    /// None if the request has no body.
    body: Option<Arc<BodyState>>,
    phase: Phase,
}

enum Phase {
    Dispatched(DispatchFuture),
    Sending(Sending),
    /// h2 has all of the response. The request body may still be read, with its deadline.
    Sent,
}

struct Sending {
    stream: SendStream<Bytes>,
    body: ResponseBody,
    /// The part of the body that h2 does not have yet.
    chunk: Bytes,
    /// Since when the client has left no room for it.
    waiting_since: Option<Instant>,
    has_failed: bool,
}

/// What a look at the deadlines of a stream found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checked {
    /// When to look again, if there is a deadline.
    Next(Option<Instant>),
    /// It has to be polled.
    Due,
    /// It is over.
    Over,
}

impl Stream {
    /// Dispatches a request, or refuses it.
    pub(super) fn begin(request: Request<RecvStream>, respond: SendResponse<Bytes>, shared: &Shared) -> Self {
        let (head, incoming) = request.into_parts();
        let is_head = head.method == Method::HEAD;
        if let Err(reason) = check(&head, &shared.options.limits) {
            let phase = Phase::Dispatched(shared.dispatcher.refuse(reason));
            return Self { respond, is_head, body: None, phase };
        }
        let (body, request_body) = match incoming.is_end_stream() {
            true => (None, None),
            false => {
                let state = BodyState::new(expects_continue(&head.headers));
                let length = announced(&head.headers).ok().flatten();
                let source = IncomingBody::new(incoming, Arc::clone(&state), Arc::clone(&shared.context), length);
                (Some(state), Some(RequestBody { source: Box::new(source), length }))
            }
        };
        let guard = RequestGuard::new(&shared.context);
        let dispatched = shared.dispatcher.dispatch(head, request_body, &shared.context, Some(guard));
        Self { respond, is_head, body, phase: Phase::Dispatched(dispatched) }
    }

    /// Ready when the stream is over. Dropping it before abandons the request.
    pub(super) fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) -> Poll<()> {
        if let Phase::Dispatched(dispatched) = &mut self.phase {
            let mut interim = Vec::new();
            let outcome = dispatched.poll_untimed(&mut interim, cx);
            self.inform(&interim, outcome.is_pending(), shared, cx);
            let Poll::Ready(outcome) = outcome else {
                // The client has reset it, or the connection is lost.
                return self.respond.poll_reset(cx).map(|_| ());
            };
            let response = match outcome {
                Outcome::Response(response) | Outcome::LastResponse(response) => response,
                // The engine offers no hijacking here.
                Outcome::Hijacked(_) => Response::canned(StatusCode::INTERNAL_SERVER_ERROR),
            };
            self.phase = match self.send_head(response) {
                Some(sending) => Phase::Sending(sending),
                None => {
                    shared.state.earn(RESPONSE);
                    Phase::Sent
                }
            };
        }
        if let Phase::Sending(sending) = &mut self.phase {
            ready!(sending.poll(&shared.state, cx));
            self.phase = Phase::Sent;
        }
        match &self.body {
            Some(body) => body.poll_given_up(cx),
            None => Poll::Ready(()),
        }
    }

    /// Sends what goes before the response. A client that does not read gets none of it: h2 would keep it all.
    fn inform(&mut self, interim: &[InterimResponse], is_unanswered: bool, shared: &Shared, cx: &mut Context<'_>) {
        if let Some(body) = &self.body
            && is_unanswered
            && body.poll_continue(cx).is_ready()
        {
            let mut head = http::Response::new(());
            *head.status_mut() = StatusCode::CONTINUE;
            let _ = self.respond.send_informational(head);
        }
        for response in interim {
            if shared.state.is_backed_up() {
                return;
            }
            let mut head = http::Response::new(());
            *head.status_mut() = response.status();
            *head.headers_mut() = response.headers().clone();
            strip(head.headers_mut());
            let _ = self.respond.send_informational(head);
        }
    }

    /// Sends the head of the response. None if that is all of it.
    fn send_head(&mut self, mut response: Response) -> Option<Sending> {
        response.normalise(self.is_head);
        let Response { status, mut headers, body } = response;
        strip(&mut headers);
        let has_no_body = self.is_head || is_bodiless(status);
        if !has_no_body && let Some(length) = body.size_hint().exact() {
            headers.entry(CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
        }
        headers.entry(DATE).or_insert_with(date::now);
        let is_over = has_no_body || body.is_end_stream();
        let mut head = http::Response::new(());
        *head.status_mut() = status;
        *head.headers_mut() = headers;
        match self.respond.send_response(head, is_over) {
            Ok(stream) if !is_over => {
                Some(Sending { stream, body, chunk: Bytes::new(), waiting_since: None, has_failed: false })
            }
            Ok(_) => None,
            // The stream is reset already, or else the client must not wait for a response.
            Err(_) => {
                self.respond.send_reset(ErrorCode::INTERNAL_ERROR);
                None
            }
        }
    }

    /// Acts on the deadlines that have passed.
    pub(super) fn check(&mut self, shared: &Shared, now: Instant) -> Checked {
        let timeouts = &shared.options.timeouts;
        let body = self.body.as_ref().and_then(|body| body.check(now, timeouts.body));
        match &mut self.phase {
            Phase::Dispatched(dispatched) => match dispatched.deadline() {
                Some(deadline) if deadline <= now => {
                    dispatched.expire(&shared.dispatcher.stats);
                    Checked::Due
                }
                deadline => Checked::Next(deadline.into_iter().chain(body).min()),
            },
            Phase::Sending(sending) => {
                // Then the socket is what takes nothing. Its own clock runs, and starts again whenever it takes some.
                if shared.state.is_backed_up() {
                    sending.waiting_since = sending.waiting_since.map(|_| now);
                }
                let since = sending.waiting_since;
                let deadline = timeouts.send.and_then(|max| since?.checked_add(max));
                if deadline.is_some_and(|deadline| deadline <= now) {
                    sending.stream.send_reset(ErrorCode::CANCEL);
                    return Checked::Over;
                }
                Checked::Next(deadline.into_iter().chain(body).min())
            }
            Phase::Sent => Checked::Next(body),
        }
    }
}

impl Sending {
    fn poll(&mut self, state: &ConnectionState, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_failed {
            self.stream.send_reset(ErrorCode::INTERNAL_ERROR);
            return Poll::Ready(());
        }
        loop {
            if self.chunk.is_empty() {
                match Pin::new(&mut self.body).poll_frame(cx) {
                    Poll::Ready(Some(Ok(frame))) => self.chunk = frame.into_data().unwrap_or_default(),
                    Poll::Ready(None) => {
                        let _ = self.stream.send_data(Bytes::new(), true);
                        state.earn(RESPONSE);
                        return Poll::Ready(());
                    }
                    // A reset throws away what h2 has not written. First the client gets what was sent before.
                    Poll::Ready(Some(Err(_))) => {
                        self.has_failed = true;
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Poll::Pending => return self.stream.poll_reset(cx).map(|_| ()),
                }
                continue;
            }
            self.stream.reserve_capacity(self.chunk.len());
            if self.stream.capacity() == 0 {
                match self.stream.poll_capacity(cx) {
                    Poll::Ready(Some(Ok(_))) => continue,
                    // The client has reset it, or the connection is lost.
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => {
                        self.waiting_since.get_or_insert_with(Instant::now);
                        return Poll::Pending;
                    }
                }
            }
            if self.send(state) {
                return Poll::Ready(());
            }
        }
    }

    /// Sends as much of the chunk as there is room for. True if that was the last of the body, or if the stream is lost.
    fn send(&mut self, state: &ConnectionState) -> bool {
        let length = self.stream.capacity().min(self.chunk.len());
        let is_last = length == self.chunk.len() && self.body.is_end_stream();
        let is_lost = self.stream.send_data(self.chunk.split_to(length), is_last).is_err();
        self.waiting_since = None;
        // A client may send a WINDOW_UPDATE frame for each piece that it takes, or several.
        state.earn(if is_last { RESPONSE } else { 4 + u32::try_from(length / 128).unwrap_or(0) });
        is_last || is_lost
    }
}

/// Removes what HTTP/2 has no use for, and space around values: there it is malformed (RFC 9113 section 8.2.1), and some
/// clients end the connection.
fn strip(headers: &mut HeaderMap) {
    if headers.iter().any(|(name, value)| CONNECTION_SPECIFIC.contains(name) || is_padded(value.as_bytes())) {
        // Not one by one: `HeaderMap::remove` would change the order of the others.
        let all = std::mem::take(headers);
        let kept = all.iter().filter(|(name, _)| !CONNECTION_SPECIFIC.contains(name));
        headers.extend(kept.map(|(name, value)| (name.clone(), trimmed(value))));
    }
}

fn trimmed(value: &HeaderValue) -> HeaderValue {
    if !is_padded(value.as_bytes()) {
        return value.clone();
    }
    HeaderValue::from_bytes(value.as_bytes().trim_ascii()).unwrap_or_else(|_| value.clone())
}

fn expects_continue(headers: &HeaderMap) -> bool {
    headers.get(EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}
