//! Where the worker, the connection, and whatever answers in the worker's place meet.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::Waker;

use http::StatusCode;

use crate::http::body::BodySource;
use crate::http::context::ConnectionContext;
use crate::http::pipe::Pipe;
use crate::http::response::{InterimResponse, Response};
use crate::http::watchers::Watchers;
use crate::parker::Parker;
use crate::stats::Stats;
use crate::sync::Mutex;

/// The client has left, or the request was answered already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client has left or has been answered already")]
pub struct Gone;

/// How many interim responses may wait for their connection. A connection takes them as soon as it runs, so only an app
/// in a tight loop has more, and they are hints.
const MAX_INTERIM: usize = 16;

#[derive(Debug)]
pub(super) enum Phase {
    Unanswered,
    Answered(Outcome),
    Sent,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Response(Response),
    /// A response of the engine's to a request that it has given up. Where the rest of the request cannot be told from
    /// the next one, as in HTTP/1, the connection must close after it.
    LastResponse(Response),
    Hijacked(Hijacked),
}

/// A connection that now belongs to the app: after `head`, if there is one, its bytes go to and from `stream`.
#[derive(Debug)]
pub(crate) struct Hijacked {
    pub(crate) head: Option<Response>,
    pub(crate) stream: UnixStream,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) phase: Phase,
    /// The connection's task, which waits for the outcome.
    pub(super) task: Option<Waker>,
    /// The client has left.
    pub(super) is_abandoned: bool,
    /// The engine has ended the request for the worker.
    is_aborted: bool,
    /// The engine has answered because the worker took too long.
    pub(super) is_late: bool,
    /// Interim responses that the connection does not have yet.
    pub(super) interim: Vec<InterimResponse>,
    pipe: Option<Arc<Pipe>>,
    /// The parker of the thread that waits for the request body.
    reader: Option<Arc<Parker>>,
    watchers: Option<Arc<Watchers>>,
}

/// The state of one exchange. Its lock decides which of those that may answer a request answers it: like a oneshot
/// channel that a third party can answer, too.
#[derive(Debug)]
pub(crate) struct ExchangeState {
    pub(super) state: Mutex<State>,
    /// The request body, until it is given up. It is here and not in the [`BodyReader`](crate::BodyReader), so that it
    /// can be given up while the reader is in use.
    body: Mutex<Option<Box<dyn BodySource>>>,
    pub(super) context: Arc<ConnectionContext>,
}

impl ExchangeState {
    pub(crate) fn new(context: Arc<ConnectionContext>, body: Option<Box<dyn BodySource>>) -> Arc<Self> {
        let state = State {
            phase: Phase::Unanswered,
            task: None,
            is_abandoned: false,
            is_aborted: false,
            is_late: false,
            interim: Vec::new(),
            pipe: None,
            reader: None,
            watchers: None,
        };
        Arc::new(Self { state: Mutex::new(state), body: Mutex::new(body), context })
    }

    pub(crate) fn stats(&self) -> &Stats {
        &self.context.stats
    }

    /// A parker for a thread that waits for this exchange.
    pub(crate) fn parker(&self) -> Arc<Parker> {
        self.context.parker()
    }

    /// Answers, and wakes the connection. Fails if the request was answered, or the client has left.
    pub(crate) fn claim(&self, outcome: Outcome, pipe: Option<Arc<Pipe>>) -> Result<(), Gone> {
        let task = self.claim_quietly(outcome, pipe)?;
        self.wake(task);
        Ok(())
    }

    pub(super) fn wake(&self, task: Option<Waker>) {
        if let Some(task) = task {
            self.context.wake(task);
        }
    }

    /// Like [`ExchangeState::claim`], but leaves it to the caller to wake the task that it returns.
    pub(super) fn claim_quietly(&self, outcome: Outcome, pipe: Option<Arc<Pipe>>) -> Result<Option<Waker>, Gone> {
        let mut state = self.state.lock();
        if state.is_abandoned || !matches!(state.phase, Phase::Unanswered) {
            return Err(Gone);
        }
        state.phase = Phase::Answered(outcome);
        state.pipe = pipe;
        Ok(state.task.take())
    }

    /// Sends an interim response, unless too many wait already.
    pub(super) fn inform(&self, interim: InterimResponse) -> Result<(), Gone> {
        let task = {
            let mut state = self.state.lock();
            if state.is_abandoned || !matches!(state.phase, Phase::Unanswered) {
                return Err(Gone);
            }
            if state.interim.len() >= MAX_INTERIM {
                return Ok(());
            }
            state.interim.push(interim);
            state.task.take()
        };
        self.wake(task);
        Ok(())
    }

    /// Answers for a worker that takes too long. The worker may go on, but its answer goes nowhere, and its reads of
    /// the request body end. False if the request was answered already.
    pub(super) fn time_out(&self, outcome: Outcome) -> bool {
        let reader = {
            let mut state = self.state.lock();
            if state.is_abandoned || !matches!(state.phase, Phase::Unanswered) {
                return false;
            }
            // The caller is the connection's task, so there is no task to wake.
            state.phase = Phase::Answered(outcome);
            state.is_late = true;
            state.is_aborted = true;
            state.reader.take()
        };
        self.give_body_up(reader);
        self.notify_watchers();
        true
    }

    /// Drops the request body: hyper keeps a connection for as long as its body is held, even after an answer that
    /// closes it.
    fn give_body_up(&self, reader: Option<Arc<Parker>>) {
        let body = self.body.lock().take();
        drop(body);
        if let Some(reader) = reader {
            reader.unpark();
        }
    }

    /// Ends the exchange for a worker that does not: with `status` if nothing was sent yet, else the response breaks
    /// off. A response that is complete stays as it is. A thread that reads the request body is told.
    pub(crate) fn abort(&self, status: StatusCode) {
        let is_answered = self.claim(Outcome::LastResponse(Response::canned(status)), None).is_err();
        let (pipe, reader) = {
            let mut state = self.state.lock();
            state.is_aborted = true;
            (if is_answered { state.pipe.take() } else { None }, state.reader.take())
        };
        if let Some(pipe) = pipe {
            pipe.abort();
        }
        self.give_body_up(reader);
        self.notify_watchers();
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.state.lock().is_aborted
    }

    /// Calls `read` with the request body. None if that was given up.
    pub(super) fn with_body<R>(&self, read: impl FnOnce(&mut dyn BodySource) -> R) -> Option<R> {
        self.body.lock().as_mut().map(|body| read(body.as_mut()))
    }

    pub(super) fn has_given_body_up(&self) -> bool {
        self.body.lock().is_none()
    }

    pub(super) fn drop_body(&self) {
        self.give_body_up(None);
    }

    /// Has `reader` unparked when the exchange is aborted.
    pub(crate) fn watch_abort(&self, reader: Arc<Parker>) {
        self.state.lock().reader = Some(reader);
    }

    /// Notes that the client has left. False if that was known, or if the request was answered. What is left of the
    /// connection gets an answer that closes it, so that it does not wait for one.
    pub(crate) fn abandon(&self) -> bool {
        let is_first = self.claim(Outcome::LastResponse(Response::canned(StatusCode::BAD_REQUEST)), None).is_ok();
        self.state.lock().is_abandoned |= is_first;
        if is_first {
            self.notify_watchers();
        }
        is_first
    }

    /// Has the watchers look whether the exchange has ended.
    pub(crate) fn notify_watchers(&self) {
        let watchers = self.state.lock().watchers.clone();
        if let Some(watchers) = watchers {
            watchers.notify();
        }
    }

    pub(super) fn watchers(&self) -> Arc<Watchers> {
        Arc::clone(self.state.lock().watchers.get_or_insert_with(Watchers::new))
    }

    pub(super) fn is_open(&self) -> bool {
        let state = self.state.lock();
        !state.is_abandoned && matches!(state.phase, Phase::Unanswered)
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        let state = self.state.lock();
        state.is_abandoned || state.pipe.as_ref().is_some_and(|pipe| pipe.is_gone())
    }
}
