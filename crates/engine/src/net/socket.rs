//! What a connection asks of its socket besides bytes, and how one is closed.

use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The stream under a connection.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes closing it an error for the client, where the transport knows one.
    fn break_off(&self);

    /// Says that nothing more is coming. Closing does not where a process that the app has forked has a copy.
    fn end(&self);

    /// Sends what the system takes, be it so little that it does not say that there is room: Linux does so only when a
    /// third of its buffer is free, which a slow client may not bring about for minutes.
    ///
    /// # Errors
    ///
    /// `WouldBlock` where it takes nothing.
    fn push(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Whether bytes have come that nobody has read, be it that the runtime does not know of them yet.
    fn has_unread(&self) -> bool;
}

impl Socket for TcpStream {
    /// Closing sends a reset and drops what is unsent.
    fn break_off(&self) {
        let _ = self.set_zero_linger();
    }

    fn end(&self) {
        let _ = SockRef::from(self).shutdown(Shutdown::Write);
    }

    fn push(&self, bytes: &[u8]) -> io::Result<usize> {
        SockRef::from(self).send(bytes)
    }

    /// Asked of the system: the runtime only tells what its last look at all sockets found.
    fn has_unread(&self) -> bool {
        SockRef::from(self).peek(&mut [MaybeUninit::uninit()]).is_ok_and(|bytes| bytes > 0)
    }
}

#[cfg(feature = "fuzzing")]
impl Socket for tokio::io::DuplexStream {
    fn break_off(&self) {}

    fn end(&self) {}

    fn push(&self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn has_unread(&self) -> bool {
        false
    }
}

/// How long, and for how many bytes, we go on reading after a refusal. Closing at once would make
/// the kernel reset the connection for what is unread, and the client might never see the answer.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1024 * 1024;

/// Says that nothing more is coming, and reads what still comes, within bounds.
pub(crate) async fn linger(mut stream: impl Socket) {
    let drain = async {
        let _ = stream.shutdown().await;
        let mut left = LINGER_BYTES;
        let mut scratch = [0; 4096];
        while left > 0 {
            match stream.read(&mut scratch).await {
                Ok(read) if read > 0 => left = left.saturating_sub(read),
                _ => return,
            }
        }
    };
    let _ = timeout(LINGER, drain).await;
}
