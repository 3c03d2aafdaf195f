//! The answer handle: whoever claims it first answers, everybody else is told that it is too late.

use std::io;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use http::StatusCode;
use hyper::body::Incoming;

use crate::dispatch::shard::Shard;
use crate::dispatch::signal::{Home, Signal};
use crate::dispatch::slot::Slot;
use crate::http::body::BodyWriter;
use crate::http::pipe::Pipe;
use crate::http::request::Origin;
use crate::http::response::{Response, ResponseBody};
use crate::http::watchers::{Watch, Watchers};
use crate::stats::Stats;
use crate::sync::Mutex;

/// The client has left, or somebody else has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client has left or has been answered already")]
pub struct Gone;

#[derive(Debug)]
enum Phase {
    Open,
    Answered(Outcome),
    Sent,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is answered.
    Response(Response),
    /// The connection is given away: after `head`, if there is one, its bytes go to and from `end`.
    TakeOver { head: Option<Response>, end: UnixStream },
}

#[derive(Debug)]
struct State {
    phase: Phase,
    connection: Option<Waker>,
    abandoned: bool,
    aborted: bool,
    /// Nobody waited for the worker's answer any longer.
    is_late: bool,
    pipe: Option<Arc<Pipe>>,
    /// Who waits for the request body.
    reader: Option<Arc<Signal>>,
    /// Who waits for the end of it.
    watchers: Option<Arc<Watchers>>,
}

/// Where the worker, the connection, and whoever answers in the worker's place meet. One lock is
/// the claim: it is a oneshot channel that can also be answered by a third party.
#[derive(Debug)]
pub(crate) struct Cell {
    state: Mutex<State>,
    /// The request's body, if there is one that nobody has given up yet. It is here and not with its reader, so
    /// that it can be given up while that one is busy elsewhere.
    incoming: Mutex<Option<Incoming>>,
    origin: Arc<Origin>,
}

impl Cell {
    pub(crate) fn new(origin: Arc<Origin>, incoming: Option<Incoming>) -> Arc<Self> {
        let state = State {
            phase: Phase::Open,
            connection: None,
            abandoned: false,
            aborted: false,
            is_late: false,
            pipe: None,
            reader: None,
            watchers: None,
        };
        Arc::new(Self { state: Mutex::new(state), incoming: Mutex::new(incoming), origin })
    }

    pub(crate) fn stats(&self) -> &Stats {
        &self.origin.stats
    }

    /// Where a worker waits for this connection.
    pub(crate) fn home(&self) -> Option<Arc<dyn Home>> {
        self.origin.shard.clone().map(Shard::as_home)
    }

    /// Answers, if nobody has and the client is there.
    pub(crate) fn claim(&self, response: Response) -> Result<(), Gone> {
        self.claim_with(Outcome::Response(response), None)
    }

    fn claim_with(&self, outcome: Outcome, pipe: Option<Arc<Pipe>>) -> Result<(), Gone> {
        let connection = self.settle(outcome, pipe)?;
        self.tell(connection);
        Ok(())
    }

    /// Where a worker drives the connection it is told when that one is at the network; a system call
    /// would wake nobody sooner.
    fn tell(&self, connection: Option<Waker>) {
        match (connection, &self.origin.shard) {
            (Some(connection), Some(shard)) => shard.tell_later(connection),
            (Some(connection), None) => connection.wake(),
            (None, _) => {}
        }
    }

    /// The connection that waits for the answer, to be told.
    fn settle(&self, outcome: Outcome, pipe: Option<Arc<Pipe>>) -> Result<Option<Waker>, Gone> {
        let mut state = self.state.lock();
        if state.abandoned || !matches!(state.phase, Phase::Open) {
            return Err(Gone);
        }
        state.phase = Phase::Answered(outcome);
        state.pipe = pipe;
        Ok(state.connection.take())
    }

    /// Answers for a worker that takes too long, if nothing was answered yet: it may go on, but nobody waits
    /// for it, nor is more of the request's body waited for. False if it was answered.
    pub(crate) fn time_out(&self, response: Response) -> bool {
        let reader = {
            let mut state = self.state.lock();
            if state.abandoned || !matches!(state.phase, Phase::Open) {
                return false;
            }
            // Whoever waits for the answer is the caller, so nobody is to be woken.
            state.phase = Phase::Answered(Outcome::Response(response));
            state.is_late = true;
            state.aborted = true;
            state.reader.take()
        };
        self.end_body(reader);
        self.tell_watchers();
        true
    }

    /// Lets go of the request's body: hyper keeps a connection for as long as somebody holds that, although its
    /// answer says that it closes.
    fn end_body(&self, reader: Option<Arc<Signal>>) {
        let incoming = self.incoming.lock().take();
        drop(incoming);
        if let Some(reader) = reader {
            reader.notify();
        }
    }

    /// Ends it for a worker that does not: 500 if nothing was sent, else the connection breaks.
    /// An answer that is complete stays as it is. Whoever reads the request body is told.
    pub(crate) fn abort(&self, response: Response) {
        let is_answered = self.claim(response).is_err();
        let (pipe, reader) = {
            let mut state = self.state.lock();
            state.aborted = true;
            (if is_answered { state.pipe.take() } else { None }, state.reader.take())
        };
        if let Some(pipe) = pipe {
            pipe.abort();
        }
        self.end_body(reader);
        self.tell_watchers();
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.state.lock().aborted
    }

    /// Does `read` with the request's body; None where that was given up.
    pub(crate) fn with_body<R>(&self, read: impl FnOnce(&mut Incoming) -> R) -> Option<R> {
        self.incoming.lock().as_mut().map(read)
    }

    /// Nobody reads the request's body any more.
    pub(crate) fn drop_body(&self) {
        self.end_body(None);
    }

    /// `reader` is notified when the exchange is aborted.
    pub(crate) fn watch(&self, reader: Arc<Signal>) {
        self.state.lock().reader = Some(reader);
    }

    /// Notes that the client has left. False if that was known, or if it is answered already. What
    /// is left of its connection gets an answer that closes it, so that it does not wait for one.
    pub(crate) fn abandon(&self) -> bool {
        let is_news = self.claim(Response::closing(StatusCode::BAD_REQUEST)).is_ok();
        self.state.lock().abandoned |= is_news;
        if is_news {
            self.tell_watchers();
        }
        is_news
    }

    /// Calls those that wait for the end of it: it may have come.
    pub(crate) fn tell_watchers(&self) {
        let watchers = self.state.lock().watchers.clone();
        if let Some(watchers) = watchers {
            watchers.tell();
        }
    }

    fn watchers(&self) -> Arc<Watchers> {
        Arc::clone(self.state.lock().watchers.get_or_insert_with(Watchers::new))
    }

    fn is_open(&self) -> bool {
        let state = self.state.lock();
        !state.abandoned && matches!(state.phase, Phase::Open)
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        let state = self.state.lock();
        state.abandoned || state.pipe.as_ref().is_some_and(|pipe| pipe.is_gone())
    }
}

/// The connection's side: resolves to the answer. Dropping it before says that the client left.
#[derive(Debug)]
pub(crate) struct Answer(Arc<Cell>);

impl Answer {
    pub(crate) fn new(cell: Arc<Cell>) -> Self {
        Self(cell)
    }

    /// Whether nobody reads the request's body, or will.
    pub(crate) fn has_given_body_up(&self) -> bool {
        self.0.incoming.lock().is_none()
    }

    /// See [`Cell::time_out`].
    pub(crate) fn time_out(&self, response: Response) -> bool {
        self.0.time_out(response)
    }
}

impl Future for Answer {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut state = self.0.state.lock();
        match std::mem::replace(&mut state.phase, Phase::Sent) {
            Phase::Answered(mut outcome) => {
                if let Outcome::Response(response) = &mut outcome {
                    response.body.hand_over();
                }
                Poll::Ready(outcome)
            }
            other => {
                state.phase = other;
                if !state.connection.as_ref().is_some_and(|old| old.will_wake(cx.waker())) {
                    state.connection = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let answer = {
            let mut state = self.0.state.lock();
            state.connection = None;
            if matches!(state.phase, Phase::Sent) || state.abandoned {
                return;
            }
            state.abandoned = true;
            std::mem::replace(&mut state.phase, Phase::Sent)
        };
        // Outside the lock: dropping a streamed answer drops its pipe, which asks for the lock.
        drop(answer);
        self.0.stats().disconnect();
        self.0.tell_watchers();
    }
}

/// What one worker has in flight. Its drop is what counts it as done, wherever that happens.
#[derive(Debug)]
pub(crate) struct Ticket {
    cell: Arc<Cell>,
    slot: Arc<Slot>,
    taken: Instant,
    /// Whether another worker is to answer it.
    is_back: bool,
}

impl Ticket {
    /// The worker has not finished it, and has it no more.
    fn put_back(mut self) {
        self.is_back = true;
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.is_back {
            self.slot.give_back(&self.cell);
            return self.cell.stats().put_back();
        }
        self.slot.end(&self.cell, self.taken);
        self.cell.stats().finished();
    }
}

/// The client behind a request.
#[derive(Debug, Clone)]
pub struct Client(Arc<Cell>);

impl Client {
    /// Whether it left before its answer was complete, as far as we have seen, or was told that it took too
    /// long: either way nobody waits.
    pub fn is_gone(&self) -> bool {
        self.0.is_abandoned() || self.0.state.lock().is_late
    }

    /// Whether the server stops: it waits for this answer, and for a while only.
    pub fn is_stopping(&self) -> bool {
        self.0.origin.is_stopping.load(Ordering::SeqCst)
    }

    /// A signal that is called whenever one of these may have changed, until the watch is dropped. Ask after this, and
    /// before each wait.
    pub fn watch(&self) -> Watch {
        Watch::new(self.0.watchers(), Signal::at(self.0.home()))
    }

    /// Calls all who watch.
    pub fn tell_watchers(&self) {
        self.0.tell_watchers();
    }
}

/// A worker's handle for the answer. Dropping it unused answers 500.
#[derive(Debug)]
pub struct Reply {
    cell: Arc<Cell>,
    ticket: Option<Ticket>,
    used: bool,
    was_put_back: bool,
}

impl Reply {
    pub(crate) fn new(cell: Arc<Cell>) -> Self {
        Self { cell, ticket: None, used: false, was_put_back: false }
    }

    pub(crate) fn taken_by(&mut self, slot: &Arc<Slot>, came: Instant) {
        self.cell.stats().taken();
        let taken = Instant::now();
        slot.begin(Arc::clone(&self.cell), came, taken);
        self.ticket = Some(Ticket { cell: Arc::clone(&self.cell), slot: Arc::clone(slot), taken, is_back: false });
    }

    /// No worker has it any more. False, and nothing is changed, if it was so before, or needs no answer.
    pub(crate) fn put_back(&mut self) -> bool {
        if self.was_put_back || !self.is_open() {
            return false;
        }
        self.was_put_back = true;
        if let Some(ticket) = self.ticket.take() {
            ticket.put_back();
        }
        true
    }

    /// Whether another worker had it before.
    pub fn was_put_back(&self) -> bool {
        self.was_put_back
    }

    /// Whether somebody still waits for the answer; may be asked from anywhere, at any time.
    pub fn client(&self) -> Client {
        Client(Arc::clone(&self.cell))
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_abandoned(&self) -> bool {
        self.cell.is_abandoned()
    }

    /// Whether an answer can still be given: the client is there, and nobody else has answered.
    pub fn is_open(&self) -> bool {
        self.cell.is_open()
    }

    /// Answers with all of it at once.
    pub fn send(mut self, response: Response) -> Result<(), Gone> {
        self.used = true;
        // Before the claim: once the client can see the answer, the counters must be able to.
        self.ticket = None;
        self.cell.claim(response)
    }

    /// Sends the head; the body follows through the writer. `declared` is the Content-Length that
    /// the head announces, if it does.
    pub fn stream(mut self, mut head: Response, declared: Option<u64>) -> Result<BodyWriter, Gone> {
        self.used = true;
        let (pipe, mut reader) = Pipe::new(Arc::clone(&self.cell.origin));
        reader.tells(self.cell.watchers());
        head.body = ResponseBody::stream(reader);
        // Before the claim: a pipe that is complete from the start must be so when hyper looks.
        let writer = BodyWriter::new(Arc::clone(&pipe), declared, self.ticket.take());
        self.cell.claim_with(Outcome::Response(head), Some(pipe))?;
        Ok(writer)
    }

    /// Gives the connection away: after `head`, if there is one, its bytes go to and from the
    /// returned end of a socket pair, until either side closes. HTTP is over on it.
    ///
    /// # Errors
    ///
    /// The system's, where it has no sockets left; the request is answered 500 then.
    pub fn take_over(mut self, head: Option<Response>) -> io::Result<Result<UnixStream, Gone>> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        self.used = true;
        self.ticket = None;
        Ok(self.cell.claim_with(Outcome::TakeOver { head, end: ours }, None).map(|()| theirs))
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if self.used {
            return;
        }
        let outcome = Outcome::Response(Response::canned(StatusCode::INTERNAL_SERVER_ERROR));
        if let Ok(connection) = self.cell.settle(outcome, None) {
            // Before the client can see its answer.
            self.cell.stats().drop_unanswered();
            self.cell.tell(connection);
        }
    }
}
