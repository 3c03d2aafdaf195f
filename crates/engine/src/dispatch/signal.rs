//! The one way in which a worker's thread waits: for a request, for body bytes, for room to write.

use std::sync::{Arc, PoisonError};
use std::task::{self, Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::sync::{Condvar, StdMutex, StdMutexGuard};

/// Why a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// Something happened: look again.
    Notified,
    /// Somebody called [`Signal::interrupt`].
    Interrupted,
    /// The time is over.
    TimedOut,
}

#[derive(Debug, Default)]
struct State {
    notified: bool,
    interrupted: bool,
    /// Who waits by polling.
    waker: Option<Waker>,
}

impl State {
    fn take(&mut self) -> Option<Wake> {
        if std::mem::take(&mut self.interrupted) {
            Some(Wake::Interrupted)
        } else if std::mem::take(&mut self.notified) {
            Some(Wake::Notified)
        } else {
            None
        }
    }
}

/// Where a thread does something useful while it waits.
pub(crate) trait Home: std::fmt::Debug + Send + Sync {
    /// Waits for a call on `signal`, at most for `max`. None, at once, if somebody else is at it.
    fn wait(&self, signal: &Signal, max: Duration) -> Option<Wake>;
}

/// A thread's wake-up call. Calls that come before the wait are kept, so none is lost; several
/// are folded into one.
///
/// The standard library's lock and not parking_lot's: that keeps one table of parked threads for the
/// process, which a forked child inherits with entries of threads that it does not have. Servers
/// started in such a child lost notifications and hung.
///
/// A condition variable rather than `std::thread::park`: the waiter is not known when the signal is made
/// (a Ruby thread may take over another's request), and a token of `park` that somebody else
/// left behind would end a wait of ours.
#[derive(Debug, Default)]
pub struct Signal {
    state: StdMutex<State>,
    condvar: Condvar,
    home: Option<Arc<dyn Home>>,
}

impl Signal {
    /// A new signal that nobody waits on.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// A new signal whose waits are spent at `home`.
    pub(crate) fn at(home: Option<Arc<dyn Home>>) -> Arc<Self> {
        Arc::new(Self { home, ..Self::default() })
    }

    /// Ends the wait with [`Wake::Notified`].
    pub fn notify(&self) {
        self.call(|state| state.notified = true);
    }

    /// Ends the wait with [`Wake::Interrupted`]. Safe from any thread; never blocks for long.
    pub fn interrupt(&self) {
        self.call(|state| state.interrupted = true);
    }

    fn call(&self, set: impl FnOnce(&mut State)) {
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

    /// The wait of a task: registers for a wake-up if there was no call.
    pub(crate) fn poll_wait(&self, cx: &mut Context<'_>) -> Poll<Wake> {
        let mut state = self.lock();
        match state.take() {
            Some(wake) => Poll::Ready(wake),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether there was a call that no wait has seen.
    pub(crate) fn is_called(&self) -> bool {
        let state = self.lock();
        state.notified || state.interrupted
    }

    /// Ends a wait by polling that nobody will poll any more.
    pub(crate) fn forget_waker(&self) {
        self.lock().waker = None;
    }

    /// Waits for a call, at most for `max`. An interrupt is reported before a notification, and
    /// the notification is kept for the next wait.
    pub fn wait(&self, max: Duration) -> Wake {
        if let Some(wake) = self.home.as_ref().and_then(|home| home.wait(self, max)) {
            return wake;
        }
        self.wait_away(max)
    }

    /// The same without a look at the network meanwhile, where that is what a wait is spent on: for a thread
    /// whose stack has no room for it.
    pub fn wait_away(&self, max: Duration) -> Wake {
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

    /// Nothing panics with this lock held, and if it did the two flags would still be true to life.
    fn lock(&self) -> StdMutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl task::Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.notify();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.notify();
    }
}
