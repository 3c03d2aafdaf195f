//! Those who wait for the end of a request: for its client to leave, or for the server to stop.

use std::sync::Arc;

use crate::dispatch::signal::Signal;
use crate::sync::Mutex;

/// The watchers of one request. Made when the first comes, or with a streamed answer, so that no other request pays
/// for it.
#[derive(Debug)]
pub(crate) struct Watchers(Mutex<Vec<Arc<Signal>>>);

impl Watchers {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Vec::new())))
    }

    /// Has all of them look again.
    pub(crate) fn tell(&self) {
        self.0.lock().iter().for_each(|watcher| watcher.notify());
    }
}

/// See [`Client::watch`](crate::Client::watch).
#[derive(Debug)]
pub struct Watch {
    watchers: Arc<Watchers>,
    signal: Arc<Signal>,
}

impl Watch {
    pub(crate) fn new(watchers: Arc<Watchers>, signal: Arc<Signal>) -> Self {
        watchers.0.lock().push(Arc::clone(&signal));
        Self { watchers, signal }
    }

    /// What to wait on.
    pub fn signal(&self) -> &Signal {
        &self.signal
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watchers.0.lock().retain(|other| !Arc::ptr_eq(other, &self.signal));
    }
}
