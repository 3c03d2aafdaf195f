//! One worker slot: one thread that takes requests.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::dispatch::signal::Signal;
use crate::http::reply::Cell;

/// What the engine knows of one worker thread.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) signal: Arc<Signal>,
    in_flight: Mutex<Option<Arc<Cell>>>,
}

impl Slot {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { signal: Signal::new(), in_flight: Mutex::new(None) })
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
