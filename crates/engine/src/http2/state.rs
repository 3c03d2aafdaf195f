//! What the transport and the streams of one connection tell each other.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::time::Instant;

/// Frames that a client may send ahead of what it earns by being served.
const MAX_CREDIT: u32 = 1000;

/// Frames that it earns in a second, so that a connection may live for ever on a few PINGs.
const CREDIT_PER_SECOND: u32 = 20;

/// Frames that it earns by a response. A request is one or two frames, and a client sends some SETTINGS, PRIORITY and
/// WINDOW_UPDATE frames along.
pub(super) const RESPONSE: u32 = 20;

/// One for each connection. All sides run in the connection's task, so the atomics are for `Sync` only, and relaxed.
#[derive(Debug, Default)]
pub(super) struct ConnectionState {
    /// The socket has not taken all that h2 has to write.
    is_backed_up: AtomicBool,
    /// The client has sent too many frames that bring nothing. None of what follows is read.
    is_flooding: AtomicBool,
    /// The connection ends for a fault, so the client may still be sending.
    is_faulty: AtomicBool,
    /// Since when a header block is incomplete.
    block_since: Mutex<Option<Instant>>,
    credit: Mutex<Credit>,
}

impl ConnectionState {
    pub(super) fn is_backed_up(&self) -> bool {
        self.is_backed_up.load(Ordering::Relaxed)
    }

    pub(super) fn set_backed_up(&self, is_backed_up: bool) {
        self.is_backed_up.store(is_backed_up, Ordering::Relaxed);
    }

    pub(super) fn is_flooding(&self) -> bool {
        self.is_flooding.load(Ordering::Relaxed)
    }

    pub(super) fn is_faulty(&self) -> bool {
        self.is_faulty.load(Ordering::Relaxed)
    }

    pub(super) fn set_faulty(&self) {
        self.is_faulty.store(true, Ordering::Relaxed);
    }

    pub(super) fn block_since(&self) -> Option<Instant> {
        *self.block_since.lock()
    }

    pub(super) fn set_in_block(&self, is_in_block: bool) {
        let mut since = self.block_since.lock();
        if is_in_block {
            since.get_or_insert_with(Instant::now);
        } else {
            *since = None;
        }
    }

    /// Has the client pay for `frames`.
    pub(super) fn charge(&self, frames: u32) {
        if !self.credit.lock().spend(frames) {
            self.is_flooding.store(true, Ordering::Relaxed);
        }
    }

    /// Lets the client send so many frames more: it was sent something.
    pub(super) fn earn(&self, frames: u32) {
        self.credit.lock().add(frames);
    }
}

/// A bucket of tokens.
#[derive(Debug)]
struct Credit {
    left: u32,
    /// When time was last turned into tokens.
    refilled_at: Option<Instant>,
}

impl Default for Credit {
    fn default() -> Self {
        Self { left: MAX_CREDIT, refilled_at: None }
    }
}

impl Credit {
    fn add(&mut self, frames: u32) {
        self.left = self.left.saturating_add(frames).min(MAX_CREDIT);
    }

    /// False if there is not enough. Asks for the time only then, or when much is spent.
    fn spend(&mut self, frames: u32) -> bool {
        if self.left < frames.saturating_add(MAX_CREDIT / 2) {
            let now = Instant::now();
            let refilled_at = *self.refilled_at.get_or_insert(now);
            let seconds = (now - refilled_at).as_secs();
            if seconds > 0 {
                self.refilled_at = Some(now);
                self.add(u32::try_from(seconds).unwrap_or(u32::MAX).saturating_mul(CREDIT_PER_SECOND));
            }
        }
        match self.left.checked_sub(frames) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_may_send_so_many_frames_and_then_as_many_as_it_earns() {
        let state = ConnectionState::default();
        (0..MAX_CREDIT).for_each(|_| state.charge(1));
        state.earn(RESPONSE);
        state.charge(RESPONSE);
        advance(Duration::from_secs(3)).await;
        state.charge(3 * CREDIT_PER_SECOND);
        assert!(!state.is_flooding());
        state.charge(1);
        assert!(state.is_flooding());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_spent_does_not_pile_up() {
        let state = ConnectionState::default();
        state.earn(MAX_CREDIT);
        advance(Duration::from_secs(1_000_000)).await;
        state.charge(MAX_CREDIT);
        assert!(!state.is_flooding());
        state.charge(1);
        assert!(state.is_flooding());
    }
}
