//! A worker's side of the queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dispatch::exchange::Exchange;
use crate::dispatch::lanes::Lane;
use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::queue::{Popped, Queue};
use crate::dispatch::relief::{self, NotPutBack};
use crate::dispatch::signal::{Signal, Wake};
use crate::dispatch::slot::Slot;

/// What a [`Worker`] got.
#[derive(Debug)]
#[must_use]
pub enum Take {
    /// A request to answer.
    Exchange(Box<Exchange>),
    /// None came in time.
    Empty,
    /// Somebody called [`Signal::interrupt`].
    Interrupted,
    /// Nothing will come: the server takes no more requests and all that waited are taken, or this worker was
    /// told to leave.
    Closed,
}

/// One taker of requests: a thread of its own, used by that thread alone.
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

    /// Says that this worker takes nothing any more: what waits for it alone is others' now. Its drop says
    /// so, too.
    pub fn leave(&self) {
        self.lane.slot.mark_gone();
        self.queue.retire(&self.lane);
    }

    /// Whether it was told to take nothing more. After [`Worker::leave`] that does not change any more.
    pub fn is_leaving(&self) -> bool {
        self.lane.slot.was_told()
    }

    /// Whether it was set aside, see [`Server::quarantine`](crate::Server::quarantine).
    pub fn is_quarantined(&self) -> bool {
        self.lane.slot.is_quarantined()
    }

    /// The next request if one is waiting; never blocks.
    ///
    /// [`Take::Empty`] as well if answers should be sent first, which [`Worker::take`] does.
    pub fn try_take(&self) -> Take {
        self.lane.slot.rest();
        if self.lane.slot.is_leaving() {
            return Take::Closed;
        }
        if self.lane.slot.shard.as_ref().is_some_and(|shard| shard.is_due()) {
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

    /// The next request, waited for at most for `max`. One that is there goes before an interrupt.
    pub fn take(&self, max: Duration) -> Take {
        // Looked at only by a worker that waits: the clock costs a request that is there more than the queue does.
        let mut began: Option<Instant> = None;
        loop {
            match self.try_take() {
                Take::Empty => {}
                other => return other,
            }
            let began = began.get_or_insert_with(Instant::now);
            match self.wait(max.saturating_sub(began.elapsed())) {
                Wake::Notified => {}
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

    /// Waits, at most for `max`, until [`Worker::try_take`] should be called: with [`Wake::Notified`] a request may be
    /// there, or there will be none any more. It takes none along: a worker that has to wait for a lock next, while others
    /// are ready to run, would keep a request waiting with it.
    ///
    /// A worker that returns must come for the request or [leave](Worker::leave): nobody else of its lock is woken
    /// meanwhile.
    pub fn wait(&self, max: Duration) -> Wake {
        let slot = &self.lane.slot;
        if let Some(shard) = slot.shard.as_ref().filter(|shard| shard.is_due()) {
            shard.look_in();
        }
        let began = Instant::now();
        loop {
            if slot.is_leaving() || !self.queue.idle(&self.lane) {
                return Wake::Notified;
            }
            let wake = {
                let _idle = Idle(self);
                slot.signal.wait(max.saturating_sub(began.elapsed()))
            };
            match wake {
                Wake::Interrupted => return Wake::Interrupted,
                _ if self.lane.is_called() => return Wake::Notified,
                Wake::TimedOut => return Wake::TimedOut,
                // To look after its share, or to hear of the end of the server or of its own.
                Wake::Notified => {}
            }
        }
    }

    /// Says that it is at no request any more. [`Worker::try_take`] and [`Worker::wait`] say so, too.
    pub fn rest(&self) {
        self.lane.slot.rest();
    }

    /// What it shares with other workers.
    pub fn lock(&self) -> &Arc<LockGroup> {
        &self.lane.slot.lock
    }

    /// Whether somebody else is to answer what it cannot, see [`Server::relieve`](crate::Server::relieve).
    pub fn is_relieved(&self) -> bool {
        self.queue.is_relieved()
    }

    /// Puts a request back that it could not answer, and of which nothing was sent or read, for those that relieve it.
    ///
    /// # Errors
    ///
    /// Where that cannot be.
    pub fn put_back(&self, exchange: Box<Exchange>) -> Result<(), NotPutBack> {
        relief::put_back(&self.queue, exchange)
    }

    /// What this worker waits on: interrupting it ends the current or the next [`Worker::wait`], and with it
    /// [`Worker::take`], with [`Wake::Interrupted`].
    pub fn signal(&self) -> &Arc<Signal> {
        &self.lane.slot.signal
    }

    /// Marks the exchange as in flight here; drops it if its client has left while it waited, or was told
    /// that it took too long.
    fn accept(&self, mut exchange: Box<Exchange>) -> Option<Box<Exchange>> {
        if !exchange.reply.is_open() {
            return None;
        }
        exchange.reply.taken_by(&self.lane.slot, exchange.came);
        Some(exchange)
    }
}

/// Listed as idle. A panic within the wait, which runs the tasks of connections, must not leave a worker
/// listed that comes no more.
struct Idle<'a>(&'a Worker);

impl Drop for Idle<'_> {
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

    use super::*;
    use crate::dispatch::queue::Ways;
    use crate::dispatch::signal::Home;

    /// Where waiting is a bug.
    #[derive(Debug)]
    struct Trap;

    impl Home for Trap {
        fn wait(&self, _signal: &Signal, _max: Duration) -> Option<Wake> {
            std::panic::resume_unwind(Box::new("a bug at the network"));
        }
    }

    #[test]
    fn a_worker_that_panics_while_it_waits_is_not_listed_as_idle() {
        let queue = Arc::new(Queue::new(1, Duration::ZERO, Ways { lanes: false, batch: 1 }));
        let worker = Worker::new(Arc::clone(&queue), Slot::waiting_at(Arc::new(Trap)));
        assert!(catch_unwind(AssertUnwindSafe(|| worker.take(Duration::from_secs(60)))).is_err());
        assert!(!queue.has_idle());
    }
}
