//! Workers that share a lock outside of the engine, so that only one of them runs at a time: the threads of one Ractor
//! share its VM lock.
//!
//! The engine cannot see that lock. It can wake no more workers than can run, and it can say when the worker that runs
//! should let the others have the lock. Both once decided the tail of the latency in threaded mode: each woken worker
//! took a request with it into the line for the lock, where it stood for up to 100 ms, while the holder served later
//! requests. doc/architecture.md has the figures.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::sync::{AtomicBool, AtomicU64, AtomicUsize};

/// How long the holder may keep the lock while another worker of its group is at a request, and may need the lock to
/// continue. Offering the lock after every answer instead would cost a thread switch each time, even where the others
/// only sleep.
const OFFER_BESIDE_BUSY: Duration = Duration::from_micros(500);

/// How long it may keep the lock while no other worker is at a request: the app's own threads may need it. Well below
/// the 100 ms after which the VM takes the lock away, in the middle of a request.
const OFFER_WHEN_ALONE: Duration = Duration::from_millis(5);

/// One for each lock and server.
#[derive(Debug)]
pub struct LockGroup {
    members: AtomicUsize,
    /// Members that are at a request.
    busy: AtomicUsize,
    /// Whether one of them was called and is on its way to the queue. Changed under the queue's lock.
    is_called: AtomicBool,
    created_at: Instant,
    /// When the lock was last offered, in microseconds since `created_at`.
    offered: AtomicU64,
}

impl Default for LockGroup {
    fn default() -> Self {
        Self {
            members: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            is_called: AtomicBool::new(false),
            created_at: Instant::now(),
            offered: AtomicU64::new(0),
        }
    }
}

impl LockGroup {
    pub(crate) fn join(&self) {
        self.members.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns whether it was the last member.
    pub(crate) fn leave(&self) -> bool {
        self.members.fetch_sub(1, Ordering::Relaxed) == 1
    }

    pub(crate) fn begin_request(&self) {
        self.busy.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end_request(&self) {
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

    /// Whether the worker that holds the lock, and has just answered, should offer it to the others before it takes the
    /// next request. A group of one does not even look at the clock, because this is asked for each answer.
    pub fn should_offer_after_answer(&self) -> bool {
        self.members.load(Ordering::Relaxed) > 1 && self.is_due_after_answer(Instant::now())
    }

    /// The same for a worker in the middle of a request, which has just read or written a piece of a body.
    pub fn should_offer_within_request(&self) -> bool {
        (self.busy() > 1 || self.is_called()) && self.is_due(OFFER_BESIDE_BUSY, Instant::now())
    }

    fn is_due_after_answer(&self, now: Instant) -> bool {
        self.is_due(if self.busy() > 0 { OFFER_BESIDE_BUSY } else { OFFER_WHEN_ALONE }, now)
    }

    fn is_due(&self, after: Duration, now: Instant) -> bool {
        let now = u64::try_from(now.duration_since(self.created_at).as_micros()).unwrap_or(u64::MAX);
        let is_due = Duration::from_micros(now.saturating_sub(self.offered.load(Ordering::Relaxed))) >= after;
        if is_due {
            self.offered.store(now, Ordering::Relaxed);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_of_one_never_offers_its_lock() {
        let group = LockGroup::default();
        group.join();
        group.begin_request();
        assert!(!group.should_offer_after_answer() && !group.should_offer_within_request());
    }

    #[test]
    fn the_lock_is_offered_again_after_half_a_millisecond_if_others_are_at_a_request_and_else_after_five() {
        let group = LockGroup::default();
        let due_after = |micros| group.is_due_after_answer(group.created_at + Duration::from_micros(micros));
        assert!(!due_after(4_999));
        assert!(due_after(5_000));
        assert!(!due_after(9_999));
        group.begin_request();
        assert!(due_after(9_999));
        assert!(!due_after(10_498));
        assert!(due_after(10_499));
    }

    #[test]
    fn two_workers_at_requests_offer_each_other_the_lock() {
        let group = LockGroup::default();
        group.join();
        group.join();
        group.begin_request();
        group.begin_request();
        let (start, longest) = (Instant::now(), Duration::from_secs(20));
        while !group.should_offer_within_request() {
            assert!(start.elapsed() < longest, "the lock is never offered within a request");
        }
        while !group.should_offer_after_answer() {
            assert!(start.elapsed() < longest, "the lock is never offered after an answer");
        }
    }
}
