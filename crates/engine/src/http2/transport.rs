//! The transport between h2 and the socket of one connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

use crate::http1::linger::{Linger, Unread};
use crate::http2::options::Options;
use crate::http2::scanner::Scanner;
use crate::http2::state::ConnectionState;
use crate::io::connection_guard::ConnectionGuard;
use crate::io::socket::Socket;
use crate::io::stall::Stall;

/// Counts the client's frames, and ends the connection of a client that takes nothing.
pub(super) struct Transport<S: Socket> {
    stream: Option<S>,
    state: Arc<ConnectionState>,
    scanner: Scanner,
    stall: Stall,
    linger: Linger,
    /// Held until the socket is closed.
    guard: Arc<ConnectionGuard>,
    /// A drain waits for everything that holds one of these. Held as long as the guard.
    stopping: watch::Receiver<bool>,
    is_shut_down: bool,
}

impl<S: Socket> Transport<S> {
    pub(super) fn new(
        stream: S,
        state: Arc<ConnectionState>,
        options: &Options,
        guard: Arc<ConnectionGuard>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            stream: Some(stream),
            state,
            scanner: Scanner::new(),
            stall: Stall::new(options.timeouts.send),
            linger: options.timeouts.linger,
            guard,
            stopping,
            is_shut_down: false,
        }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut S>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn check_stall(
        &mut self,
        written: Poll<io::Result<usize>>,
        next: &[u8],
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let Some(stream) = &mut self.stream else { return Poll::Ready(Err(io::ErrorKind::NotConnected.into())) };
        let checked = self.stall.check(stream, written, next, cx);
        self.state.set_backed_up(checked.is_pending());
        checked
    }
}

impl<S: Socket> AsyncRead for Transport<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // The connection's task, which is running, looks for this next, and ends the connection.
        if this.state.is_flooding() {
            return Poll::Pending;
        }
        let start = buf.filled().len();
        ready!(this.stream()?.poll_read(cx, buf))?;
        let frames = this.scanner.feed(&buf.filled()[start..]);
        if frames > 0 {
            this.state.charge(frames);
        }
        this.state.set_in_block(this.scanner.is_in_block());
        Poll::Ready(Ok(()))
    }
}

impl<S: Socket> AsyncWrite for Transport<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write(cx, buf);
        self.check_stall(written, buf, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write_vectored(cx, bufs);
        self.check_stall(written, bufs.iter().find(|buf| !buf.is_empty()).map_or(&[], |buf| buf), cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TLS has a buffer of its own, which may wait for the client even if nothing is left to write.
        let flushed = self.stream()?.poll_flush(cx).map_ok(|()| 0);
        self.check_stall(flushed, &[], cx).map_ok(|_| ())
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

impl<S: Socket> Drop for Transport<S> {
    fn drop(&mut self) {
        let Some(mut stream) = self.stream.take() else { return };
        // As in HTTP/1: the system should not keep what a stalled client does not take.
        if self.stall.is_on() {
            stream.reset();
            return;
        }
        if !self.is_shut_down {
            stream.shut_down_write();
        }
        // Closing a socket that has unread bytes resets the connection, and the client might not see why it ends.
        if !self.state.is_faulty() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let guard = Arc::clone(&self.guard);
            let lingering = self.linger.run(stream, Unread::Nothing, Some(self.stopping.clone()));
            runtime.spawn(async move {
                lingering.await;
                drop(guard);
            });
        }
    }
}
