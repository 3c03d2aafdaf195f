//! A worker's side of an exchange: the first answer counts, all others are told that they are too late.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use http::StatusCode;

use crate::dispatch::body_writer::BodyWriter;
use crate::dispatch::exchange_state::{ExchangeState, Gone, Hijacked, Outcome};
use crate::dispatch::in_flight::InFlightGuard;
use crate::dispatch::slot::Slot;
use crate::http::context::RequestGuard;
use crate::http::pipe::Pipe;
use crate::http::response::{InterimResponse, Response, ResponseBody};
use crate::http::watchers::Watch;

/// The client behind a request.
#[derive(Debug, Clone)]
pub struct Client(Arc<ExchangeState>);

impl Client {
    /// Whether no client waits for more of the answer: it left before the answer was complete, as far as the engine has
    /// seen, or it was answered 504.
    pub fn is_gone(&self) -> bool {
        self.0.is_abandoned() || self.0.state.lock().is_late
    }

    /// Whether the server is stopping. It waits for this answer, but only for a while.
    pub fn is_stopping(&self) -> bool {
        self.0.context.is_stopping.load(Ordering::SeqCst)
    }

    /// A parker that is unparked whenever one of these may have changed, until the watch is dropped. Check them after
    /// this call and before each wait.
    pub fn watch(&self) -> Watch {
        Watch::new(self.0.watchers(), self.0.parker())
    }

    /// Unparks all watches of this client.
    pub fn notify_watchers(&self) {
        self.0.notify_watchers();
    }
}

/// A worker's handle for the answer. Dropping it unused answers 500.
#[derive(Debug)]
pub struct ResponseSender {
    exchange: Arc<ExchangeState>,
    in_flight: Option<InFlightGuard>,
    guard: Option<RequestGuard>,
    is_used: bool,
    was_put_back: bool,
}

impl ResponseSender {
    pub(crate) fn new(exchange: Arc<ExchangeState>, guard: Option<RequestGuard>) -> Self {
        Self { exchange, in_flight: None, guard, is_used: false, was_put_back: false }
    }

    /// Notes that the worker of `slot` has taken the request.
    pub(crate) fn assign_to(&mut self, slot: &Arc<Slot>, received_at: Instant) {
        self.in_flight = Some(InFlightGuard::new(&self.exchange, slot, received_at));
    }

    /// Notes that the worker gives the request back. Changes nothing, and returns false, if one has done so before, or
    /// if the request needs no answer any more.
    pub(crate) fn put_back(&mut self) -> bool {
        if self.was_put_back || !self.is_open() {
            return false;
        }
        self.was_put_back = true;
        if let Some(in_flight) = self.in_flight.take() {
            in_flight.put_back();
        }
        true
    }

    /// Whether another worker had the request before and put it back.
    pub fn was_put_back(&self) -> bool {
        self.was_put_back
    }

    /// The client that waits for the answer. May be asked from any thread, at any time.
    pub fn client(&self) -> Client {
        Client(Arc::clone(&self.exchange))
    }

    /// Whether the client has left.
    pub fn is_abandoned(&self) -> bool {
        self.exchange.is_abandoned()
    }

    /// Whether an answer can still be given: the client is there, and the request was not answered.
    pub fn is_open(&self) -> bool {
        self.exchange.is_open()
    }

    /// Sends an interim response. It may be dropped: on a connection that cannot have one, as in HTTP/1.0, or whose
    /// client does not read what came before, or if more wait than a client could use.
    ///
    /// # Errors
    ///
    /// See [`ResponseSender::send`].
    pub fn inform(&self, interim: InterimResponse) -> Result<(), Gone> {
        self.exchange.inform(interim)
    }

    fn release(&mut self) {
        self.in_flight = None;
        self.guard = None;
    }

    /// Sends a whole response.
    ///
    /// # Errors
    ///
    /// [`Gone`] if the client has left, or the request was answered already.
    pub fn send(mut self, response: Response) -> Result<(), Gone> {
        self.is_used = true;
        // Before the claim: a client that sees the answer must find it in the counters.
        self.release();
        self.exchange.claim(Outcome::Response(response), None)
    }

    /// Sends the head; the body follows through the writer. `declared` is the Content-Length in the head, if there is
    /// one.
    ///
    /// # Errors
    ///
    /// See [`ResponseSender::send`].
    pub fn stream(mut self, mut head: Response, declared: Option<u64>) -> Result<BodyWriter, Gone> {
        self.is_used = true;
        let (pipe, mut reader) = Pipe::new(Arc::clone(&self.exchange.context));
        reader.notify_on_drop(self.exchange.watchers());
        head.body = ResponseBody::stream(reader);
        // Before the claim: a pipe that is complete from the start must be so when the connection looks.
        let writer = BodyWriter::new(Arc::clone(&pipe), declared, self.in_flight.take(), self.guard.take());
        self.exchange.claim(Outcome::Response(head), Some(pipe))?;
        Ok(writer)
    }

    /// Takes the connection away from HTTP: after `head`, if there is one, its bytes go to and from the returned end of
    /// a socket pair, until either side closes.
    ///
    /// # Errors
    ///
    /// The system's, if it has no sockets left, and [`io::ErrorKind::Unsupported`] for a request of HTTP/2, whose
    /// connection is not its own: the request is then answered 500. Else see [`ResponseSender::send`].
    pub fn hijack(mut self, head: Option<Response>) -> io::Result<Result<UnixStream, Gone>> {
        if self.guard.is_some() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a connection of HTTP/2 carries other requests, too",
            ));
        }
        let (stream, apps_end) = UnixStream::pair()?;
        stream.set_nonblocking(true)?;
        self.is_used = true;
        self.release();
        Ok(self.exchange.claim(Outcome::Hijacked(Hijacked { head, stream }), None).map(|()| apps_end))
    }

    /// Answers for a server that takes no more requests.
    pub(crate) fn turn_away(mut self) {
        self.is_used = true;
        self.release();
        let _ = self.exchange.claim(Outcome::LastResponse(Response::canned(StatusCode::SERVICE_UNAVAILABLE)), None);
    }
}

impl Drop for ResponseSender {
    fn drop(&mut self) {
        if self.is_used {
            return;
        }
        // Before the client can see its answer, too: it may send another request then.
        self.guard = None;
        let outcome = Outcome::Response(Response::canned(StatusCode::INTERNAL_SERVER_ERROR));
        if let Ok(task) = self.exchange.claim_quietly(outcome, None) {
            // Before the client can see its answer.
            self.exchange.stats().drop_unanswered();
            self.exchange.wake(task);
        }
    }
}
