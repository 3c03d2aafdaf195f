//! What the wire and the service of one connection tell each other.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::http::refusal::Reason;
use crate::http::response::Response;

/// One for each connection. Both ends of it run in the connection's task.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Requests whose answers are not complete.
    busy: AtomicUsize,
    /// When the last answer was complete, or the last byte of it was written.
    idle_since: Mutex<Option<Instant>>,
    /// Why the last head was refused: one more than its index, 0 for not.
    refused: AtomicU8,
    /// Requests begun.
    begun: AtomicU64,
    /// The wire's task, where it holds bytes back until an answer is complete.
    held_back: Mutex<Option<Waker>>,
    /// A connection that is given away; the flag keeps the lock off each poll.
    is_taken: AtomicBool,
    taken: Mutex<Option<Taken>>,
    /// The end of the connection is the end of an answer.
    ends_an_answer: AtomicBool,
    /// The client has not taken all that hyper has to write.
    is_backed_up: AtomicBool,
    /// Bytes of a body's announced length that have not come.
    due: AtomicU64,
    /// The server stops, so the wire is to look whether there is more to read.
    is_stopping: AtomicBool,
    has_unread: AtomicBool,
}

/// Who has a connection that is given away.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) head: Option<Response>,
    pub(crate) end: UnixStream,
}

impl Shared {
    /// Why this request, which stands in for another, was refused.
    pub(crate) fn refusal(&self) -> Option<Reason> {
        let index = usize::from(self.refused.load(Ordering::Relaxed)).checked_sub(1)?;
        Reason::ALL.get(index).copied()
    }

    pub(crate) fn refuse(&self, reason: Reason) {
        self.refused.store(reason.index() as u8 + 1, Ordering::Relaxed);
    }

    pub(crate) fn give_away(&self, taken: Taken) {
        *self.taken.lock() = Some(taken);
        self.is_taken.store(true, Ordering::Release);
    }

    pub(crate) fn taken(&self) -> Option<Taken> {
        // hyper is not asked for what it has written and not sent, so that has to be gone.
        let is_ready = self.is_taken.load(Ordering::Acquire) && !self.is_backed_up.load(Ordering::Relaxed);
        if is_ready { self.taken.lock().take() } else { None }
    }

    /// How many requests have begun on this connection, this one included.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Nothing but the end of the connection will say where the answer ends (RFC 9112 section 6.3):
    /// if it ends otherwise than by a shutdown, the client has to see that.
    pub(crate) fn ends_an_answer(&self) {
        self.ends_an_answer.store(true, Ordering::Relaxed);
    }

    /// Whether that is so.
    pub(crate) fn has_no_other_end(&self) -> bool {
        self.ends_an_answer.load(Ordering::Relaxed)
    }

    /// Whether an answer has not been handed to hyper in full.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }

    /// Whether an answer has not been handed to the socket in full. hyper takes a body that is one
    /// piece whole, long before a slow client does.
    pub(crate) fn owes_an_answer(&self) -> bool {
        self.is_busy() || self.is_backed_up.load(Ordering::Relaxed)
    }

    /// Since when no answer has been owed; None before the first request.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        *self.idle_since.lock()
    }

    fn idles(&self) {
        *self.idle_since.lock() = Some(Instant::now());
    }

    /// The socket takes no more for now.
    pub(crate) fn backs_up(&self) {
        self.is_backed_up.store(true, Ordering::Relaxed);
    }

    /// All that there was to write is written. Returns whether that had to be waited for.
    pub(crate) fn flushed(&self) -> bool {
        let had_to_wait = self.is_backed_up.load(Ordering::Relaxed);
        if had_to_wait {
            self.idles();
            self.is_backed_up.store(false, Ordering::Relaxed);
        }
        had_to_wait
    }

    /// Notes how much of an announced body is still to come.
    pub(crate) fn is_due(&self, bytes: u64) {
        self.due.store(bytes, Ordering::Relaxed);
    }

    /// How much that is.
    pub(crate) fn due(&self) -> u64 {
        self.due.load(Ordering::Relaxed)
    }

    /// From now on the wire says whether it leaves anything unread.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn leaves_unread(&self, has_unread: bool) {
        self.has_unread.store(has_unread, Ordering::Relaxed);
    }

    pub(crate) fn has_unread(&self) -> bool {
        self.has_unread.load(Ordering::Relaxed)
    }

    /// `task` is woken when the answer in hand is complete.
    pub(crate) fn holds_back(&self, task: &Waker) {
        *self.held_back.lock() = Some(task.clone());
    }
}

/// Held from the head of a request until hyper has the last byte of its answer: until it is dropped
/// the connection does not idle.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Shared>);

impl Busy {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        shared.busy.fetch_add(1, Ordering::Relaxed);
        shared.begun.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.idles();
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
        if let Some(waker) = self.0.held_back.lock().take() {
            waker.wake();
        }
    }
}
