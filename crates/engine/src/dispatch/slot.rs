//! One worker slot: one thread that takes requests.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::shard::Shard;
use crate::dispatch::signal::Signal;
use crate::histogram::Histogram;
use crate::http::reply::Cell;
use crate::sync::{AtomicBool, AtomicU8, AtomicU64, Mutex};

/// What a worker was told or said first, and that stays. In one atomic: whoever reads that it leaves knows why, and
/// of two who end it only one takes it for his doing. (Two flags let a worker die between them, as one that nobody
/// had told, while its replacement was already on its way.)
const WORKING: u8 = 0;
const RETIRED: u8 = 1;
const QUARANTINED: u8 = 2;
const ENDED: u8 = 3;

/// What the engine knows of one worker thread.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Of the worker that the thread belongs to.
    pub(crate) index: usize,
    pub(crate) signal: Arc<Signal>,
    in_flight: Mutex<Option<Arc<Cell>>>,
    /// Where its worker waits, and whose connections it drives then.
    pub(crate) shard: Option<Arc<Shard>>,
    /// What it shares with others, so that only one of them runs at a time.
    pub(crate) lock: Arc<LockGroup>,
    /// Whether it is one of those that relieve the first workers.
    pub(crate) is_relief: bool,
    made: Instant,
    /// When it took what it is at: one more than the microseconds since it was made, 0 for nothing.
    busy_since: AtomicU64,
    served: AtomicU64,
    standing: AtomicU8,
    is_gone: AtomicBool,
    /// How long requests waited for it, and how long it took for them.
    pub(crate) queue_wait: Histogram,
    pub(crate) service_time: Histogram,
}

impl Slot {
    /// One that shares its lock with nobody.
    #[cfg(test)]
    pub(crate) fn new(index: usize, shard: Option<Arc<Shard>>) -> Arc<Self> {
        Self::sharing(index, shard, Arc::default())
    }

    pub(crate) fn sharing(index: usize, shard: Option<Arc<Shard>>, lock: Arc<LockGroup>) -> Arc<Self> {
        if let Some(shard) = &shard {
            shard.worker_came();
        }
        let signal = Signal::at(shard.clone().map(Shard::as_home));
        Arc::new(Self::waiting_on(signal, index, shard, lock))
    }

    /// Of one that relieves the first workers. It drives no connections.
    pub(crate) fn relief(index: usize, lock: Arc<LockGroup>) -> Arc<Self> {
        Arc::new(Self { is_relief: true, ..Self::waiting_on(Signal::new(), index, None, lock) })
    }

    #[cfg(test)]
    pub(crate) fn waiting_at(home: Arc<dyn crate::dispatch::signal::Home>) -> Arc<Self> {
        Arc::new(Self::waiting_on(Signal::at(Some(home)), 0, None, Arc::default()))
    }

    fn waiting_on(signal: Arc<Signal>, index: usize, shard: Option<Arc<Shard>>, lock: Arc<LockGroup>) -> Self {
        Self {
            index,
            signal,
            in_flight: Mutex::new(None),
            shard,
            lock,
            is_relief: false,
            made: Instant::now(),
            busy_since: AtomicU64::new(0),
            served: AtomicU64::new(0),
            standing: AtomicU8::new(WORKING),
            is_gone: AtomicBool::new(false),
            queue_wait: Histogram::default(),
            service_time: Histogram::default(),
        }
    }

    /// Whether its worker waits at `shard`.
    pub(crate) fn is_at(&self, shard: &Arc<Shard>) -> bool {
        self.shard.as_ref().is_some_and(|own| Arc::ptr_eq(own, shard))
    }

    /// Its worker takes nothing more. False if that was known.
    fn leave(&self, why: u8) -> bool {
        let is_news = self.standing.compare_exchange(WORKING, why, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if is_news && let Some(shard) = &self.shard {
            shard.worker_went();
        }
        is_news
    }

    /// Tells its worker to leave. False if it does already.
    pub(crate) fn send_away(&self) -> bool {
        self.tell(RETIRED)
    }

    fn tell(&self, why: u8) -> bool {
        let is_news = self.leave(why);
        self.signal.notify();
        is_news
    }

    /// Its worker has left. The slot stays for as long as something of it is in flight, and no longer than its
    /// object in Ruby, which the collector frees when it pleases.
    pub(crate) fn mark_gone(&self) {
        self.leave(ENDED);
        self.rest();
        self.is_gone.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::SeqCst)
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.standing.load(Ordering::SeqCst) != WORKING
    }

    /// Whether its worker was told to leave before it left by itself.
    pub(crate) fn was_told(&self) -> bool {
        matches!(self.standing.load(Ordering::SeqCst), RETIRED | QUARANTINED)
    }

    /// Sets the worker aside if it has been at one request for longer than `after`.
    pub(crate) fn quarantine(&self, after: Duration) -> bool {
        self.busy_for().is_some_and(|busy| busy > after) && self.tell(QUARANTINED)
    }

    pub(crate) fn is_quarantined(&self) -> bool {
        self.standing.load(Ordering::SeqCst) == QUARANTINED
    }

    /// For how long it has been at what it is at; None if it is at nothing.
    pub(crate) fn busy_for(&self) -> Option<Duration> {
        let since = self.busy_since.load(Ordering::Relaxed).checked_sub(1)?;
        Some(self.made.elapsed().saturating_sub(Duration::from_micros(since)))
    }

    /// How many requests it has finished.
    pub(crate) fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// The worker is back for more. Not an exchange of the value: only its own thread writes it, but for the drop of
    /// one that has gone.
    pub(crate) fn rest(&self) {
        if self.busy_since.load(Ordering::Relaxed) != 0 {
            self.busy_since.store(0, Ordering::Relaxed);
            self.lock.end();
        }
    }

    /// Notes what the worker is busy with, so that others can answer for it.
    pub(crate) fn begin(&self, cell: Arc<Cell>, came: Instant, now: Instant) {
        *self.in_flight.lock() = Some(cell);
        let since = u64::try_from(now.saturating_duration_since(self.made).as_micros()).unwrap_or(u64::MAX - 1);
        if self.busy_since.load(Ordering::Relaxed) == 0 {
            self.lock.begin();
        }
        self.busy_since.store(since + 1, Ordering::Relaxed);
        self.queue_wait.record(now.saturating_duration_since(came));
    }

    /// Forgets `cell`; a newer one that the worker has taken meanwhile stays.
    pub(crate) fn end(&self, cell: &Arc<Cell>, taken: Instant) {
        self.served.fetch_add(1, Ordering::Relaxed);
        self.service_time.record(taken.elapsed());
        self.give_back(cell);
    }

    /// Forgets `cell`, which somebody else is to answer.
    pub(crate) fn give_back(&self, cell: &Arc<Cell>) {
        let mut held = self.in_flight.lock();
        if held.as_ref().is_some_and(|it| Arc::ptr_eq(it, cell)) {
            *held = None;
        }
    }

    /// What the worker is busy with.
    pub(crate) fn in_flight(&self) -> Option<Arc<Cell>> {
        self.in_flight.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At a request since a while ago.
    fn hanging() -> Arc<Slot> {
        let slot = Slot::new(0, None);
        slot.lock.begin();
        slot.busy_since.store(1, Ordering::Relaxed);
        std::thread::sleep(Duration::from_micros(1));
        slot
    }

    #[test]
    fn who_was_set_aside_stays_so() {
        let slot = hanging();
        assert!(slot.quarantine(Duration::ZERO));
        assert!(!slot.send_away() && !slot.quarantine(Duration::ZERO));
        slot.mark_gone();
        assert!(slot.is_quarantined() && slot.was_told() && slot.is_leaving());
    }

    #[test]
    fn who_has_left_can_be_told_nothing() {
        let slot = hanging();
        slot.mark_gone();
        slot.busy_since.store(1, Ordering::Relaxed);
        assert!(!slot.send_away() && !slot.quarantine(Duration::ZERO));
        assert!(slot.is_leaving() && !slot.was_told() && !slot.is_quarantined());
    }
}
