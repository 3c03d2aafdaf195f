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

use tokio::sync::{Notify, Semaphore, TryAcquireError};
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
    closed: bool,
    relief: Relief<T>,
}

impl<T> Inner<T> {
    fn len(&self) -> usize {
        self.waiting.len() + self.lanes.len() + self.relief.put_back.len()
    }

    fn call_many(&mut self, count: usize) -> Vec<Arc<Lane<T>>> {
        (0..count).map_while(|_| self.idle.call(None)).collect()
    }

    /// The worker has got to the queue, or leaves. Whether it was called: then another may be now.
    fn arrive(&mut self, lane: &Lane<T>) -> bool {
        let was_called = lane.is_called();
        if was_called {
            lane.set_called(false);
        }
        was_called
    }

    /// Whom to wake for what a worker has left behind, if it was called.
    fn call_next(&mut self, was_called: bool) -> Option<Arc<Lane<T>>> {
        if was_called && self.len() > 0 { self.idle.call(None) } else { None }
    }
}

/// How requests get to workers, apart from one by one through the shared queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ways {
    /// Whether they go into the lanes of workers that are awake.
    pub(crate) lanes: bool,
    /// How many a worker takes at once; what it does not run yet waits in its lane.
    pub(crate) batch: usize,
}

impl Ways {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self { lanes: settings.lanes && settings.shards == 0, batch: settings.batch.max(1) }
    }
}

#[derive(Debug)]
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    places: Semaphore,
    timeout: Duration,
    ways: Ways,
    /// Told when a request is put into a lane while others idle.
    pub(crate) is_filled: Notify,
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
    /// `depth` items wait at most, wherever; one that finds no place waits for one for `timeout`.
    pub(crate) fn new(depth: usize, timeout: Duration, ways: Ways) -> Self {
        let depth = depth.clamp(1, Semaphore::MAX_PERMITS);
        let (waiting, lanes, idle, relief) = Default::default();
        let inner = Inner { waiting, lanes, idle, closed: false, relief };
        Self { inner: Mutex::new(inner), places: Semaphore::new(depth), timeout, ways, is_filled: Notify::new() }
    }

    /// A place for the worker of `slot`, which holds it until [`Queue::retire`].
    pub(crate) fn join(&self, slot: Arc<Slot>) -> Arc<Lane<T>> {
        let lane = Lane::new(slot);
        let mut inner = self.inner.lock();
        lane.slot.lock.joined();
        if self.uses_lanes() {
            inner.lanes.add(&lane);
        }
        lane
    }

    /// Nobody comes for what is in `lane` any more: it goes back to where it came from. May be said again.
    pub(crate) fn retire(&self, lane: &Arc<Lane<T>>) {
        let woken = {
            let mut inner = self.inner.lock();
            if !lane.leave() {
                return;
            }
            inner.idle.remove(lane);
            let was_called = inner.arrive(lane);
            if lane.slot.lock.left() {
                inner.idle.forget(lane);
            }
            let left = if self.uses_lanes() { inner.lanes.remove(lane) } else { VecDeque::new() };
            let count = left.len();
            left.into_iter().rev().for_each(|item| inner.waiting.push_front(item));
            let mut woken = inner.call_many(count);
            woken.extend(inner.call_next(was_called));
            woken
        };
        notify(woken);
    }

    /// Takes the worker off the idle list. If it was called just before, it is still the one to come.
    pub(crate) fn unlist(&self, lane: &Lane<T>) {
        if lane.is_idle() {
            self.inner.lock().idle.remove(lane);
        }
    }

    fn uses_lanes(&self) -> bool {
        self.ways.lanes || self.ways.batch > 1
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
        notify(woken);
        popped
    }

    /// Lists the worker as idle until its signal is notified, or until [`Queue::unlist`]. False if it should come at
    /// once: something waits and no other of its group is on the way, or nothing will come for it any more.
    pub(crate) fn idle(&self, lane: &Arc<Lane<T>>) -> bool {
        let mut inner = self.inner.lock();
        let is_relieved = inner.relief.has_begun && !lane.slot.is_relief;
        if inner.closed || is_relieved || lane.is_called() {
            return false;
        }
        if inner.len() > 0 && !lane.slot.lock.is_called() {
            lane.set_called(true);
            return false;
        }
        inner.idle.add(lane);
        true
    }

    /// From the worker's own lane, which needs no lock of ours. Not if it was called, which has to be noted.
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
            if self.uses_lanes() { lane.pop().or_else(|| inner.lanes.steal(lane, self.ways.batch)) } else { None };
        match from_lanes.or_else(|| lane.fill(&mut inner.waiting, self.ways.batch - 1)) {
            Some(item) => {
                self.places.add_permits(1);
                Popped::Item(item)
            }
            None if inner.closed => Popped::Closed,
            None => Popped::Empty,
        }
    }

    /// Wakes idle workers for what is in lanes.
    pub(crate) fn look_back(&self) {
        let woken = {
            let mut inner = self.inner.lock();
            inner.lanes.is_watched = false;
            let count = inner.lanes.len();
            inner.call_many(count)
        };
        notify(woken);
    }

    /// Sends an idle worker of `shard` to look after it. False if there is none.
    pub(crate) fn call_home(&self, shard: &Arc<Shard>) -> bool {
        let called = self.inner.lock().idle.of_shard(shard);
        let is_there = called.is_some();
        notify(called);
        is_there
    }

    #[cfg(test)]
    pub(crate) fn has_idle(&self) -> bool {
        !self.inner.lock().idle.is_empty()
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.inner.lock().len()
    }

    /// How many of them wait in each lane; None if there are no lanes.
    pub(crate) fn lane_depths(&self) -> Option<Vec<usize>> {
        self.ways.lanes.then(|| self.inner.lock().lanes.depths())
    }

    /// No item comes in any more; what waits can still be taken. Wakes every idle worker.
    pub(crate) fn close(&self) {
        self.places.close();
        let idle = {
            let mut inner = self.inner.lock();
            inner.closed = true;
            inner.idle.clear()
        };
        notify(idle);
    }

    /// From now on only those take anything that relieve the workers: what waits, waits for them.
    pub(crate) fn relieve(&self) {
        let woken = {
            let mut inner = self.inner.lock();
            inner.relief.has_begun = true;
            inner.idle.clear()
        };
        notify(woken);
    }

    /// Whether the workers were relieved.
    pub(crate) fn is_relieved(&self) -> bool {
        self.inner.lock().relief.has_begun
    }

    /// Puts `item` before all others, for whoever relieves the worker that had it; it comes back if the queue is closed.
    pub(crate) fn put_back(&self, item: T) -> Result<(), T> {
        let woken = {
            let mut inner = self.inner.lock();
            if inner.closed {
                return Err(item);
            }
            inner.relief.put_back.push_back(item);
            inner.idle.call(None)
        };
        notify(woken);
        Ok(())
    }

    /// Takes out all that waits.
    pub(crate) fn clear(&self) -> VecDeque<T> {
        let mut inner = self.inner.lock();
        let mut items = inner.lanes.clear();
        items.append(&mut inner.waiting);
        self.places.add_permits(items.len());
        items.append(&mut inner.relief.put_back);
        items
    }
}

impl<T> Place<'_, T> {
    /// Puts `item` at the end and wakes an idle worker: the one that drives `shard` if it is idle,
    /// else the one that went idle last. With lanes, and nothing in the shared queue, a worker that
    /// is awake gets it instead; if others idle, somebody looks back at it.
    ///
    /// # Errors
    ///
    /// The item, if the queue was closed meanwhile.
    pub(crate) fn fill(self, item: T, shard: Option<&Arc<Shard>>) -> Result<(), T> {
        let mut inner = self.queue.inner.lock();
        if inner.closed {
            return Err(item);
        }
        self.permit.forget();
        let goes_to_lane = self.queue.ways.lanes && inner.waiting.is_empty();
        if let Some(lane) = goes_to_lane.then(|| inner.lanes.roomiest()).flatten() {
            lane.put(item);
            let is_to_be_watched = !inner.idle.is_empty() && !std::mem::replace(&mut inner.lanes.is_watched, true);
            drop(inner);
            if is_to_be_watched {
                self.queue.is_filled.notify_one();
            }
            return Ok(());
        }
        let woken = inner.idle.call(shard);
        match &woken {
            Some(lane) if goes_to_lane => lane.put(item),
            _ => inner.waiting.push_back(item),
        }
        drop(inner);
        notify(woken);
        Ok(())
    }
}

fn notify<T>(woken: impl IntoIterator<Item = Arc<Lane<T>>>) {
    for lane in woken {
        lane.slot.signal.notify();
    }
}
