//! What a request knows of its connection and its server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;

use crate::parker::{Driver, Parker};
use crate::stats::Stats;
use crate::tls::info::TlsInfo;
use crate::trusted_proxies::TrustedProxies;

/// The two ends of a connection. A Unix domain socket has no addresses.
#[derive(Debug, Clone)]
pub struct ConnectionInfo {
    /// The client's end.
    pub peer: Option<SocketAddr>,
    /// The server's end.
    pub local: Option<SocketAddr>,
    /// None if the connection is not encrypted.
    pub tls: Option<TlsInfo>,
}

/// Shared by all requests of one connection. There is one for each connection, because a reference count that all
/// connections share is a cache line that all cores write: requests that each held the server's counters five times
/// wrote it ten times.
#[derive(Debug)]
pub(crate) struct ConnectionContext {
    pub(crate) info: ConnectionInfo,
    pub(crate) stats: Arc<Stats>,
    /// Set where waiting workers drive the connection; None where tokio's threads do.
    pub(crate) driver: Option<Arc<dyn Driver>>,
    /// Whether the server is stopping.
    pub(crate) is_stopping: Arc<AtomicBool>,
    /// Set if the client is one of them, so that what it says of others counts.
    pub(crate) trusted: Option<Arc<TrustedProxies>>,
    /// Requests that hold a [`RequestGuard`].
    requests: AtomicUsize,
}

/// Counts a request as one of its connection's for as long as it waits for a worker or has one, even if the client gave
/// it up. Only where a client may have many at a time: in HTTP/1 the next waits for the response to the last.
#[derive(Debug)]
pub(crate) struct RequestGuard(Arc<ConnectionContext>);

impl RequestGuard {
    pub(crate) fn new(context: &Arc<ConnectionContext>) -> Self {
        context.requests.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(context))
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ConnectionContext {
    pub(crate) fn new(
        info: ConnectionInfo,
        stats: Arc<Stats>,
        driver: Option<Arc<dyn Driver>>,
        is_stopping: Arc<AtomicBool>,
        trusted: Option<Arc<TrustedProxies>>,
    ) -> Arc<Self> {
        Arc::new(Self { info, stats, driver, is_stopping, trusted, requests: AtomicUsize::new(0) })
    }

    /// How many requests hold a [`RequestGuard`].
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Wakes a task of this connection that has something to send.
    pub(crate) fn wake(&self, task: Waker) {
        match &self.driver {
            Some(driver) => driver.defer_wake(task),
            None => task.wake(),
        }
    }

    /// A parker for a worker that waits for this connection.
    pub(crate) fn parker(&self) -> Arc<Parker> {
        Parker::driving(self.driver.clone())
    }
}
