//! Clients that take nothing of their response.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::io::socket::Socket;

/// Measures how long a connection's writes have had to wait.
///
/// The timer is not reset for each write that waits, because in a large response all of them do. It runs on, and is set
/// again if it fires too early.
#[derive(Debug)]
pub(crate) struct Stall {
    max: Option<Duration>,
    since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    is_filling: bool,
}

impl Stall {
    /// `max`: how long a client may take nothing; None for no limit.
    pub(crate) fn new(max: Option<Duration>) -> Self {
        Self { max, since: None, timer: None, is_filling: false }
    }

    /// The client took something, or the time starts again.
    fn end(&mut self) {
        self.since = None;
        self.is_filling = false;
    }

    /// The system had room, although it had not reported the socket as writable. Only when all of that room is filled
    /// does more of it prove that the client takes something. So the next writes are sent at once, and the time starts
    /// again when no room is left.
    fn fill(&mut self) {
        self.since = None;
        self.is_filling = true;
    }

    /// Turns the result of writing `next` to `socket` into an error if the client has taken nothing for too long. `next`
    /// is empty for a flush.
    pub(crate) fn check(
        &mut self,
        socket: &mut impl Socket,
        written: Poll<io::Result<usize>>,
        next: &[u8],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.end();
            return written;
        }
        if !self.is_filling {
            ready!(self.poll_timed_out(cx));
        }
        match socket.send_now(next) {
            // The socket got on with what it had before. There is room now.
            Ok(0) => {
                self.fill();
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Ok(sent) => {
                self.fill();
                Poll::Ready(Ok(sent))
            }
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Poll::Ready(Err(error)),
            Err(_) => {
                if self.is_filling {
                    self.end();
                    ready!(self.poll_timed_out(cx));
                }
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }

    /// Whether the last write had to wait.
    pub(crate) fn is_on(&self) -> bool {
        self.since.is_some()
    }

    /// Called when a write has to wait. Ready once the client has taken nothing for too long.
    fn poll_timed_out(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let deadline = self.max.and_then(|max| since.checked_add(max));
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

    const MAX: Duration = Duration::from_secs(10);
    const SECOND: Duration = Duration::from_secs(1);

    async fn times_out_within(stall: &mut Stall, time: Duration) -> bool {
        timeout(time, poll_fn(|cx| stall.poll_timed_out(cx))).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_times_out_when_the_client_took_nothing_for_too_long() {
        let mut stall = Stall::new(Some(MAX));
        assert!(!times_out_within(&mut stall, MAX - SECOND).await);
        assert!(stall.is_on());
        assert!(times_out_within(&mut stall, SECOND * 2).await);
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_starts_again_when_the_client_takes_something() {
        let mut stall = Stall::new(Some(MAX));
        for _ in 0..5 {
            assert!(!times_out_within(&mut stall, MAX - SECOND).await);
            stall.end();
            assert!(!stall.is_on());
        }
        advance(MAX * 2).await;
        assert!(!times_out_within(&mut stall, MAX - SECOND).await);
        assert!(times_out_within(&mut stall, SECOND * 2).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_beyond_the_clock_never_ends_and_neither_does_no_limit() {
        for max in [Some(Duration::MAX), None] {
            let mut stall = Stall::new(max);
            assert!(!times_out_within(&mut stall, MAX).await);
            assert!(stall.is_on());
        }
    }
}
