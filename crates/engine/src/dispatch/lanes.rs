//! Short queues, one for each worker, in front of the shared queue.
//!
//! Waking a thread costs more than a short request. So with lanes a request goes to a worker that is awake rather than
//! to one that must be woken. When the network thread has passed on all that it had, it looks back: if requests still
//! wait, it wakes idle workers ([`look_back_when_filled`](crate::dispatch::queue::look_back_when_filled)).
//!
//! Any worker may take what waits in a lane. Two rules make this safe:
//!
//! - Lanes are filled only under the queue's lock. So a worker that has found all of them empty under that lock, and is
//!   listed as idle, misses nothing; and a worker may empty its own lane without that lock.
//! - A lane is filled only while nothing waits in the shared queue, or from its front. So requests in lanes are older
//!   than those in the shared queue, and a worker whose lane is empty looks into other lanes first. Otherwise the lane
//!   of a worker that runs a slow request would wait as long as the shared queue has something for the others.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::dispatch::slot::Slot;
use crate::sync::{AtomicBool, Mutex};

/// How many requests may wait for one worker that is awake before others are woken instead.
pub(crate) const DEPTH: usize = 4;

/// A worker at the queue, with its lane. Without lanes, the lane is always empty.
#[derive(Debug)]
pub(crate) struct Lane<T> {
    pub(crate) slot: Arc<Slot>,
    items: Mutex<VecDeque<T>>,
    /// Whether the queue lists the worker as idle. Changed under the queue's lock.
    is_idle: AtomicBool,
    /// Whether the worker was called and is on its way to the queue. Changed under the queue's lock.
    is_called: AtomicBool,
    /// Whether the worker has left for good. Changed under the queue's lock.
    has_left: AtomicBool,
    /// Whether the worker comes for what is put here: false until it first comes, and again after another worker had to
    /// take something from here. A hint: nothing waits for ever if it is wrong.
    keeps_up: AtomicBool,
}

impl<T> Lane<T> {
    pub(crate) fn new(slot: Arc<Slot>) -> Arc<Self> {
        let [is_idle, is_called, has_left, keeps_up] = std::array::from_fn(|_| AtomicBool::new(false));
        Arc::new(Self { slot, items: Mutex::default(), is_idle, is_called, has_left, keeps_up })
    }

    /// The oldest item, for the lane's own worker.
    pub(crate) fn pop(&self) -> Option<T> {
        if !self.keeps_up.load(Ordering::Relaxed) {
            self.keeps_up.store(true, Ordering::Relaxed);
        }
        self.items.lock().pop_front()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.is_idle.load(Ordering::Acquire)
    }

    pub(crate) fn set_idle(&self, is_idle: bool) {
        self.is_idle.store(is_idle, Ordering::Release);
    }

    pub(crate) fn is_called(&self) -> bool {
        self.is_called.load(Ordering::Relaxed)
    }

    /// Sets it for the worker's lock group, too: one of a group is called at a time.
    pub(crate) fn set_called(&self, is_called: bool) {
        self.is_called.store(is_called, Ordering::Relaxed);
        self.slot.lock_group.set_called(is_called);
    }

    /// False if the worker has left before.
    pub(crate) fn leave(&self) -> bool {
        !self.has_left.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn put(&self, item: T) {
        self.items.lock().push_back(item);
    }

    /// Returns the oldest of `from`, and moves up to `more` behind it into the lane.
    pub(crate) fn fill(&self, from: &mut VecDeque<T>, more: usize) -> Option<T> {
        let first = from.pop_front()?;
        let more = more.min(from.len());
        if more > 0 {
            self.items.lock().extend(from.drain(..more));
        }
        Some(first)
    }

    fn len(&self) -> usize {
        self.items.lock().len()
    }

    fn take_all(&self) -> VecDeque<T> {
        std::mem::take(&mut self.items.lock())
    }
}

/// The lanes of all workers, in the order in which they joined. Protected by the queue's lock.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    all: Vec<Arc<Lane<T>>>,
    /// Whether the network thread is going to look back.
    pub(crate) will_look_back: bool,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self { all: Vec::new(), will_look_back: false }
    }
}

impl<T> Lanes<T> {
    pub(crate) fn add(&mut self, lane: &Arc<Lane<T>>) {
        self.all.push(Arc::clone(lane));
    }

    /// Removes `lane`, and returns what waited there.
    pub(crate) fn remove(&mut self, lane: &Arc<Lane<T>>) -> VecDeque<T> {
        self.all.retain(|it| !Arc::ptr_eq(it, lane));
        lane.take_all()
    }

    /// The lane for a new item: the shortest among those of workers that are awake and keep up.
    pub(crate) fn roomiest(&self) -> Option<&Arc<Lane<T>>> {
        let awake = self
            .all
            .iter()
            .filter(|lane| !lane.is_idle() && lane.keeps_up.load(Ordering::Relaxed) && !lane.slot.is_leaving());
        let (lane, depth) = awake.map(|lane| (lane, lane.len())).min_by_key(|(_, depth)| *depth)?;
        (depth < DEPTH).then_some(lane)
    }

    /// The oldest item of the longest lane, for `thief`. If it takes a `batch` at a time, it gets up to half of the
    /// lane.
    pub(crate) fn steal(&self, thief: &Lane<T>, batch: usize) -> Option<T> {
        loop {
            let (victim, depth) = self.all.iter().map(|lane| (lane, lane.len())).max_by_key(|(_, depth)| *depth)?;
            if depth == 0 {
                return None;
            }
            let mut stolen: VecDeque<T> = {
                let mut items = victim.items.lock();
                let count = items.len().div_ceil(2).min(batch);
                items.drain(..count).collect()
            };
            // The lane's own worker may have emptied it since. Then look again: a thief that went idle now could leave
            // an item in the lane of a busy worker.
            if !stolen.is_empty() {
                victim.keeps_up.store(false, Ordering::Relaxed);
                return thief.fill(&mut stolen, batch);
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.iter().map(|lane| lane.len()).sum()
    }

    pub(crate) fn depths(&self) -> Vec<usize> {
        self.all.iter().map(|lane| lane.len()).collect()
    }

    /// Takes all items out.
    pub(crate) fn clear(&self) -> VecDeque<T> {
        self.all.iter().flat_map(|lane| lane.take_all()).collect()
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
