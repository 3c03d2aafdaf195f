//! Wakes the backup driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::parker::Parker;

/// Shared by the backup driver and the shards. [`Unparker::unpark`] costs next to nothing while the backup driver is
/// awake.
#[derive(Debug, Default)]
pub(crate) struct Unparker {
    is_asleep: AtomicBool,
    is_stopped: AtomicBool,
    tick: AtomicU64,
    parker: Arc<Parker>,
}

impl Unparker {
    /// A number that changes with each round of the backup driver.
    pub(crate) fn tick(&self) -> u64 {
        self.tick.load(Ordering::Relaxed)
    }

    /// Called when a shard is left without a thread that drives it.
    pub(crate) fn unpark(&self) {
        if self.is_asleep.load(Ordering::SeqCst) && self.is_asleep.swap(false, Ordering::SeqCst) {
            self.parker.unpark();
        }
    }

    pub(super) fn begin_round(&self) {
        self.tick.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn park(&self, max: Duration) {
        self.parker.park(max);
    }

    /// Parks for `max` unless `is_needed` says otherwise. Whatever makes it true after that question unparks us.
    pub(super) fn sleep(&self, max: Duration, is_needed: impl FnOnce() -> bool) {
        self.is_asleep.store(true, Ordering::SeqCst);
        if !is_needed() {
            self.parker.park(max);
        }
        self.is_asleep.store(false, Ordering::SeqCst);
    }

    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        self.parker.unpark();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::SeqCst)
    }
}
