//! Counts a connection for as long as any part of it lives.

use std::any::Any;
use std::sync::Arc;

use crate::stats::Stats;

#[derive(Debug)]
pub(crate) struct ConnectionGuard {
    stats: Arc<Stats>,
    /// What else the connection holds while it lives: its place among `max_connections`, and in its shard.
    _permit: Box<dyn Any + Send + Sync>,
}

impl ConnectionGuard {
    pub(crate) fn new(stats: &Arc<Stats>, permit: impl Send + Sync + 'static) -> Arc<Self> {
        stats.connection_opened();
        Arc::new(Self { stats: Arc::clone(stats), _permit: Box::new(permit) })
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.stats.connection_closed();
    }
}
