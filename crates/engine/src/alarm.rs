//! One timer for many deadlines.

use std::pin::Pin;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is reset only when it fires. Successive deadlines are about equally far away, and resetting the timer
/// for each would take a lock of the runtime each time.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Mutex<Option<Pin<Box<Sleep>>>>);

impl Alarm {
    /// Whether `deadline` has passed. If not, wakes the task when it has.
    pub(crate) fn is_over(&self, deadline: Instant, cx: &mut Context<'_>) -> bool {
        let mut sleep = self.0.lock();
        let sleep = sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        while sleep.as_mut().poll(cx) == Poll::Ready(()) {
            if sleep.deadline() >= deadline {
                return true;
            }
            // It was set for an earlier deadline.
            sleep.as_mut().reset(deadline);
        }
        false
    }

    /// Drops the timer, which must happen before its runtime ends.
    pub(crate) fn clear(&self) {
        *self.0.lock() = None;
    }
}
