//! Counters, and a named snapshot of them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::refusal::Reason;

/// The engine's counters. Each update is one relaxed operation. Gauges are decremented by guards, not by code after an
/// `.await`, so that a dropped task cannot leave one too high.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    connections: AtomicU64,
    accepted: AtomicU64,
    in_flight: AtomicU64,
    served: AtomicU64,
    rejected: AtomicU64,
    refused: [AtomicU64; Reason::ALL.len()],
    disconnects: AtomicU64,
    dropped: AtomicU64,
    timeouts: AtomicU64,
    respawns: AtomicU64,
}

/// The counters at one moment. They are read one after the other, not atomically.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Snapshot {
    /// Connections open now.
    pub connections: u64,
    /// Connections accepted since the start.
    pub accepted: u64,
    /// Requests waiting for a worker now.
    pub queued: u64,
    /// Requests that a worker has taken and not finished.
    pub in_flight: u64,
    /// Requests that a worker has finished, whatever it answered.
    pub served: u64,
    /// Requests answered 503 because the queue stayed full.
    pub rejected: u64,
    /// Requests that the engine refused, by [`Reason::index`].
    pub refused: [u64; Reason::ALL.len()],
    /// Requests whose connection ended before the response was complete: the client left, or the server was shut down
    /// before.
    pub disconnects: u64,
    /// Requests that a worker dropped without an answer; their clients got a 500.
    pub dropped: u64,
    /// Requests answered 504 because their response did not begin in time.
    pub timeouts: u64,
    /// Workers that died and were replaced, counted by [`Server::count_respawn`](crate::Server::count_respawn).
    pub respawns: u64,
}

impl Stats {
    pub(crate) fn snapshot(&self, queued: usize) -> Snapshot {
        Snapshot {
            connections: self.connections.load(Relaxed),
            accepted: self.accepted.load(Relaxed),
            queued: queued as u64,
            in_flight: self.in_flight.load(Relaxed),
            served: self.served.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            refused: std::array::from_fn(|at| self.refused[at].load(Relaxed)),
            disconnects: self.disconnects.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            timeouts: self.timeouts.load(Relaxed),
            respawns: self.respawns.load(Relaxed),
        }
    }

    pub(crate) fn connection_opened(&self) {
        self.accepted.fetch_add(1, Relaxed);
        self.connections.fetch_add(1, Relaxed);
    }

    pub(crate) fn connection_closed(&self) {
        self.connections.fetch_sub(1, Relaxed);
    }

    pub(crate) fn taken(&self) {
        self.in_flight.fetch_add(1, Relaxed);
    }

    pub(crate) fn finished(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
        self.served.fetch_add(1, Relaxed);
    }

    /// Undoes [`Stats::taken`] for a request that waits again.
    pub(crate) fn put_back(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }

    pub(crate) fn reject(&self) {
        self.rejected.fetch_add(1, Relaxed);
    }

    pub(crate) fn refuse(&self, reason: Reason) {
        self.refused[reason.index()].fetch_add(1, Relaxed);
    }

    pub(crate) fn disconnect(&self) {
        self.disconnects.fetch_add(1, Relaxed);
    }

    pub(crate) fn drop_unanswered(&self) {
        self.dropped.fetch_add(1, Relaxed);
    }

    pub(crate) fn timeout(&self) {
        self.timeouts.fetch_add(1, Relaxed);
    }

    pub(crate) fn respawn(&self) {
        self.respawns.fetch_add(1, Relaxed);
    }
}
