//! One timer for many deadlines.

use std::pin::Pin;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is moved only when it fires: deadlines that follow one another are about as far away each,
/// and to move it for each costs a lock of the runtime's.
#[derive(Debug, Default)]
pub(crate) struct Alarm(Mutex<Option<Pin<Box<Sleep>>>>);

impl Alarm {
    /// Whether `deadline` is over; wakes the task then if not.
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
            // It was set for an earlier one.
            sleep.as_mut().reset(deadline);
        }
        false
    }

    /// Lets go of the timer, before the runtime that it belongs to ends.
    pub(crate) fn clear(&self) {
        *self.0.lock() = None;
    }
}
