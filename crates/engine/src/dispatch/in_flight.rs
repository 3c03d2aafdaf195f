//! What a worker has in flight.

use std::sync::Arc;
use std::time::Instant;

use crate::dispatch::exchange_state::ExchangeState;
use crate::dispatch::slot::Slot;

/// Held while a worker is at a request. Its drop counts the request as done, wherever that happens.
#[derive(Debug)]
pub(crate) struct InFlightGuard {
    exchange: Arc<ExchangeState>,
    slot: Arc<Slot>,
    taken_at: Instant,
    is_put_back: bool,
}

impl InFlightGuard {
    pub(super) fn new(exchange: &Arc<ExchangeState>, slot: &Arc<Slot>, received_at: Instant) -> Self {
        exchange.stats().taken();
        let taken_at = Instant::now();
        slot.begin(Arc::clone(exchange), received_at, taken_at);
        Self { exchange: Arc::clone(exchange), slot: Arc::clone(slot), taken_at, is_put_back: false }
    }

    /// The worker gives the request back unfinished.
    pub(super) fn put_back(mut self) {
        self.is_put_back = true;
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        if self.is_put_back {
            self.slot.give_back(&self.exchange);
            return self.exchange.stats().put_back();
        }
        self.slot.end(&self.exchange, self.taken_at);
        self.exchange.stats().finished();
    }
}
