//! What a connection asks of its socket besides reading and writing.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes closing it an error for the client, if the kind of socket has such a thing.
    fn reset(&mut self);

    /// Tells the client that nothing more is coming. Closing does not, if a process that the app has forked has a copy.
    fn shut_down_write(&mut self);

    /// Sends as much as the system takes, even if it has not reported the socket as writable: Linux does so only when a
    /// third of its buffer is free, which may take a slow client minutes. A socket with a buffer of its own sends what
    /// is in there first; then it may take none of the bytes although it got on.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the system takes nothing.
    fn send_now(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Whether bytes have come that were not read, even if the runtime does not know of them yet.
    fn has_unread(&self) -> bool;
}

#[cfg(feature = "fuzzing")]
impl Socket for tokio::io::DuplexStream {
    fn reset(&mut self) {}

    fn shut_down_write(&mut self) {}

    fn send_now(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn has_unread(&self) -> bool {
        false
    }
}
