//! What the transport and the service of one connection tell each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::dispatch::exchange_state::Hijacked;
use crate::http::response::InterimResponse;
use crate::http1::head::write_head;
use crate::refusal::Reason;

/// One for each connection. Both sides run in the connection's task, so the atomics are for `Sync` only, and relaxed.
#[derive(Debug, Default)]
pub(crate) struct ConnectionState {
    /// Requests whose responses hyper does not have in full.
    busy: AtomicUsize,
    /// When the last response was complete, or its last byte was written.
    idle_since: Mutex<Option<Instant>>,
    /// Why the last head was refused: the reason's index plus one; 0 if it was not.
    refused: AtomicU8,
    /// Requests that have begun.
    begun: AtomicU64,
    /// The transport's task, while the transport holds bytes back until a response is complete.
    held_back: Mutex<Option<Waker>>,
    /// Interim responses that the transport is to write. The flag keeps the lock off each write.
    has_interim: AtomicBool,
    interim: Mutex<Vec<u8>>,
    /// The flag keeps the lock off each poll.
    is_hijacked: AtomicBool,
    hijacked: Mutex<Option<Hijacked>>,
    /// The end of the connection is the end of a response.
    is_close_delimited: AtomicBool,
    /// The socket has not taken all that hyper has to write.
    is_backed_up: AtomicBool,
    /// Bytes of the announced request body that have not come.
    body_left: AtomicU64,
    /// The server is stopping, so the transport reports whether there is more to read.
    is_stopping: AtomicBool,
    has_unread: AtomicBool,
}

impl ConnectionState {
    /// Why the request that hyper got a [`RefusedRequest`](crate::http1::refused_request::RefusedRequest) for was
    /// refused.
    pub(crate) fn refusal(&self) -> Option<Reason> {
        let index = usize::from(self.refused.load(Ordering::Relaxed)).checked_sub(1)?;
        Reason::ALL.get(index).copied()
    }

    pub(crate) fn refuse(&self, reason: Reason) {
        self.refused.store(reason.index() as u8 + 1, Ordering::Relaxed);
    }

    pub(crate) fn hijack(&self, hijacked: Hijacked) {
        *self.hijacked.lock() = Some(hijacked);
        self.is_hijacked.store(true, Ordering::Release);
    }

    /// The hijacked connection, once all that was to be sent before is sent: hyper does not say what it has not sent
    /// yet.
    pub(crate) fn take_hijacked(&self) -> Option<Hijacked> {
        let is_ready = self.is_hijacked.load(Ordering::Acquire)
            && !self.is_backed_up.load(Ordering::Relaxed)
            && !self.has_interim.load(Ordering::Relaxed);
        if is_ready { self.hijacked.lock().take() } else { None }
    }

    /// Has the transport write interim responses before whatever hyper writes next. Call it only while the current
    /// request has no response.
    ///
    /// hyper refuses a status below 200 from a service. But it polls the service only while no body is in its buffer,
    /// so the transport can write them. An earlier head may be left in that buffer if the client does not read; then
    /// they are dropped, because they must not overtake it.
    pub(crate) fn send_interim(&self, responses: &[InterimResponse]) {
        if self.is_backed_up.load(Ordering::Relaxed) {
            return;
        }
        let mut interim = self.interim.lock();
        for response in responses {
            write_head(&mut interim, response.status(), response.headers());
        }
        self.has_interim.store(true, Ordering::Relaxed);
    }

    /// What the transport is to write.
    pub(crate) fn take_interim(&self) -> Option<Vec<u8>> {
        let has_interim = self.has_interim.load(Ordering::Relaxed);
        has_interim.then(|| {
            self.has_interim.store(false, Ordering::Relaxed);
            std::mem::take(&mut *self.interim.lock())
        })
    }

    /// How many requests have begun on this connection, the current one included.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Notes that only the end of the connection will say where the response ends (RFC 9112 section 6.3): if the
    /// connection ends other than by a shutdown, the client must see that.
    pub(crate) fn set_close_delimited(&self) {
        self.is_close_delimited.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_close_delimited(&self) -> bool {
        self.is_close_delimited.load(Ordering::Relaxed)
    }

    /// Whether hyper does not have all of a response.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }

    /// Whether the socket does not have all of a response. hyper takes a body that is one piece whole, long before a
    /// slow client does.
    pub(crate) fn is_response_pending(&self) -> bool {
        self.is_busy() || self.is_backed_up.load(Ordering::Relaxed)
    }

    /// Since when no response has been pending; None before the first request.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        *self.idle_since.lock()
    }

    fn set_idle(&self) {
        *self.idle_since.lock() = Some(Instant::now());
    }

    /// Notes that the socket takes no more for now.
    pub(crate) fn set_backed_up(&self) {
        self.is_backed_up.store(true, Ordering::Relaxed);
    }

    /// Notes that everything was written. Returns whether the socket had been backed up.
    pub(crate) fn set_flushed(&self) -> bool {
        let was_backed_up = self.is_backed_up.load(Ordering::Relaxed);
        if was_backed_up {
            self.set_idle();
            self.is_backed_up.store(false, Ordering::Relaxed);
        }
        was_backed_up
    }

    pub(crate) fn set_body_left(&self, bytes: u64) {
        self.body_left.store(bytes, Ordering::Relaxed);
    }

    /// Bytes of the announced request body that have not come.
    pub(crate) fn body_left(&self) -> u64 {
        self.body_left.load(Ordering::Relaxed)
    }

    /// From now on the transport reports whether it leaves anything unread.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn set_has_unread(&self, has_unread: bool) {
        self.has_unread.store(has_unread, Ordering::Relaxed);
    }

    pub(crate) fn has_unread(&self) -> bool {
        self.has_unread.load(Ordering::Relaxed)
    }

    /// Has `task` woken when the current response is complete.
    pub(crate) fn hold_back(&self, task: &Waker) {
        *self.held_back.lock() = Some(task.clone());
    }
}

/// Held from the head of a request until hyper has the last byte of its response. Meanwhile the connection is not idle.
#[derive(Debug)]
pub(crate) struct BusyGuard(Arc<ConnectionState>);

impl BusyGuard {
    pub(crate) fn new(state: &Arc<ConnectionState>) -> Self {
        state.busy.fetch_add(1, Ordering::Relaxed);
        state.begun.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(state))
    }
}

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.0.set_idle();
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
        if let Some(waker) = self.0.held_back.lock().take() {
            waker.wake();
        }
    }
}
