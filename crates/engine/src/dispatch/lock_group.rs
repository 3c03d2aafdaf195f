//! Workers that share a lock which is not the engine's, so that only one of them runs at a time: the threads of one
//! Ractor share its VM lock.
//!
//! The engine cannot see that lock. What it can do is to wake no more of them than can run, and to say when the one
//! that runs should let the others have the lock. Both once decided the tail of the latency in threaded mode: each woken
//! worker took a request with it into the line for the lock, where it stood for up to 100 ms, while the holder
//! served later requests. doc/architecture.md has the figures.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::sync::{AtomicBool, AtomicU64, AtomicUsize};

/// For how long the holder may serve on while another worker of its group is in the midst of a request, and may need
/// the lock to go on with it. Offering it after every answer instead costs a switch of threads for each where
/// others only sleep.
const BESIDE_BUSY: Duration = Duration::from_micros(500);

/// The same where no other is: for threads of the app's own, and well below the slice of 100 ms at whose end the VM takes
/// the lock away, which is in the midst of a request.
const ALONE: Duration = Duration::from_millis(5);

/// See the module. One for each lock and server.
#[derive(Debug)]
pub struct LockGroup {
    members: AtomicUsize,
    /// Members that have a request in hand.
    busy: AtomicUsize,
    /// Whether one of them was woken and is on its way to the queue. Changed under the queue's lock.
    is_called: AtomicBool,
    made: Instant,
    /// When the lock was last offered, in microseconds since `made`.
    offered: AtomicU64,
}

impl Default for LockGroup {
    fn default() -> Self {
        Self {
            members: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            is_called: AtomicBool::new(false),
            made: Instant::now(),
            offered: AtomicU64::new(0),
        }
    }
}

impl LockGroup {
    pub(crate) fn joined(&self) {
        self.members.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it was the last.
    pub(crate) fn left(&self) -> bool {
        self.members.fetch_sub(1, Ordering::Relaxed) == 1
    }

    pub(crate) fn begin(&self) {
        self.busy.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.busy.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn busy(&self) -> usize {
        self.busy.load(Ordering::Relaxed)
    }

    pub(crate) fn is_called(&self) -> bool {
        self.is_called.load(Ordering::Relaxed)
    }

    pub(crate) fn set_called(&self, is_called: bool) {
        self.is_called.store(is_called, Ordering::Relaxed);
    }

    /// Whether the worker that holds the lock, and has just answered, should offer it to the others before it takes
    /// another request. Asked for each answer, so that a group of one does not even look at the clock.
    pub fn wants_lock_after_answer(&self) -> bool {
        if self.members.load(Ordering::Relaxed) < 2 {
            return false;
        }
        self.is_due(if self.busy() > 0 { BESIDE_BUSY } else { ALONE })
    }

    /// The same for one that is in the midst of a request, and has just read or written a piece of a body: whether others
    /// are, or wait for the lock to take one.
    pub fn wants_lock_within_request(&self) -> bool {
        (self.busy() > 1 || self.is_called()) && self.is_due(BESIDE_BUSY)
    }

    fn is_due(&self, after: Duration) -> bool {
        let now = u64::try_from(self.made.elapsed().as_micros()).unwrap_or(u64::MAX);
        let is_due = Duration::from_micros(now.saturating_sub(self.offered.load(Ordering::Relaxed))) >= after;
        if is_due {
            self.offered.store(now, Ordering::Relaxed);
        }
        is_due
    }
}
