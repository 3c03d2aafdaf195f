//! The transport between hyper and the socket of one connection: writing.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use tokio::io::AsyncWrite;

use super::Transport;
use crate::io::socket::Socket;

impl<S: Socket> Transport<S> {
    /// Writes the interim responses that go before whatever hyper writes next.
    fn poll_interim(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(more) = self.state.take_interim() {
            self.interim =
                if self.interim.is_empty() { more.into() } else { [&self.interim[..], &more].concat().into() };
        }
        while !self.interim.is_empty() {
            let next = self.interim.clone();
            let written = self.stream()?.poll_write(cx, &next);
            match ready!(self.check_stall(written, &next, cx))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.interim.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Turns the result of writing `next` into an error if the client has taken nothing for too long. `next` is empty
    /// for a flush.
    fn check_stall(
        &mut self,
        written: Poll<io::Result<usize>>,
        next: &[u8],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_pending() {
            self.state.set_backed_up();
        }
        let Some(stream) = &mut self.stream else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        self.stall.check(stream, written, next, cx)
    }
}

impl<S: Socket> AsyncWrite for Transport<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_interim(cx))?;
        let written = self.stream()?.poll_write(cx, buf);
        self.check_stall(written, buf, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_interim(cx))?;
        let written = self.stream()?.poll_write_vectored(cx, bufs);
        self.check_stall(written, bufs.iter().find(|buf| !buf.is_empty()).map_or(&[], |buf| buf), cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_interim(cx))?;
        // TLS has a buffer of its own, which may wait for the client even if nothing is left to write.
        let flushed = self.stream()?.poll_flush(cx).map_ok(|()| 0);
        ready!(self.check_stall(flushed, &[], cx))?;
        // hyper may have read the next request meanwhile, and does not begin it when a flush that it had to wait for is
        // over: it has to be polled again.
        if self.state.set_flushed() {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut_down {
            // As with a flush: TLS first writes what it has.
            let shut_down = self.stream()?.poll_shutdown(cx).map_ok(|()| 0);
            ready!(self.check_stall(shut_down, &[], cx))?;
            self.is_shut_down = true;
        }
        Poll::Ready(Ok(()))
    }
}
