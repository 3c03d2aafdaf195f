//! Clients that take nothing of their answer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// How long the writes of a connection have had to wait.
///
/// The timer is not moved for each write that waits, which is every one of a large answer: it runs on, and is set
/// anew where it fires too early.
#[derive(Debug)]
pub(crate) struct Stall {
    most: Option<Duration>,
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    is_filling: bool,
}

impl Stall {
    /// `most`: what is too long; None where nothing is.
    pub(crate) fn new(most: Option<Duration>) -> Self {
        Self { most, since: None, timer: None, is_filling: false }
    }

    /// Something was taken, or the time begins anew.
    pub(crate) fn end(&mut self) {
        self.since = None;
        self.is_filling = false;
    }

    /// There was room, though the system had not said so. That is no sign of a client that takes anything before all of
    /// the room is filled: so what comes next is pushed at once, and a new time begins when there is none left.
    pub(crate) fn fill(&mut self) {
        self.since = None;
        self.is_filling = true;
    }

    /// See [`Stall::fill`].
    pub(crate) fn is_filling(&self) -> bool {
        self.is_filling
    }

    /// Whether the last write had to wait.
    pub(crate) fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// A write has to wait: ready once it has for too long, and registers for a wake-up until then.
    pub(crate) fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let deadline = self.most.and_then(|most| since.checked_add(most));
        let Some(deadline) = deadline else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        loop {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            if timer.is_elapsed() {
                timer.as_mut().reset(deadline);
            }
            ready!(timer.as_mut().poll(cx));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::{advance, timeout};

    use super::*;

    const MOST: Duration = Duration::from_secs(10);
    const SECOND: Duration = Duration::from_secs(1);

    async fn is_late_within(stall: &mut Stall, time: Duration) -> bool {
        timeout(time, poll_fn(|cx| stall.poll_late(cx))).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_is_late_when_nothing_was_taken_for_too_long() {
        let mut stall = Stall::new(Some(MOST));
        assert!(!is_late_within(&mut stall, MOST - SECOND).await);
        assert!(stall.is_on());
        assert!(is_late_within(&mut stall, SECOND * 2).await);
    }

    #[tokio::test(start_paused = true)]
    async fn whatever_is_taken_begins_a_new_time() {
        let mut stall = Stall::new(Some(MOST));
        for _ in 0..5 {
            assert!(!is_late_within(&mut stall, MOST - SECOND).await);
            stall.end();
            assert!(!stall.is_on());
        }
        advance(MOST * 2).await;
        assert!(!is_late_within(&mut stall, MOST - SECOND).await);
        assert!(is_late_within(&mut stall, SECOND * 2).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_beyond_all_clocks_never_ends_nor_does_none() {
        for most in [Some(Duration::MAX), None] {
            let mut stall = Stall::new(most);
            assert!(!is_late_within(&mut stall, MOST).await);
            assert!(stall.is_on());
        }
    }
}
