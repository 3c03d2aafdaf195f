//! A worker's side of the queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dispatch::exchange::Exchange;
use crate::dispatch::lanes::Lane;
use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::queue::{Popped, Queue};
use crate::dispatch::relief::NotPutBack;
use crate::dispatch::slot::Slot;
use crate::parker::{Parker, Wake};

/// What a [`Worker`] got.
#[derive(Debug)]
#[must_use]
pub enum Take {
    /// A request to answer.
    Exchange(Box<Exchange>),
    /// None came in time.
    Empty,
    /// [`Parker::interrupt`] was called.
    Interrupted,
    /// No more requests will come: the server takes none and all that waited are taken, or this worker was told to
    /// leave.
    Closed,
}

/// Takes requests for one thread. Only that thread uses it.
#[derive(Debug)]
pub struct Worker {
    queue: Arc<Queue<Box<Exchange>>>,
    lane: Arc<Lane<Box<Exchange>>>,
}

impl Worker {
    pub(crate) fn new(queue: Arc<Queue<Box<Exchange>>>, slot: Arc<Slot>) -> Self {
        let lane = queue.join(slot);
        Self { queue, lane }
    }

    /// Leaves for good: requests that wait for this worker alone go to the others. Dropping it does the same.
    pub fn leave(&self) {
        self.lane.slot.mark_gone();
        self.queue.leave(&self.lane);
    }

    /// Whether it was told to leave. Does not change any more after [`Worker::leave`].
    pub fn is_leaving(&self) -> bool {
        self.lane.slot.was_dismissed()
    }

    /// Whether it is quarantined, see [`Server::quarantine`](crate::Server::quarantine).
    pub fn is_quarantined(&self) -> bool {
        self.lane.slot.is_quarantined()
    }

    /// The next request if one waits; never blocks.
    ///
    /// Returns [`Take::Empty`], too, if responses should be sent first, which [`Worker::take`] does.
    pub fn try_take(&self) -> Take {
        self.lane.slot.rest();
        if self.lane.slot.is_leaving() {
            return Take::Closed;
        }
        if self.lane.slot.shard.as_ref().is_some_and(|shard| shard.has_overdue_wakes()) {
            return Take::Empty;
        }
        loop {
            match self.queue.pop(&self.lane) {
                Popped::Item(exchange) => {
                    if let Some(exchange) = self.accept(exchange) {
                        return Take::Exchange(exchange);
                    }
                }
                Popped::Empty => return Take::Empty,
                Popped::Closed => return Take::Closed,
            }
        }
    }

    /// The next request. Waits for one, at most for `max`. A request that waits takes precedence over an interrupt.
    pub fn take(&self, max: Duration) -> Take {
        // Read only by a worker that waits: the clock costs more than taking a request from the queue.
        let mut start: Option<Instant> = None;
        loop {
            match self.try_take() {
                Take::Empty => {}
                other => return other,
            }
            let start = start.get_or_insert_with(Instant::now);
            match self.wait(max.saturating_sub(start.elapsed())) {
                Wake::Unparked => {}
                Wake::Interrupted => {
                    return match self.try_take() {
                        Take::Empty => Take::Interrupted,
                        other => other,
                    };
                }
                Wake::TimedOut => return Take::Empty,
            }
        }
    }

    /// Waits until [`Worker::try_take`] should be called, at most for `max`. After [`Wake::Unparked`] a request may be
    /// there, or none will come any more. It takes no request itself: a worker that has to wait for a lock next, while
    /// others are ready to run, would make that request wait with it.
    ///
    /// A worker that returns must come for the request or [leave](Worker::leave): no other worker of its lock group is
    /// woken meanwhile.
    pub fn wait(&self, max: Duration) -> Wake {
        let slot = &self.lane.slot;
        if let Some(shard) = slot.shard.as_ref().filter(|shard| shard.has_overdue_wakes()) {
            shard.poll_once();
        }
        let start = Instant::now();
        loop {
            if slot.is_leaving() || !self.queue.idle(&self.lane) {
                return Wake::Unparked;
            }
            let wake = {
                let _idle = IdleGuard(self);
                slot.parker.park(max.saturating_sub(start.elapsed()))
            };
            match wake {
                Wake::Interrupted => return Wake::Interrupted,
                _ if self.lane.is_called() => return Wake::Unparked,
                Wake::TimedOut => return Wake::TimedOut,
                // To drive its shard, or to see that the server has ended, or that it should leave.
                Wake::Unparked => {}
            }
        }
    }

    /// Notes that it is at no request any more. [`Worker::try_take`] does so, too.
    pub fn rest(&self) {
        self.lane.slot.rest();
    }

    /// The workers that share a lock with this one.
    pub fn lock_group(&self) -> &Arc<LockGroup> {
        &self.lane.slot.lock_group
    }

    /// Whether other workers take what this one cannot answer, see [`Server::relieve`](crate::Server::relieve).
    pub fn is_relieved(&self) -> bool {
        self.queue.is_relieved()
    }

    /// Puts a request back, for the workers that relieve this one. Nothing of its body may have been read, and nothing
    /// of its answer sent. A request is put back once only: what a second worker cannot answer, a third could not
    /// either.
    ///
    /// # Errors
    ///
    /// [`NotPutBack`].
    pub fn put_back(&self, mut exchange: Box<Exchange>) -> Result<(), NotPutBack> {
        if !self.is_relieved() || !exchange.reply.put_back() {
            return Err(NotPutBack::Refused(exchange));
        }
        self.queue.put_back(exchange).map_err(|exchange| {
            exchange.turn_away();
            NotPutBack::Closed
        })
    }

    /// What this worker waits on. Interrupting it ends the current or the next [`Worker::wait`], and with it
    /// [`Worker::take`], with [`Wake::Interrupted`].
    pub fn parker(&self) -> &Arc<Parker> {
        &self.lane.slot.parker
    }

    /// Marks the exchange as in flight here. Drops it if its client has left meanwhile, or was answered 504.
    fn accept(&self, mut exchange: Box<Exchange>) -> Option<Box<Exchange>> {
        if !exchange.reply.is_open() {
            return None;
        }
        exchange.reply.assign_to(&self.lane.slot, exchange.received_at);
        Some(exchange)
    }
}

/// Unlists an idle worker at the end of its wait. A guard, because the wait runs the tasks of connections, and a panic
/// there must not leave a worker listed that will not come.
struct IdleGuard<'a>(&'a Worker);

impl Drop for IdleGuard<'_> {
    fn drop(&mut self) {
        self.0.queue.unlist(&self.0.lane);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::task::Waker;

    use super::*;
    use crate::dispatch::queue::DispatchOptions;
    use crate::parker::Driver;

    #[derive(Debug)]
    struct PanickingDriver;

    impl Driver for PanickingDriver {
        fn park(&self, _parker: &Parker, _max: Duration) -> Option<Wake> {
            std::panic::resume_unwind(Box::new("a bug at the network"));
        }

        fn defer_wake(&self, _connection: Waker) {}
    }

    #[test]
    fn a_worker_that_panics_while_it_waits_is_not_listed_as_idle() {
        let queue = Arc::new(Queue::new(1, Duration::ZERO, DispatchOptions { lanes: false, batch: 1 }));
        let worker = Worker::new(Arc::clone(&queue), Slot::driving(Arc::new(PanickingDriver)));
        assert!(catch_unwind(AssertUnwindSafe(|| worker.take(Duration::from_secs(60)))).is_err());
        assert!(!queue.has_idle());
    }
}
