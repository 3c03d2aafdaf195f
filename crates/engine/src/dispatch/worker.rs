//! A worker's side of the queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dispatch::exchange::Exchange;
use crate::dispatch::lanes::Lane;
use crate::dispatch::queue::{Popped, Queue};
use crate::dispatch::signal::{Signal, Wake};
use crate::dispatch::slot::Slot;
use crate::stats::Stats;

/// What a [`Worker`] got.
#[derive(Debug)]
#[must_use]
#[expect(
    clippy::large_enum_variant,
    reason = "it is moved once, into the worker; a box would be an allocation a request"
)]
pub enum Take {
    /// A request to answer.
    Exchange(Exchange),
    /// None came in time.
    Empty,
    /// Somebody called [`Signal::interrupt`].
    Interrupted,
    /// The server takes no more requests, and all that waited are taken. Nothing will come.
    Closed,
}

/// One taker of requests: a thread of its own, used by that thread alone.
#[derive(Debug)]
pub struct Worker {
    queue: Arc<Queue<Exchange>>,
    stats: Arc<Stats>,
    lane: Arc<Lane<Exchange>>,
}

impl Worker {
    pub(crate) fn new(queue: Arc<Queue<Exchange>>, stats: Arc<Stats>, slot: Arc<Slot>) -> Self {
        let lane = queue.join(slot);
        Self { queue, stats, lane }
    }

    /// Says that this worker takes nothing any more: what waits for it alone is others' now. Its drop says
    /// so, too.
    pub fn retire(&self) {
        self.queue.retire(&self.lane);
    }

    /// The next request if one is waiting; never blocks.
    ///
    /// [`Take::Empty`] as well if answers should be sent first, which [`Worker::take`] does.
    pub fn try_take(&self) -> Take {
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

    /// The next request, waited for at most for `max`. A request that is there goes before an
    /// interrupt: whoever was woken for it must take it, because nobody else was.
    pub fn take(&self, max: Duration) -> Take {
        let deadline = Instant::now().checked_add(max);
        if let Some(shard) = self.lane.slot.shard.as_ref().filter(|shard| shard.is_due()) {
            shard.look_in();
        }
        loop {
            let mut popped = self.queue.pop_or_idle(&self.lane);
            let mut wake = Wake::Notified;
            if matches!(popped, Popped::Empty) {
                let left = deadline.map_or(max, |at| at.saturating_duration_since(Instant::now()));
                wake = self.lane.slot.signal.wait(left);
                popped = self.queue.leave(&self.lane);
            }
            match (popped, wake) {
                (Popped::Item(exchange), _) => {
                    if let Some(exchange) = self.accept(exchange) {
                        return Take::Exchange(exchange);
                    }
                }
                (Popped::Closed, _) => return Take::Closed,
                (Popped::Empty, Wake::Interrupted) => return Take::Interrupted,
                (Popped::Empty, Wake::TimedOut) => return Take::Empty,
                // Another worker was quicker.
                (Popped::Empty, Wake::Notified) => {}
            }
        }
    }

    /// What this worker waits on: interrupting it ends the current or the next [`Worker::take`]
    /// with [`Take::Interrupted`], unless a request is there for it.
    pub fn signal(&self) -> &Arc<Signal> {
        &self.lane.slot.signal
    }

    /// Marks the exchange as in flight here; drops it if its client has left while it waited.
    fn accept(&self, mut exchange: Exchange) -> Option<Exchange> {
        if exchange.reply.is_abandoned() {
            return None;
        }
        exchange.reply.taken_by(&self.lane.slot, &self.stats);
        Some(exchange)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.retire();
    }
}
