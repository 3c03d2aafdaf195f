//! Short queues, one a worker, in front of the one that all share.
//!
//! To wake a thread costs more than a short request. So with lanes a request goes to a worker that is
//! awake rather than to one that must be woken, and the network thread looks back when it has passed on
//! all that it had: what still waits then wakes those who idle ([`keep_watch`]).
//!
//! What waits in a lane is anybody's. All of this follows from two rules:
//!
//! - Lanes are filled under the queue's lock only. So a worker that has found all of them empty under that
//!   lock, and is listed as idle, misses nothing; and its own lane a worker may empty without that lock.
//! - A lane is filled only while nothing waits in the shared queue, or from its front. So what is in a lane
//!   is older than all that is not, and a worker whose lane is empty looks into the lanes of others
//!   first: otherwise the lane of a worker that runs a slow request would wait for as long as the shared
//!   queue has something for the others.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::task::yield_now;

use crate::dispatch::queue::Queue;
use crate::dispatch::slot::Slot;
use crate::sync::{AtomicBool, Mutex};

/// How many requests wait for one worker that is awake before others are woken instead.
pub(crate) const DEPTH: usize = 4;

/// A worker's place at the queue, with its lane. Where there are none, the lane is always empty.
#[derive(Debug)]
pub(crate) struct Lane<T> {
    pub(crate) slot: Arc<Slot>,
    items: Mutex<VecDeque<T>>,
    /// Whether the queue lists it as idle. Changed under the queue's lock.
    is_idle: AtomicBool,
    /// Whether its worker was woken and is on its way to the queue. Changed under the queue's lock.
    is_called: AtomicBool,
    /// Whether its worker has left for good. Changed under the queue's lock.
    has_left: AtomicBool,
    /// Whether its worker comes for what is put here: false until it first comes, and once somebody else
    /// had to take what is here, until it comes again. A hint: nothing waits for ever if it is wrong.
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

    /// Notes it for its group as well, of which one is called at a time.
    pub(crate) fn set_called(&self, is_called: bool) {
        self.is_called.store(is_called, Ordering::Relaxed);
        self.slot.lock.set_called(is_called);
    }

    /// Whether that is news.
    pub(crate) fn leave(&self) -> bool {
        !self.has_left.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn put(&self, item: T) {
        self.items.lock().push_back(item);
    }

    /// The oldest of `from`, and up to `more` behind it into the lane.
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

/// The lanes of all workers, in the order in which those came. Part of what the queue's lock protects.
#[derive(Debug)]
pub(crate) struct Lanes<T> {
    all: Vec<Arc<Lane<T>>>,
    /// Whether somebody is going to look back.
    pub(crate) is_watched: bool,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self { all: Vec::new(), is_watched: false }
    }
}

impl<T> Lanes<T> {
    pub(crate) fn add(&mut self, lane: &Arc<Lane<T>>) {
        self.all.push(Arc::clone(lane));
    }

    /// Takes `lane` away: what waited there.
    pub(crate) fn remove(&mut self, lane: &Arc<Lane<T>>) -> VecDeque<T> {
        self.all.retain(|it| !Arc::ptr_eq(it, lane));
        lane.take_all()
    }

    /// The lane for a new item: the shortest of a worker that is awake, and keeps up.
    pub(crate) fn roomiest(&self) -> Option<&Arc<Lane<T>>> {
        let awake = self
            .all
            .iter()
            .filter(|lane| !lane.is_idle() && lane.keeps_up.load(Ordering::Relaxed) && !lane.slot.is_leaving());
        let (lane, depth) = awake.map(|lane| (lane, lane.len())).min_by_key(|(_, depth)| *depth)?;
        (depth < DEPTH).then_some(lane)
    }

    /// The oldest item of the longest lane, for `thief`; if it takes `batch` at a time, up to half of
    /// what is there.
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
            // Its own worker may have been there since. Another lane may hold something all the same, and who
            // went idle on that would leave it to a worker that is busy.
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

    /// Takes out all that waits.
    pub(crate) fn clear(&self) -> VecDeque<T> {
        self.all.iter().flat_map(|lane| lane.take_all()).collect()
    }
}

/// Looks back whenever it is asked to; ends with the runtime. `keep_watch` runs where the network is
/// read, so that it comes after what else is ready there.
pub(crate) async fn keep_watch<T>(queue: Arc<Queue<T>>) {
    loop {
        queue.is_filled.notified().await;
        // Goes behind all that is ready, and behind what the network has by then; in a crowd, behind 61 tasks.
        yield_now().await;
        queue.look_back();
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
