//! Threads that wait for the end of a request: for its client to leave, or for the server to stop.

use std::sync::Arc;

use crate::parker::Parker;
use crate::sync::Mutex;

/// The watchers of one request. Made with the first of them, or with a streamed response, so that other requests do not
/// pay for it.
#[derive(Debug)]
pub(crate) struct Watchers(Mutex<Vec<Arc<Parker>>>);

impl Watchers {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(Vec::new())))
    }

    /// Has all of them look again.
    pub(crate) fn notify(&self) {
        self.0.lock().iter().for_each(|watcher| watcher.unpark());
    }
}

/// See [`Client::watch`](crate::Client::watch).
#[derive(Debug)]
pub struct Watch {
    watchers: Arc<Watchers>,
    parker: Arc<Parker>,
}

impl Watch {
    pub(crate) fn new(watchers: Arc<Watchers>, parker: Arc<Parker>) -> Self {
        watchers.0.lock().push(Arc::clone(&parker));
        Self { watchers, parker }
    }

    /// What to wait on.
    pub fn parker(&self) -> &Parker {
        &self.parker
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.watchers.0.lock().retain(|other| !Arc::ptr_eq(other, &self.parker));
    }
}
