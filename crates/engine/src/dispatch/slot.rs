//! What the engine knows of one worker thread.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::dispatch::exchange_state::ExchangeState;
use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::shard::Shard;
use crate::histogram::Histogram;
use crate::parker::Parker;
use crate::sync::{AtomicBool, AtomicU8, AtomicU64, Mutex};

/// Lifecycle states; the first transition out of `WORKING` wins. One atomic, because two flags once let a worker be
/// replaced twice: it died between them, apparently untold, while its replacement was already on its way.
const WORKING: u8 = 0;
const RETIRED: u8 = 1;
const QUARANTINED: u8 = 2;
const EXITED: u8 = 3;

/// One worker thread.
#[derive(Debug)]
pub(crate) struct Slot {
    /// The index of the worker that the thread belongs to.
    pub(crate) index: usize,
    pub(crate) parker: Arc<Parker>,
    in_flight: Mutex<Option<Arc<ExchangeState>>>,
    /// The shard that the worker drives while it waits.
    pub(crate) shard: Option<Arc<Shard>>,
    pub(crate) lock_group: Arc<LockGroup>,
    /// Whether it relieves the first workers.
    pub(crate) is_relief: bool,
    created_at: Instant,
    /// When the worker took the request it is at: microseconds since `created_at`, plus one; 0 if it is at none.
    busy_since: AtomicU64,
    served: AtomicU64,
    lifecycle: AtomicU8,
    is_gone: AtomicBool,
    /// How long requests waited for this worker, and how long it took for them.
    pub(crate) queue_wait: Histogram,
    pub(crate) service_time: Histogram,
}

impl Slot {
    /// The slot of a worker that shares its lock with no other.
    #[cfg(test)]
    pub(crate) fn new(index: usize, shard: Option<Arc<Shard>>) -> Arc<Self> {
        Self::sharing(index, shard, Arc::default())
    }

    pub(crate) fn sharing(index: usize, shard: Option<Arc<Shard>>, lock_group: Arc<LockGroup>) -> Arc<Self> {
        if let Some(shard) = &shard {
            shard.worker_joined();
        }
        let parker = Parker::driving(shard.clone().map(Shard::as_driver));
        Arc::new(Self::parked_on(parker, index, shard, lock_group))
    }

    /// The slot of a worker that relieves the first workers. It drives no connections.
    pub(crate) fn relief(index: usize, lock_group: Arc<LockGroup>) -> Arc<Self> {
        Arc::new(Self { is_relief: true, ..Self::parked_on(Parker::new(), index, None, lock_group) })
    }

    #[cfg(test)]
    pub(crate) fn driving(driver: Arc<dyn crate::parker::Driver>) -> Arc<Self> {
        Arc::new(Self::parked_on(Parker::driving(Some(driver)), 0, None, Arc::default()))
    }

    fn parked_on(parker: Arc<Parker>, index: usize, shard: Option<Arc<Shard>>, lock_group: Arc<LockGroup>) -> Self {
        Self {
            index,
            parker,
            in_flight: Mutex::new(None),
            shard,
            lock_group,
            is_relief: false,
            created_at: Instant::now(),
            busy_since: AtomicU64::new(0),
            served: AtomicU64::new(0),
            lifecycle: AtomicU8::new(WORKING),
            is_gone: AtomicBool::new(false),
            queue_wait: Histogram::default(),
            service_time: Histogram::default(),
        }
    }

    /// Whether its worker waits at `shard`.
    pub(crate) fn is_at(&self, shard: &Arc<Shard>) -> bool {
        self.shard.as_ref().is_some_and(|own| Arc::ptr_eq(own, shard))
    }

    /// Takes the worker out of `WORKING`. False if it was out before.
    fn transition(&self, state: u8) -> bool {
        let is_first = self.lifecycle.compare_exchange(WORKING, state, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if is_first && let Some(shard) = &self.shard {
            shard.worker_left();
        }
        is_first
    }

    /// Tells the worker to leave. False if it is leaving already.
    pub(crate) fn retire(&self) -> bool {
        self.dismiss(RETIRED)
    }

    fn dismiss(&self, state: u8) -> bool {
        let is_first = self.transition(state);
        self.parker.unpark();
        is_first
    }

    /// The worker has left. The slot stays as long as something of it is in flight, but not longer than its Ruby
    /// object, which the garbage collector frees at some later time.
    pub(crate) fn mark_gone(&self) {
        self.transition(EXITED);
        self.rest();
        self.is_gone.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::SeqCst)
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.lifecycle.load(Ordering::SeqCst) != WORKING
    }

    /// Whether the worker was told to leave before it left by itself.
    pub(crate) fn was_dismissed(&self) -> bool {
        matches!(self.lifecycle.load(Ordering::SeqCst), RETIRED | QUARANTINED)
    }

    /// Quarantines the worker if it has been at one request for longer than `after`.
    pub(crate) fn quarantine(&self, after: Duration) -> bool {
        self.busy_for().is_some_and(|busy| busy > after) && self.dismiss(QUARANTINED)
    }

    pub(crate) fn is_quarantined(&self) -> bool {
        self.lifecycle.load(Ordering::SeqCst) == QUARANTINED
    }

    /// How long the worker has been at its current request; None if it is at none.
    pub(crate) fn busy_for(&self) -> Option<Duration> {
        let since = self.busy_since.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.created_at.elapsed().saturating_sub(Duration::from_micros(since)))
    }

    /// How many requests the worker has finished.
    pub(crate) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// Notes that the worker is at no request. A load and a store instead of a swap: only the worker's own thread
    /// writes here, except for the drop of a worker that has gone.
    pub(crate) fn rest(&self) {
        if self.busy_since.load(Ordering::Relaxed) != 0 {
            self.busy_since.store(0, Ordering::Relaxed);
            self.lock_group.end_request();
        }
    }

    /// Notes the request that the worker has taken, so that the engine can answer in its place.
    pub(crate) fn begin(&self, exchange: Arc<ExchangeState>, received_at: Instant, now: Instant) {
        *self.in_flight.lock() = Some(exchange);
        let since = u64::try_from(now.saturating_duration_since(self.created_at).as_micros()).unwrap_or(u64::MAX - 1);
        if self.busy_since.load(Ordering::Relaxed) == 0 {
            self.lock_group.begin_request();
        }
        self.busy_since.store(since + 1, Ordering::Relaxed);
        self.queue_wait.record(now.saturating_duration_since(received_at));
    }

    /// Counts `exchange` as served, and forgets it unless the worker has taken a newer one meanwhile.
    pub(crate) fn end(&self, exchange: &Arc<ExchangeState>, taken_at: Instant) {
        self.served.fetch_add(1, Ordering::Relaxed);
        self.service_time.record(taken_at.elapsed());
        self.give_back(exchange);
    }

    /// Forgets `exchange`, which another worker is to answer.
    pub(crate) fn give_back(&self, exchange: &Arc<ExchangeState>) {
        let mut in_flight = self.in_flight.lock();
        if in_flight.as_ref().is_some_and(|it| Arc::ptr_eq(it, exchange)) {
            *in_flight = None;
        }
    }

    /// The exchange that the worker has in flight.
    pub(crate) fn in_flight(&self) -> Option<Arc<ExchangeState>> {
        self.in_flight.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The slot of a worker that has been at a request for a while.
    fn hanging() -> Arc<Slot> {
        let slot = Slot::new(0, None);
        slot.lock_group.begin_request();
        slot.busy_since.store(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_micros(1));
        slot
    }

    #[test]
    fn a_quarantined_worker_stays_quarantined() {
        let slot = hanging();
        assert!(slot.quarantine(Duration::ZERO));
        assert!(!slot.retire() && !slot.quarantine(Duration::ZERO));
        slot.mark_gone();
        assert!(slot.is_quarantined() && slot.was_dismissed() && slot.is_leaving());
    }

    #[test]
    fn a_worker_that_has_left_cannot_be_dismissed() {
        let slot = hanging();
        slot.mark_gone();
        slot.busy_since.store(1, Ordering::Relaxed);
        assert!(!slot.retire() && !slot.quarantine(Duration::ZERO));
        assert!(slot.is_leaving() && !slot.was_dismissed() && !slot.is_quarantined());
    }
}
