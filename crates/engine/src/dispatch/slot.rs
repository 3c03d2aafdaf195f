//! One worker slot: one thread that takes requests.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::dispatch::shard::Shard;
use crate::dispatch::signal::Signal;
use crate::http::reply::Cell;

/// What the engine knows of one worker thread.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) signal: Arc<Signal>,
    in_flight: Mutex<Option<Arc<Cell>>>,
    /// Where its worker waits, and whose connections it drives then.
    pub(crate) shard: Option<Arc<Shard>>,
}

impl Slot {
    pub(crate) fn new(shard: Option<Arc<Shard>>) -> Arc<Self> {
        let home = shard.clone().map(Shard::as_home);
        Arc::new(Self { signal: Signal::at(home), in_flight: Mutex::new(None), shard })
    }

    #[cfg(test)]
    pub(crate) fn waiting_at(home: Arc<dyn crate::dispatch::signal::Home>) -> Arc<Self> {
        Arc::new(Self { signal: Signal::at(Some(home)), in_flight: Mutex::new(None), shard: None })
    }

    /// Whether its worker waits at `shard`.
    pub(crate) fn is_at(&self, shard: &Arc<Shard>) -> bool {
        self.shard.as_ref().is_some_and(|own| Arc::ptr_eq(own, shard))
    }

    /// Notes what the worker is busy with, so that others can answer for it.
    pub(crate) fn begin(&self, cell: Arc<Cell>) {
        *self.in_flight.lock() = Some(cell);
    }

    /// Forgets `cell`; a newer one that the worker has taken meanwhile stays.
    pub(crate) fn end(&self, cell: &Arc<Cell>) {
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
