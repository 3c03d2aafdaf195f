//! What a connection asks of its socket besides bytes.

use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

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
