//! Request bodies, as h2 delivers them.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::http::body::{BodyError, BodySource};
use crate::http::context::ConnectionContext;
use crate::http2::options::WINDOW;

/// The body of one stream. The client may send as much more as the worker has read, so the rest stays with the client.
/// If it is dropped before its end, h2 resets the stream when the response is sent, with NO_ERROR (RFC 9113 section
/// 8.1).
#[derive(Debug)]
pub(super) struct IncomingBody {
    stream: RecvStream,
    state: Arc<BodyState>,
    context: Arc<ConnectionContext>,
    /// Bytes that were read, and that the client may not send more for yet.
    unreleased: usize,
    /// The client may send all of it from the start.
    fits_window: bool,
}

/// What the worker that reads a body and the connection's task tell each other.
#[derive(Debug, Default)]
pub(super) struct BodyState(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Since when the worker has waited for bytes.
    waiting_since: Option<Instant>,
    /// The worker, while it waits.
    reader: Option<Waker>,
    /// The client has sent nothing for too long, unless bytes have come that nobody has read.
    is_late: bool,
    /// The client waits for 100 (Continue), and was not sent it.
    expects_continue: bool,
    /// The worker reads, so the connection's task is to send it.
    wants_continue: bool,
    /// Nobody reads any more.
    is_given_up: bool,
    /// The connection's task, while it waits for one of the last two.
    task: Option<Waker>,
}

impl BodyState {
    pub(super) fn new(expects_continue: bool) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { expects_continue, ..State::default() })))
    }

    /// Ready once 100 (Continue) is due. Never again after that.
    pub(super) fn poll_continue(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if std::mem::take(&mut state.wants_continue) {
            return Poll::Ready(());
        }
        if state.expects_continue {
            state.task = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Ready once nobody reads the body any more.
    pub(super) fn poll_given_up(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.is_given_up {
            return Poll::Ready(());
        }
        state.task = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ends the wait for a client that has sent nothing for `max`. Returns when that will be, if the worker waits.
    pub(super) fn check(&self, now: Instant, max: Duration) -> Option<Instant> {
        let reader = {
            let mut state = self.0.lock();
            let deadline = state.waiting_since?.checked_add(max)?;
            if now < deadline {
                return Some(deadline);
            }
            state.waiting_since = None;
            state.is_late = true;
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
        None
    }

    fn received(&self) {
        let mut state = self.0.lock();
        state.waiting_since = None;
        state.is_late = false;
        state.expects_continue = false;
    }

    /// Notes that `reader` has to wait. Returns the task to wake, if that has to send 100 (Continue). An error if it
    /// has waited for too long.
    fn wait(&self, reader: &Waker) -> Result<Option<Waker>, BodyError> {
        let mut state = self.0.lock();
        if state.is_late {
            return Err(BodyError::TimedOut);
        }
        state.waiting_since.get_or_insert_with(Instant::now);
        state.reader = Some(reader.clone());
        state.wants_continue |= std::mem::take(&mut state.expects_continue);
        Ok(if state.wants_continue { state.task.take() } else { None })
    }

    /// Returns the task to wake.
    fn give_up(&self) -> Option<Waker> {
        let mut state = self.0.lock();
        std::mem::replace(&mut *state, State { is_given_up: true, ..State::default() }).task
    }
}

impl IncomingBody {
    /// `length`: what Content-Length says.
    pub(super) fn new(
        stream: RecvStream,
        state: Arc<BodyState>,
        context: Arc<ConnectionContext>,
        length: Option<u64>,
    ) -> Self {
        let fits_window = length.is_some_and(|length| length <= u64::from(WINDOW));
        Self { stream, state, context, unreleased: 0, fits_window }
    }

    /// Lets the client send more when half of the window is read, and not for each piece: each word to it wakes the
    /// connection and is a write. What is unreleased at the end h2 gives back to the connection.
    fn release(&mut self, read: usize) {
        self.unreleased += read;
        if !self.fits_window && self.unreleased >= WINDOW as usize / 2 {
            // Fails only if there is less to release.
            let _ = self.stream.flow_control().release_capacity(std::mem::take(&mut self.unreleased));
        }
    }
}

impl BodySource for IncomingBody {
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            match self.stream.poll_data(cx) {
                Poll::Ready(Some(Ok(data))) => {
                    self.state.received();
                    self.release(data.len());
                    if !data.is_empty() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                // Trailers may follow, which Rack has no way to show to an app.
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(body_error(&error)))),
                Poll::Pending => {
                    return match self.state.wait(cx.waker()) {
                        Ok(task) => {
                            if let Some(task) = task {
                                self.context.wake(task);
                            }
                            Poll::Pending
                        }
                        Err(error) => Poll::Ready(Some(Err(error))),
                    };
                }
            }
        }
    }
}

impl Drop for IncomingBody {
    fn drop(&mut self) {
        if let Some(task) = self.state.give_up() {
            self.context.wake(task);
        }
    }
}

/// h2 resets a stream by itself if its client breaks the rules, as with a body that is not as long as Content-Length
/// says.
fn body_error(error: &h2::Error) -> BodyError {
    if error.is_library() && error.is_reset() { BodyError::Malformed } else { BodyError::Disconnected }
}
