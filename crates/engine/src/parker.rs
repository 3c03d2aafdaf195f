//! How a worker's thread waits: for a request, for body bytes, for room to write.

use std::sync::{Arc, PoisonError};
use std::task::{self, Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::sync::{Condvar, StdMutex, StdMutexGuard};

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// [`Parker::unpark`] was called: look again.
    Unparked,
    /// [`Parker::interrupt`] was called.
    Interrupted,
    /// The time is over.
    TimedOut,
}

#[derive(Debug, Default)]
struct State {
    is_unparked: bool,
    is_interrupted: bool,
    /// The task that waits by polling.
    waker: Option<Waker>,
}

impl State {
    fn take(&mut self) -> Option<Wake> {
        if std::mem::take(&mut self.is_interrupted) {
            Some(Wake::Interrupted)
        } else if std::mem::take(&mut self.is_unparked) {
            Some(Wake::Unparked)
        } else {
            None
        }
    }
}

/// Connections that are driven by the threads that wait for them.
pub(crate) trait Driver: std::fmt::Debug + Send + Sync {
    /// Drives the connections until `parker` is unparked or interrupted, at most for `max`. Returns None at once if
    /// another thread is driving them.
    fn park(&self, parker: &Parker, max: Duration) -> Option<Wake>;

    /// Wakes the task of one of the connections, which has something to send. May put that off until a worker is at the
    /// network next.
    fn defer_wake(&self, connection: Waker);
}

/// Parks a thread, or a task, until another thread unparks it. An unpark that comes before the wait is kept, so none is
/// lost; several are folded into one.
///
/// It uses the standard library's lock and not parking_lot's, which keeps one table of parked threads for the process.
/// A forked child inherits that table with entries of threads that it does not have; servers started in such a child
/// lost wake-ups and hung.
///
/// It uses a condition variable and not `std::thread::park`, because the waiting thread is not known when the parker is
/// made (a Ruby thread may take over another's request), and because a token of `park` that other code left behind
/// would end the wait.
#[derive(Debug, Default)]
pub struct Parker {
    state: StdMutex<State>,
    condvar: Condvar,
    driver: Option<Arc<dyn Driver>>,
}

impl Parker {
    /// A new parker. Threads that wait on it sleep.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A new parker. A thread that waits on it drives the connections of `driver`, if there is one.
    pub(crate) fn driving(driver: Option<Arc<dyn Driver>>) -> Arc<Self> {
        Arc::new(Self { driver, ..Self::default() })
    }

    /// Ends the current or the next wait with [`Wake::Unparked`].
    pub fn unpark(&self) {
        self.end_wait(|state| state.is_unparked = true);
    }

    /// Ends the current or the next wait with [`Wake::Interrupted`]. Safe from any thread; never blocks for long.
    pub fn interrupt(&self) {
        self.end_wait(|state| state.is_interrupted = true);
    }

    fn end_wait(&self, set: impl FnOnce(&mut State)) {
        let waker = {
            let mut state = self.lock();
            set(&mut state);
            state.waker.take()
        };
        match waker {
            Some(waker) => waker.wake(),
            None => self.condvar.notify_one(),
        }
    }

    /// The wait of a task: registers its waker if there is nothing to report.
    pub(crate) fn poll_park(&self, cx: &mut Context<'_>) -> Poll<Wake> {
        let mut state = self.lock();
        match state.take() {
            Some(wake) => Poll::Ready(wake),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether the next wait will end at once.
    pub(crate) fn is_unparked(&self) -> bool {
        let state = self.lock();
        state.is_unparked || state.is_interrupted
    }

    /// Forgets the task that [`Parker::poll_park`] registered. Called when that task will not poll again.
    pub(crate) fn forget_waker(&self) {
        self.lock().waker = None;
    }

    /// Waits until unparked or interrupted, at most for `max`. An interrupt is reported before an unpark, which is then
    /// kept for the next wait.
    pub fn park(&self, max: Duration) -> Wake {
        if let Some(wake) = self.driver.as_ref().and_then(|driver| driver.park(self, max)) {
            return wake;
        }
        self.park_without_driving(max)
    }

    /// Like [`Parker::park`], but never drives connections: for a thread whose stack has no room for that.
    pub fn park_without_driving(&self, max: Duration) -> Wake {
        // An `Instant` that far in the future may not be representable; then there is no deadline.
        let deadline = Instant::now().checked_add(max);
        let mut state = self.lock();
        loop {
            if let Some(wake) = state.take() {
                return wake;
            }
            let left = deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Wake::TimedOut;
            }
            state = match deadline {
                None => self.condvar.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(_) => self.condvar.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    /// Ignores poisoning: nothing panics with this lock held, and the two flags would still be right if it did.
    fn lock(&self) -> StdMutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl task::Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}
