//! The one bounded queue between the network threads and the workers.
//!
//! A plain mutex holds both the requests that wait and the workers that idle. That one lock is
//! why no wake-up can be lost: a worker that finds nothing is listed as idle under the same lock
//! under which a request is added. `benches/queue.rs` compares it with flume and with
//! crossbeam-channel: it is no slower than either, wakes the worker that went idle last (its
//! cache is warm), and lets one waiting worker be interrupted, which a channel cannot do without
//! a second channel and a select. (flume's `Selector` loses wake-ups under sustained load.)
//!
//! The bound is a semaphore beside the lock: tokio's is fair, so a request that waits for a place
//! cannot be overtaken by one that came later.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, TryAcquireError};
use tokio::time::timeout;

use crate::dispatch::shard::Shard;
use crate::dispatch::slot::Slot;

/// What [`Queue::pop`] found.
#[derive(Debug)]
pub(crate) enum Popped<T> {
    Item(T),
    Empty,
    Closed,
}

#[derive(Debug)]
struct Inner<T> {
    waiting: VecDeque<T>,
    idle: Vec<Arc<Slot>>,
    closed: bool,
}

#[derive(Debug)]
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    places: Semaphore,
    timeout: Duration,
}

/// The queue stayed full, or it is closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoPlace {
    Full,
    Closed,
}

/// A promise of one place. Given back when dropped unused.
#[derive(Debug)]
pub(crate) struct Place<'a, T> {
    queue: &'a Queue<T>,
    permit: tokio::sync::SemaphorePermit<'a>,
}

impl<T> Queue<T> {
    /// `depth` items wait at most; one that finds no place waits for one for `timeout`.
    pub(crate) fn new(depth: usize, timeout: Duration) -> Self {
        let depth = depth.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            inner: Mutex::new(Inner { waiting: VecDeque::new(), idle: Vec::new(), closed: false }),
            places: Semaphore::new(depth),
            timeout,
        }
    }

    /// A place for one item, if there is one now.
    pub(crate) fn try_reserve(&self) -> Result<Place<'_, T>, NoPlace> {
        match self.places.try_acquire() {
            Ok(permit) => Ok(Place { queue: self, permit }),
            Err(TryAcquireError::Closed) => Err(NoPlace::Closed),
            Err(TryAcquireError::NoPermits) => Err(NoPlace::Full),
        }
    }

    /// A place for one item, waited for if there is none.
    pub(crate) async fn reserve(&self) -> Result<Place<'_, T>, NoPlace> {
        match timeout(self.timeout, self.places.acquire()).await {
            Ok(Ok(permit)) => Ok(Place { queue: self, permit }),
            Ok(Err(_)) => Err(NoPlace::Closed),
            Err(_) => Err(NoPlace::Full),
        }
    }

    /// The oldest item, without waiting.
    pub(crate) fn pop(&self) -> Popped<T> {
        let mut inner = self.inner.lock();
        self.pop_locked(&mut inner)
    }

    /// The oldest item; where there is none, `slot` is listed as idle until [`Queue::leave`] or
    /// until its signal is notified.
    pub(crate) fn pop_or_idle(&self, slot: &Arc<Slot>) -> Popped<T> {
        let mut inner = self.inner.lock();
        let popped = self.pop_locked(&mut inner);
        if matches!(popped, Popped::Empty) {
            inner.idle.push(Arc::clone(slot));
        }
        popped
    }

    /// Takes `slot` off the idle list, and the oldest item with it: a push may have chosen this
    /// slot just before it left, and then nobody else has been woken for that item.
    pub(crate) fn leave(&self, slot: &Arc<Slot>) -> Popped<T> {
        let mut inner = self.inner.lock();
        if let Some(at) = inner.idle.iter().rposition(|it| Arc::ptr_eq(it, slot)) {
            inner.idle.remove(at);
        }
        self.pop_locked(&mut inner)
    }

    fn pop_locked(&self, inner: &mut Inner<T>) -> Popped<T> {
        match inner.waiting.pop_front() {
            Some(item) => {
                self.places.add_permits(1);
                Popped::Item(item)
            }
            None if inner.closed => Popped::Closed,
            None => Popped::Empty,
        }
    }

    /// Sends an idle worker of `shard` to look after it. False if there is none.
    pub(crate) fn call_home(&self, shard: &Arc<Shard>) -> bool {
        let called = self.inner.lock().idle.iter().rfind(|slot| slot.is_at(shard)).map(Arc::clone);
        let is_there = called.is_some();
        if let Some(slot) = called {
            slot.signal.notify();
        }
        is_there
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.inner.lock().waiting.len()
    }

    /// No item comes in any more; what waits can still be taken. Wakes every idle worker.
    pub(crate) fn close(&self) {
        self.places.close();
        let idle = {
            let mut inner = self.inner.lock();
            inner.closed = true;
            std::mem::take(&mut inner.idle)
        };
        for slot in idle {
            slot.signal.notify();
        }
    }

    /// Takes out all that waits.
    pub(crate) fn clear(&self) -> VecDeque<T> {
        let items = std::mem::take(&mut self.inner.lock().waiting);
        self.places.add_permits(items.len());
        items
    }
}

impl<T> Place<'_, T> {
    /// Puts `item` at the end and wakes an idle worker: the one that drives `shard` if it is idle,
    /// because that is this thread, else the one that went idle last. Gives the item back if the
    /// queue was closed meanwhile.
    pub(crate) fn fill(self, item: T, shard: Option<&Arc<Shard>>) -> Result<(), T> {
        let chosen = {
            let mut inner = self.queue.inner.lock();
            if inner.closed {
                return Err(item);
            }
            inner.waiting.push_back(item);
            let own = shard.and_then(|shard| inner.idle.iter().rposition(|slot| shard.is_driven_by(&slot.signal)));
            match own {
                Some(at) => Some(inner.idle.remove(at)),
                None => inner.idle.pop(),
            }
        };
        self.permit.forget();
        if let Some(slot) = chosen {
            slot.signal.notify();
        }
        Ok(())
    }
}
