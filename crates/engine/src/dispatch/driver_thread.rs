//! A thread that drives one shard for good, once the workers that did so are relieved.
//!
//! The workers that relieve them share one VM lock: the one that holds it should run Ruby, and leave the network to
//! other threads. So the shard is then served like the connections of a server without shards. Rejected: letting the
//! new workers drive it as the old ones did, and leaving it to the backup driver, which polls too seldom.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::dispatch::shard::Shard;
use crate::parker::{Driver, Parker};

/// The pause before another attempt while a worker drives the shard, because it waits for a request body or for room
/// for its response.
const RETRY: Duration = Duration::from_millis(1);

/// How long to drive at a time. Nothing depends on it.
const SHIFT: Duration = Duration::from_secs(3600);

/// The handle of the thread. Close the shard before dropping it: the drop waits for the thread.
#[derive(Debug)]
pub(crate) struct DriverThread {
    parker: Arc<Parker>,
    thread: Option<JoinHandle<()>>,
}

impl DriverThread {
    pub(crate) fn start(shard: Arc<Shard>) -> std::io::Result<Self> {
        let parker = Parker::new();
        let its_parker = Arc::clone(&parker);
        let thread = std::thread::Builder::new().name("kino-io".into()).spawn(move || drive(&shard, &its_parker))?;
        Ok(Self { parker, thread: Some(thread) })
    }
}

impl Drop for DriverThread {
    fn drop(&mut self) {
        // Closing the shard ends a wait there; this ends the pause between two attempts, too.
        self.parker.unpark();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn drive(shard: &Shard, parker: &Parker) {
    while !shard.is_closing() {
        if shard.park(parker, SHIFT).is_none() && !shard.is_closing() {
            parker.park_without_driving(RETRY);
        }
    }
}
