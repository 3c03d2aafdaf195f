//! The one bounded queue between the network threads and the workers.
//!
//! One mutex protects both the waiting requests and the idle workers. That is why no wake-up can be lost: a worker that
//! finds nothing is listed as idle under the same lock under which a request is added. A channel would not do: it
//! cannot wake the worker that went idle last, whose cache is warm, nor let one waiting worker be interrupted without a
//! second channel and a select. (flume's `Selector` loses wake-ups under sustained load.)
//!
//! The bound is a semaphore beside the lock. tokio's semaphore is fair, so a request that waits for a place cannot be
//! overtaken by a later one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, TryAcquireError};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::dispatch::idle::IdleList;
use crate::dispatch::lanes::{Lane, Lanes};
use crate::dispatch::relief::Relief;
use crate::dispatch::shard::Shard;
use crate::dispatch::slot::Slot;
use crate::settings::Settings;
use crate::sync::Mutex;

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
    lanes: Lanes<T>,
    idle: IdleList<T>,
    is_closed: bool,
    relief: Relief<T>,
}

impl<T> Inner<T> {
    fn len(&self) -> usize {
        self.waiting.len() + self.lanes.len() + self.relief.put_back.len()
    }

    fn call_many(&mut self, count: usize) -> Vec<Arc<Lane<T>>> {
        (0..count).map_while(|_| self.idle.call(None)).collect()
    }

    /// Notes that the worker has got to the queue, or leaves. Returns whether it had been called; then another may be.
    fn arrive(&mut self, lane: &Lane<T>) -> bool {
        let was_called = lane.is_called();
        if was_called {
            lane.set_called(false);
        }
        was_called
    }

    /// The worker to wake for what a called worker has left behind.
    fn call_next(&mut self, was_called: bool) -> Option<Arc<Lane<T>>> {
        if was_called && self.len() > 0 { self.idle.call(None) } else { None }
    }
}

/// How requests get to workers, besides one by one through the shared queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DispatchOptions {
    /// Whether requests go into the lanes of workers that are awake.
    pub(crate) lanes: bool,
    /// How many requests a worker takes at once; those that it does not run yet wait in its lane.
    pub(crate) batch: usize,
}

impl DispatchOptions {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { lanes: settings.lanes && settings.shards == 0, batch: settings.batch.max(1) }
    }
}

#[derive(Debug)]
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    places: Semaphore,
    timeout: Duration,
    options: DispatchOptions,
    /// Notified when a request was put into a lane while other workers idle.
    pub(crate) lane_filled: Notify,
}

/// Why no place was reserved.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReserveError {
    /// The queue stayed full.
    Full,
    Closed,
}

/// The right to one place in the queue. Given back when dropped unused.
#[derive(Debug)]
pub(crate) struct Permit<'a, T> {
    queue: &'a Queue<T>,
    permit: tokio::sync::SemaphorePermit<'a>,
}

impl<T> Queue<T> {
    /// At most `depth` items wait, in the shared queue and in lanes together. An item without a place waits for one for
    /// `timeout`.
    pub(crate) fn new(depth: usize, timeout: Duration, options: DispatchOptions) -> Self {
        let depth = depth.clamp(1, Semaphore::MAX_PERMITS);
        let (waiting, lanes, idle, relief) = Default::default();
        let inner = Mutex::new(Inner { waiting, lanes, idle, is_closed: false, relief });
        Self { inner, places: Semaphore::new(depth), timeout, options, lane_filled: Notify::new() }
    }

    /// Adds the worker of `slot`, until [`Queue::leave`].
    pub(crate) fn join(&self, slot: Arc<Slot>) -> Arc<Lane<T>> {
        let lane = Lane::new(slot);
        let mut inner = self.inner.lock();
        lane.slot.lock_group.join();
        if self.uses_lanes() {
            inner.lanes.add(&lane);
        }
        lane
    }

    /// Removes a worker. What is in its lane goes back to the front of the shared queue. May be called again.
    pub(crate) fn leave(&self, lane: &Arc<Lane<T>>) {
        let woken = {
            let mut inner = self.inner.lock();
            if !lane.leave() {
                return;
            }
            inner.idle.remove(lane);
            let was_called = inner.arrive(lane);
            if lane.slot.lock_group.leave() {
                inner.idle.remove_group(lane);
            }
            let left = if self.uses_lanes() { inner.lanes.remove(lane) } else { VecDeque::new() };
            let count = left.len();
            left.into_iter().rev().for_each(|item| inner.waiting.push_front(item));
            let mut woken = inner.call_many(count);
            woken.extend(inner.call_next(was_called));
            woken
        };
        unpark(woken);
    }

    /// Removes the worker from the idle list. If it was called just before, it must still come.
    pub(crate) fn unlist(&self, lane: &Lane<T>) {
        if lane.is_idle() {
            self.inner.lock().idle.remove(lane);
        }
    }

    fn uses_lanes(&self) -> bool {
        self.options.lanes || self.options.batch > 1
    }

    /// A place for one item, if there is one now.
    pub(crate) fn try_reserve(&self) -> Result<Permit<'_, T>, ReserveError> {
        match self.places.try_acquire() {
            Ok(permit) => Ok(Permit { queue: self, permit }),
            Err(TryAcquireError::Closed) => Err(ReserveError::Closed),
            Err(TryAcquireError::NoPermits) => Err(ReserveError::Full),
        }
    }

    /// A place for one item. Waits for one, at most for the queue's timeout.
    pub(crate) async fn reserve(&self) -> Result<Permit<'_, T>, ReserveError> {
        match timeout(self.timeout, self.places.acquire()).await {
            Ok(Ok(permit)) => Ok(Permit { queue: self, permit }),
            Ok(Err(_)) => Err(ReserveError::Closed),
            Err(_) => Err(ReserveError::Full),
        }
    }

    /// The next item for the worker of `lane`, without waiting.
    pub(crate) fn pop(&self, lane: &Lane<T>) -> Popped<T> {
        if let Some(item) = self.pop_own(lane) {
            return Popped::Item(item);
        }
        let (popped, woken) = {
            let mut inner = self.inner.lock();
            let was_called = inner.arrive(lane);
            let popped = self.pop_locked(&mut inner, lane);
            (popped, inner.call_next(was_called))
        };
        unpark(woken);
        popped
    }

    /// Lists the worker as idle until its parker is unparked, or until [`Queue::unlist`]. False if it should come at
    /// once: something waits and no other worker of its group was called, or nothing will come for it any more.
    pub(crate) fn idle(&self, lane: &Arc<Lane<T>>) -> bool {
        let mut inner = self.inner.lock();
        let is_relieved = inner.relief.has_begun && !lane.slot.is_relief;
        if inner.is_closed || is_relieved || lane.is_called() {
            return false;
        }
        if inner.len() > 0 && !lane.slot.lock_group.is_called() {
            lane.set_called(true);
            return false;
        }
        inner.idle.add(lane);
        true
    }

    /// Pops from the worker's own lane, which needs no lock of the queue's. Not if the worker was called: its arrival
    /// has to be noted.
    fn pop_own(&self, lane: &Lane<T>) -> Option<T> {
        if !self.uses_lanes() || lane.is_called() {
            return None;
        }
        let item = lane.pop()?;
        self.places.add_permits(1);
        Some(item)
    }

    fn pop_locked(&self, inner: &mut Inner<T>, lane: &Lane<T>) -> Popped<T> {
        if inner.relief.has_begun {
            if !lane.slot.is_relief {
                return Popped::Closed;
            }
            if let Some(item) = inner.relief.put_back.pop_front() {
                return Popped::Item(item);
            }
        }
        let from_lanes =
            if self.uses_lanes() { lane.pop().or_else(|| inner.lanes.steal(lane, self.options.batch)) } else { None };
        match from_lanes.or_else(|| lane.fill(&mut inner.waiting, self.options.batch - 1)) {
            Some(item) => {
                self.places.add_permits(1);
                Popped::Item(item)
            }
            None if inner.is_closed => Popped::Closed,
            None => Popped::Empty,
        }
    }

    /// Wakes idle workers for what is in lanes.
    pub(crate) fn look_back(&self) {
        let woken = {
            let mut inner = self.inner.lock();
            inner.lanes.will_look_back = false;
            let count = inner.lanes.len();
            inner.call_many(count)
        };
        unpark(woken);
    }

    /// Has an idle worker of `shard` drive it. False if there is none.
    pub(crate) fn call_worker_of(&self, shard: &Arc<Shard>) -> bool {
        let worker = self.inner.lock().idle.of_shard(shard);
        let is_there = worker.is_some();
        unpark(worker);
        is_there
    }

    #[cfg(test)]
    pub(crate) fn has_idle(&self) -> bool {
        !self.inner.lock().idle.is_empty()
    }

    /// How many items wait.
    pub(crate) fn len(&self) -> usize {
        self.inner.lock().len()
    }

    /// How many items wait in each lane; None without lanes.
    pub(crate) fn lane_depths(&self) -> Option<Vec<usize>> {
        self.options.lanes.then(|| self.inner.lock().lanes.depths())
    }

    /// Lets no more items in; those that wait can still be taken. Wakes all idle workers.
    pub(crate) fn close(&self) {
        self.places.close();
        let idle = {
            let mut inner = self.inner.lock();
            inner.is_closed = true;
            inner.idle.clear()
        };
        unpark(idle);
    }

    /// From now on only relief workers take items.
    pub(crate) fn relieve(&self) {
        let woken = {
            let mut inner = self.inner.lock();
            inner.relief.has_begun = true;
            inner.idle.clear()
        };
        unpark(woken);
    }

    pub(crate) fn is_relieved(&self) -> bool {
        self.inner.lock().relief.has_begun
    }

    /// Puts `item` before all others, for a relief worker. Returns it if the queue is closed.
    pub(crate) fn put_back(&self, item: T) -> Result<(), T> {
        let woken = {
            let mut inner = self.inner.lock();
            if inner.is_closed {
                return Err(item);
            }
            inner.relief.put_back.push_back(item);
            inner.idle.call(None)
        };
        unpark(woken);
        Ok(())
    }

    /// Takes all items out.
    pub(crate) fn clear(&self) -> VecDeque<T> {
        let mut inner = self.inner.lock();
        let mut items = inner.lanes.clear();
        items.append(&mut inner.waiting);
        self.places.add_permits(items.len());
        items.append(&mut inner.relief.put_back);
        items
    }
}

impl<T> Permit<'_, T> {
    /// Adds `item` at the end, and wakes an idle worker: the one that drives `shard` if it is idle, else the one that
    /// went idle last. With lanes, and nothing in the shared queue, a worker that is awake gets the item instead; if
    /// others idle, the network thread looks back at it.
    ///
    /// # Errors
    ///
    /// The item, if the queue was closed meanwhile.
    pub(crate) fn fill(self, item: T, shard: Option<&Arc<Shard>>) -> Result<(), T> {
        let mut inner = self.queue.inner.lock();
        if inner.is_closed {
            return Err(item);
        }
        self.permit.forget();
        let goes_to_lane = self.queue.options.lanes && inner.waiting.is_empty();
        if let Some(lane) = goes_to_lane.then(|| inner.lanes.roomiest()).flatten() {
            lane.put(item);
            let must_look_back = !inner.idle.is_empty() && !std::mem::replace(&mut inner.lanes.will_look_back, true);
            drop(inner);
            if must_look_back {
                self.queue.lane_filled.notify_one();
            }
            return Ok(());
        }
        let woken = inner.idle.call(shard);
        match &woken {
            Some(lane) if goes_to_lane => lane.put(item),
            _ => inner.waiting.push_back(item),
        }
        drop(inner);
        unpark(woken);
        Ok(())
    }
}

fn unpark<T>(workers: impl IntoIterator<Item = Arc<Lane<T>>>) {
    for lane in workers {
        lane.slot.parker.unpark();
    }
}

/// Looks back whenever a lane was filled; ends with its runtime. It runs where the network is read, so that it comes
/// after what else is ready there.
pub(crate) async fn look_back_when_filled<T>(queue: Arc<Queue<T>>) {
    loop {
        queue.lane_filled.notified().await;
        // Runs after all tasks that are ready, and those for which the network has something by then; at most 61 of
        // them.
        yield_now().await;
        queue.look_back();
    }
}
