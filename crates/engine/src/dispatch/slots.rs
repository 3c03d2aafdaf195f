//! The worker threads that a server has, what each is at, and what is left of those that have gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::slot::Slot;
use crate::histogram::{Histogram, Percentiles};

/// The worker threads there are, and what is left of those that have gone.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    all: Vec<Arc<Slot>>,
    /// By the number that the workers name each by.
    locks: BTreeMap<usize, Weak<LockGroup>>,
    queue_wait: Histogram,
    service_time: Histogram,
}

impl Slots {
    /// A place for another thread.
    pub(crate) fn add(&mut self, slot: Arc<Slot>) -> Arc<Slot> {
        self.forget_gone();
        self.all.push(Arc::clone(&slot));
        slot
    }

    /// The lock that workers share which name it by `number`.
    pub(crate) fn lock(&mut self, number: usize) -> Arc<LockGroup> {
        self.locks.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = self.locks.get(&number).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::default();
        self.locks.insert(number, Arc::downgrade(&lock));
        lock
    }

    pub(crate) fn current(&mut self) -> Vec<Arc<Slot>> {
        self.forget_gone();
        self.all.clone()
    }

    /// Of those there are and of those that have gone.
    pub(crate) fn times(&mut self) -> Times {
        self.forget_gone();
        let (queue_wait, service_time) = (Histogram::default(), Histogram::default());
        queue_wait.add(&self.queue_wait);
        service_time.add(&self.service_time);
        for slot in &self.all {
            queue_wait.add(&slot.queue_wait);
            service_time.add(&slot.service_time);
        }
        Times { queue_wait: queue_wait.percentiles(), service_time: service_time.percentiles() }
    }

    /// Only the worker and what it has in flight hold a slot besides this list.
    fn forget_gone(&mut self) {
        let (queue_wait, service_time) = (&self.queue_wait, &self.service_time);
        self.all.retain_mut(|slot| {
            // `get_mut` and not the count: it makes the last record of a thread that has gone visible here.
            let Some(gone) = Arc::get_mut(slot) else { return true };
            queue_wait.add(&gone.queue_wait);
            service_time.add(&gone.service_time);
            false
        });
    }
}

/// What one worker thread is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerRow {
    /// The worker that the thread belongs to.
    pub index: usize,
    /// Requests that it has finished.
    pub served: u64,
    /// For how long it has been at what it is at; None if it waits for a request.
    pub busy: Option<Duration>,
    /// Whether it is set aside, see [`Server::quarantine`](crate::Server::quarantine).
    pub is_quarantined: bool,
    /// Whether others have taken its worker's place for good, see [`Server::relieve`](crate::Server::relieve).
    pub is_relieved: bool,
}

impl WorkerRow {
    pub(crate) fn of(slot: &Slot, is_relieved: bool) -> Self {
        let (served, busy, is_quarantined) = (slot.served(), slot.busy_for(), slot.is_quarantined());
        Self { index: slot.index, served, busy, is_quarantined, is_relieved }
    }
}

/// Of all requests that workers have taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From a request's head to a worker; None before the first.
    pub queue_wait: Option<Percentiles>,
    /// From being taken to being answered in full; None before the first.
    pub service_time: Option<Percentiles>,
}
