//! Reading on after the response to a client that has not sent all of its request.
//!
//! Many clients read nothing before they have sent everything, and closing a socket that has unread bytes makes the
//! system reset the connection: such a client would never see its response.

use std::future::pending;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::http1::chunks::Chunks;
use crate::io::socket::Socket;
use crate::settings::Settings;

/// How long a client may pause, like nginx's `lingering_timeout`.
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// How long, and for how many bytes, to read on after the end of the body; also how long after the server stops.
const LAST: Duration = Duration::from_secs(1);
const LAST_BYTES: u64 = 1024 * 1024;

/// Bytes that are read, and thrown away, at a time.
const SCRATCH: usize = 16 * 1024;

/// How far to read on; see the settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Linger {
    max: Duration,
    max_body_size: u64,
}

/// The part of a request that has not been read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// This many bytes of its body. All of them are read, within the time: the client has said how many there are. So a
    /// client whose body is refused as too large gets its 413.
    Length(u64),
    Chunked(Chunks),
    /// A body whose end cannot be recognised, or none.
    Unknown,
    /// Nothing.
    Nothing,
}

impl Unread {
    fn advance(&mut self, bytes: &[u8]) {
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

    fn is_done(&self) -> bool {
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
        Self { max: settings.linger_timeout, max_body_size: settings.max_body_size.unwrap_or(u64::MAX) }
    }

    /// Shuts the sending side down, and reads what still comes, within limits. `stopping` turns true when the server
    /// stops; it is dropped at the end.
    pub(crate) async fn run(
        self,
        mut stream: impl Socket,
        unread: Unread,
        mut stopping: Option<watch::Receiver<bool>>,
    ) {
        let _ = timeout(self.max.min(MAX_PAUSE), stream.shutdown()).await;
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
            () = self.read_on(&mut stream, unread) => {}
            () = sleep(self.max) => {}
            () = stopped => {}
        }
    }

    async fn read_on(self, stream: &mut impl Socket, mut unread: Unread) {
        // Bytes that may come; a client that has announced a length is held to that instead.
        let mut left = if matches!(unread, Unread::Length(_)) { u64::MAX } else { self.max_body_size };
        let mut deadline = None;
        let mut scratch = vec![0; SCRATCH];
        loop {
            if deadline.is_none() && unread.is_done() {
                left = LAST_BYTES;
                deadline = Some(Instant::now() + LAST);
            }
            let read = tokio::select! {
                biased;
                read = stream.read(&mut scratch) => read,
                () = sleep_until(deadline.unwrap_or_else(|| Instant::now() + MAX_PAUSE)) => return,
            };
            let Ok(read @ 1..) = read else { return };
            unread.advance(&scratch[..read]);
            left = left.saturating_sub(read as u64);
            if left == 0 {
                return;
            }
        }
    }
}
