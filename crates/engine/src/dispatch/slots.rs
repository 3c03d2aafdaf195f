//! The worker threads of a server, and the times of those that have gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::slot::Slot;
use crate::histogram::{Histogram, Percentiles};

/// The slots of a server.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    all: Vec<Arc<Slot>>,
    /// By the number that workers pass to name their lock.
    lock_groups: BTreeMap<usize, Weak<LockGroup>>,
    /// Of workers that have gone.
    queue_wait: Histogram,
    service_time: Histogram,
}

impl Slots {
    pub(crate) fn add(&mut self, slot: Arc<Slot>) -> Arc<Slot> {
        self.forget_gone();
        self.all.push(Arc::clone(&slot));
        slot
    }

    /// The group of the workers that name their lock by `number`.
    pub(crate) fn lock_group(&mut self, number: usize) -> Arc<LockGroup> {
        self.lock_groups.retain(|_, group| group.strong_count() > 0);
        if let Some(group) = self.lock_groups.get(&number).and_then(Weak::upgrade) {
            return group;
        }
        let group = Arc::default();
        self.lock_groups.insert(number, Arc::downgrade(&group));
        group
    }

    pub(crate) fn current(&mut self) -> Vec<Arc<Slot>> {
        self.forget_gone();
        self.all.clone()
    }

    /// The times of all workers, those that have gone included.
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

    /// Drops the slots that only this list holds: their workers have gone, and have nothing in flight.
    fn forget_gone(&mut self) {
        let (queue_wait, service_time) = (&self.queue_wait, &self.service_time);
        self.all.retain_mut(|slot| {
            // `get_mut` and not the reference count, because it makes the last writes of the gone thread visible here.
            let Some(gone) = Arc::get_mut(slot) else { return true };
            queue_wait.add(&gone.queue_wait);
            service_time.add(&gone.service_time);
            false
        });
    }
}

/// What one worker thread is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerRow {
    /// The index of the worker that the thread belongs to.
    pub index: usize,
    /// Requests that the thread has finished.
    pub served: u64,
    /// How long it has been at its current request; None if it waits for one.
    pub busy: Option<Duration>,
    /// Whether it is quarantined, see [`Server::quarantine`](crate::Server::quarantine).
    pub is_quarantined: bool,
    /// Whether its worker is relieved, see [`Server::relieve`](crate::Server::relieve).
    pub is_relieved: bool,
}

impl WorkerRow {
    pub(crate) fn of(slot: &Slot, is_relieved: bool) -> Self {
        let (served, busy, is_quarantined) = (slot.served(), slot.busy_for(), slot.is_quarantined());
        Self { index: slot.index, served, busy, is_quarantined, is_relieved }
    }
}

/// The times of all requests that workers have taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// From the head of a request to a worker; None before the first request.
    pub queue_wait: Option<Percentiles>,
    /// From being taken to being answered in full; None before the first request.
    pub service_time: Option<Percentiles>,
}
