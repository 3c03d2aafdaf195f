//! Reading on for a client that was answered before it had sent all.
//!
//! Many clients read nothing before they have sent all, and closing a socket that has unread bytes makes the system
//! reset the connection: such a client never sees its answer.

use std::future::pending;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::http::chunks::Chunks;
use crate::net::socket::Socket;
use crate::settings::Settings;

/// How long a client may pause, as nginx's `lingering_timeout` has it.
const PAUSE: Duration = Duration::from_secs(5);

/// How long, and for how many bytes, to read on where no body is due any more, and how long once the server stops.
const LAST: Duration = Duration::from_secs(1);
const LAST_BYTES: u64 = 1024 * 1024;

/// Bytes that are read, and thrown away, at once.
const SCRATCH: usize = 16 * 1024;

/// How far to read on; see the settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linger {
    time: Duration,
    max_body_size: u64,
}

/// What of a request is still to come.
#[derive(Debug)]
pub(crate) enum Rest {
    /// So many bytes of its body. All of them are read: the client has said how many there are, and the time is a
    /// bound as well. So a body that is too large, and was refused for it, gets its 413.
    Length(u64),
    Chunked(Chunks),
    /// A body that nobody can follow, if there is one.
    Unknown,
    /// No body.
    Nothing,
}

impl Rest {
    fn take(&mut self, bytes: &[u8]) {
        match self {
            Self::Length(left) => *left = left.saturating_sub(bytes.len() as u64),
            Self::Chunked(chunks) => {
                if chunks.feed(bytes).is_err() {
                    *self = Self::Unknown;
                }
            }
            Self::Unknown | Self::Nothing => {}
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.is_done(),
            Self::Unknown => false,
            Self::Nothing => true,
        }
    }
}

impl Linger {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { time: settings.linger_timeout, max_body_size: settings.max_body_size.unwrap_or(u64::MAX) }
    }

    /// Says that nothing more is coming, and reads what still comes, within bounds. `stopping` turns true when the
    /// server stops; it is let go of at the end.
    pub(crate) async fn run(self, mut stream: impl Socket, rest: Rest, mut stopping: Option<watch::Receiver<bool>>) {
        let _ = timeout(self.time.min(PAUSE), stream.shutdown()).await;
        let stopped = async {
            match &mut stopping {
                Some(stopping) => {
                    let _ = stopping.wait_for(|stop| *stop).await;
                }
                None => pending().await,
            }
            sleep(LAST).await;
        };
        tokio::select! {
            biased;
            () = self.drain(&mut stream, rest) => {}
            () = sleep(self.time) => {}
            () = stopped => {}
        }
    }

    async fn drain(self, stream: &mut impl Socket, mut rest: Rest) {
        // How far beyond what the client has announced.
        let mut left = if matches!(rest, Rest::Length(_)) { u64::MAX } else { self.max_body_size };
        let mut last = None;
        let mut scratch = vec![0; SCRATCH];
        loop {
            if last.is_none() && rest.is_over() {
                left = LAST_BYTES;
                last = Some(Instant::now() + LAST);
            }
            let read = tokio::select! {
                biased;
                read = stream.read(&mut scratch) => read,
                () = sleep_until(last.unwrap_or_else(|| Instant::now() + PAUSE)) => return,
            };
            let Ok(read @ 1..) = read else { return };
            rest.take(&scratch[..read]);
            left = left.saturating_sub(read as u64);
            if left == 0 {
                return;
            }
        }
    }
}
