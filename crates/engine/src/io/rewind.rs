//! A stream of which some was read already.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::io::socket::Socket;

/// A stream with bytes in front that were read from it before.
#[derive(Debug)]
pub(crate) struct Rewind<S> {
    front: Bytes,
    stream: S,
}

impl<S> Rewind<S> {
    pub(crate) fn new(stream: S, front: impl Into<Bytes>) -> Self {
        Self { front: front.into(), stream }
    }
}

/// When a connection began, for the deadlines of the protocol that takes it over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened {
    pub(crate) at: Instant,
    /// When its first byte was read; None if none was.
    pub(crate) first_byte_at: Option<Instant>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewind<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.front.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let length = self.front.len().min(buf.remaining());
        buf.put_slice(&self.front[..length]);
        self.front.advance(length);
        // The memory of a buffer goes with its last reference.
        if self.front.is_empty() {
            self.front = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewind<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: Socket> Socket for Rewind<S> {
    fn reset(&mut self) {
        self.stream.reset();
    }

    fn shut_down_write(&mut self) {
        self.stream.shut_down_write();
    }

    fn send_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.send_now(bytes)
    }

    fn has_unread(&self) -> bool {
        !self.front.is_empty() || self.stream.has_unread()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use crate::io::stream::Stream;

    use super::*;

    #[tokio::test]
    async fn what_was_read_is_read_again_and_then_the_rest() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut rewound = Rewind::new(Stream::Tcp(stream), &b"abc"[..]);
        assert!(rewound.has_unread());
        let mut two = [0; 2];
        assert_eq!((rewound.read(&mut two).await.unwrap(), &two), (2, b"ab"));
        client.write_all(b"def").await.unwrap();
        assert_eq!((rewound.read(&mut two).await.unwrap(), two[0]), (1, b'c'));
        assert_eq!((rewound.read(&mut two).await.unwrap(), &two), (2, b"de"));
        let mut last = [0; 1];
        rewound.read_exact(&mut last).await.unwrap();
        assert_eq!(&last, b"f");
        assert!(!rewound.has_unread());
        rewound.write_all(b"back").await.unwrap();
        let mut back = [0; 4];
        client.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, b"back");
    }
}
