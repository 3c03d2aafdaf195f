//! What a connection asks of its socket besides reading and writing.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes closing it an error for the client, if the kind of socket has such a thing.
    fn reset(&self);

    /// Tells the client that nothing more is coming. Closing does not, if a process that the app has forked has a copy.
    fn shut_down_write(&self);

    /// Sends as much as the system takes, even if it has not reported the socket as writable: Linux does so only when a
    /// third of its buffer is free, which may take a slow client minutes.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if it takes nothing.
    fn send_now(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Whether bytes have come that were not read, even if the runtime does not know of them yet.
    fn has_unread(&self) -> bool;
}

#[cfg(feature = "fuzzing")]
impl Socket for tokio::io::DuplexStream {
    fn reset(&self) {}

    fn shut_down_write(&self) {}

    fn send_now(&self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn has_unread(&self) -> bool {
        false
    }
}
