//! The streams of a connection, of which only those are polled that something has happened to.
//!
//! Like a `FuturesUnordered`, but a stream that ends leaves its waker to the next, and all can be looked at when a
//! deadline has passed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::http2::stream::{Checked, Shared, Stream};

#[derive(Default)]
pub(super) struct Streams {
    slots: Vec<Slot>,
    /// Slots without a stream.
    free: Vec<usize>,
    ready: Arc<Ready>,
    /// What was ready in the last poll, emptied. Only its memory is used again.
    spare: Vec<usize>,
}

struct Slot {
    stream: Option<Box<Stream>>,
    waker: Arc<SlotWaker>,
}

/// The slots whose streams are to be polled.
#[derive(Debug, Default)]
struct Ready(Mutex<ReadyList>);

#[derive(Debug, Default)]
struct ReadyList {
    slots: Vec<usize>,
    /// The connection's task.
    task: Option<Waker>,
}

#[derive(Debug)]
struct SlotWaker {
    slot: usize,
    /// Whether it is in the list.
    is_listed: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_listed.swap(true, Ordering::AcqRel) {
            return;
        }
        let task = {
            let mut ready = self.ready.0.lock();
            ready.slots.push(self.slot);
            ready.task.take()
        };
        if let Some(task) = task {
            task.wake();
        }
    }
}

impl Streams {
    pub(super) fn is_empty(&self) -> bool {
        self.free.len() == self.slots.len()
    }

    /// Adds a stream, and polls it.
    pub(super) fn add(&mut self, stream: Stream, shared: &Shared) {
        let slot = self.free.pop().unwrap_or_else(|| {
            let slot = self.slots.len();
            let waker = SlotWaker { slot, is_listed: AtomicBool::new(false), ready: Arc::clone(&self.ready) };
            self.slots.push(Slot { stream: None, waker: Arc::new(waker) });
            slot
        });
        self.slots[slot].stream = Some(Box::new(stream));
        self.poll_slot(slot, shared);
    }

    /// Polls the streams that were woken. The task of `cx` is woken when there are more.
    pub(super) fn poll(&mut self, shared: &Shared, cx: &mut Context<'_>) {
        let mut woken = std::mem::take(&mut self.spare);
        {
            let mut ready = self.ready.0.lock();
            // Those that are woken from here on wake the task: a stream that has always more to do must not keep the
            // connection from writing it.
            if !ready.task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
                ready.task = Some(cx.waker().clone());
            }
            std::mem::swap(&mut ready.slots, &mut woken);
        }
        for slot in woken.drain(..) {
            self.slots[slot].waker.is_listed.store(false, Ordering::Release);
            self.poll_slot(slot, shared);
        }
        self.spare = woken;
    }

    fn poll_slot(&mut self, index: usize, shared: &Shared) {
        let slot = &mut self.slots[index];
        // The waker of a stream that has ended may still be called.
        let Some(stream) = &mut slot.stream else { return };
        let waker = Waker::from(Arc::clone(&slot.waker));
        if stream.poll(shared, &mut Context::from_waker(&waker)) == Poll::Ready(()) {
            self.remove(index);
        }
    }

    fn remove(&mut self, index: usize) {
        self.slots[index].stream = None;
        self.free.push(index);
    }

    /// Acts on the deadlines that have passed. Returns the next one, but none after `last`.
    pub(super) fn check(&mut self, shared: &Shared, now: Instant, last: Instant) -> Instant {
        let mut next = last;
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            match slot.stream.as_mut().map(|stream| stream.check(shared, now)) {
                Some(Checked::Next(deadline)) => next = deadline.map_or(next, |deadline| next.min(deadline)),
                Some(Checked::Due) => slot.waker.wake_by_ref(),
                Some(Checked::Over) => self.remove(index),
                None => {}
            }
        }
        next
    }
}
