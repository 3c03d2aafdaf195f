//! The transport between hyper and the socket of one connection: reading.
//!
//! It passes on whole, well-formed heads and well-formed bodies only, and enforces the timeouts. A head that is refused
//! never reaches hyper, which gets a [`RefusedRequest`] instead.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::http1::chunks::Chunks;
use crate::http1::framing::{Delimiter, HeadLimits, PartialHead, check_head};
use crate::http1::linger::Unread;
use crate::http1::options::{Options, Timeouts};
use crate::http1::refused_request::RefusedRequest;
use crate::http1::state::ConnectionState;
use crate::io::connection_guard::ConnectionGuard;
use crate::io::rewind::Opened;
use crate::io::socket::Socket;
use crate::io::stall::Stall;
use crate::refusal::Reason;

mod write;

/// Bytes that a client may send ahead of the response to its request for an upgrade.
const MAX_AHEAD: usize = 64 * 1024;

/// What the client sends next.
#[derive(Debug)]
enum Expecting {
    Head,
    Length(u64),
    Chunked(Chunks),
    /// The head asked for an upgrade. What follows is held back until the response tells what it is.
    UpgradeResponse,
    /// A head was refused: nothing that follows counts.
    Nothing,
    /// A body was malformed or late, or the connection idled too long. hyper gets an error, or the end of the
    /// connection.
    Failure(io::ErrorKind),
}

pub(crate) struct Transport<S: Socket> {
    stream: Option<S>,
    state: Arc<ConnectionState>,
    limits: HeadLimits,
    timeouts: Timeouts,
    /// Held until the socket is closed, lingering included: or else refused clients could hold more sockets than there
    /// may be connections.
    guard: Arc<ConnectionGuard>,
    /// A drain waits for everything that holds one of these. Held as long as the guard.
    stopping: watch::Receiver<bool>,
    expecting: Expecting,
    /// Bytes from the socket that hyper has not got. The first `ready` of them may be passed on.
    read_buf: Vec<u8>,
    ready: usize,
    /// Set while `read_buf` holds an incomplete head.
    partial_head: Option<PartialHead>,
    refused_request: RefusedRequest,
    is_shut_down: bool,
    /// What is left to write of interim responses.
    interim: Bytes,
    stall: Stall,
    opened_at: Instant,
    /// When the first byte of the first head came, if that was before HTTP/1 began. Until the head is read.
    began_at: Option<Instant>,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S: Socket> Transport<S> {
    pub(crate) fn new(
        stream: S,
        state: Arc<ConnectionState>,
        options: &Options,
        guard: Arc<ConnectionGuard>,
        stopping: watch::Receiver<bool>,
        opened: Opened,
    ) -> Self {
        Self {
            stream: Some(stream),
            state,
            limits: options.limits,
            timeouts: options.timeouts,
            guard,
            stopping,
            expecting: Expecting::Head,
            read_buf: Vec::new(),
            ready: 0,
            partial_head: None,
            refused_request: RefusedRequest::default(),
            is_shut_down: false,
            interim: Bytes::new(),
            stall: Stall::new(options.timeouts.send),
            opened_at: opened.at,
            began_at: opened.first_byte_at,
            waiting_since: None,
            timer: None,
        }
    }

    /// The socket, the bytes from it that hyper has not got, and how many bytes at the end of what hyper got never came
    /// from it.
    pub(crate) fn into_parts(mut self) -> Option<(S, Vec<u8>, usize)> {
        Some((self.stream.take()?, std::mem::take(&mut self.read_buf), self.refused_request.delivered()))
    }

    /// Checks `bytes`, which follow what was checked before. Returns how many of them may be passed on.
    fn scan(&mut self, bytes: &[u8]) -> usize {
        self.partial_head = None;
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match &mut self.expecting {
                Expecting::Head => match check_head(rest, &self.limits) {
                    Ok(Some(head)) => {
                        at += head.length;
                        // What follows may be the start of another head, with a deadline of its own.
                        self.waiting_since = None;
                        self.expecting = match head.body {
                            Delimiter::Length(length) => {
                                self.state.set_body_left(length);
                                Expecting::Length(length)
                            }
                            Delimiter::Chunked => Expecting::Chunked(Chunks::new()),
                            Delimiter::None if head.upgrade => Expecting::UpgradeResponse,
                            Delimiter::None => Expecting::Head,
                        };
                    }
                    Ok(None) => break,
                    Err(reason) => self.refuse(reason, rest),
                },
                Expecting::Length(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= taken as u64;
                    at += taken;
                    self.state.set_body_left(*left);
                    if *left == 0 {
                        self.expecting = Expecting::Head;
                    }
                }
                Expecting::Chunked(chunks) => match chunks.feed(rest) {
                    Ok(taken) => {
                        at += taken;
                        if chunks.is_done() {
                            self.expecting = Expecting::Head;
                        }
                    }
                    Err(_) => self.expecting = Expecting::Failure(io::ErrorKind::InvalidData),
                },
                Expecting::UpgradeResponse | Expecting::Nothing | Expecting::Failure(_) => break,
            }
        }
        at
    }

    fn rescan_read_buf(&mut self) {
        let read_buf = std::mem::take(&mut self.read_buf);
        self.ready = self.scan(&read_buf);
        self.read_buf = read_buf;
    }

    fn refuse(&mut self, reason: Reason, head: &[u8]) {
        self.state.refuse(reason);
        self.expecting = Expecting::Nothing;
        self.refused_request.replace(head);
    }

    /// Gives hyper what is ready. False if nothing is.
    fn deliver(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        if self.ready > 0 {
            let taken = self.ready.min(buf.remaining());
            buf.put_slice(&self.read_buf[..taken]);
            self.read_buf.drain(..taken);
            self.ready -= taken;
            return true;
        }
        self.refused_request.deliver(buf)
    }

    /// Checks what was read into `buf` behind `start`. Leaves there what may be passed on, and moves the rest to
    /// `read_buf`.
    fn fill_buffer(&mut self, buf: &mut ReadBuf<'_>, start: usize) {
        if self.read_buf.is_empty() {
            let ready = self.scan(&buf.filled()[start..]);
            self.read_buf.extend_from_slice(&buf.filled()[start + ready..]);
            buf.set_filled(start + ready);
            return;
        }
        let new = &buf.filled()[start..];
        let must_rescan = !matches!(self.expecting, Expecting::Head)
            || self
                .partial_head
                .get_or_insert_with(|| PartialHead::new(&self.read_buf, &self.limits))
                .extend(new, &self.limits);
        self.read_buf.extend_from_slice(new);
        buf.set_filled(start);
        if must_rescan {
            self.rescan_read_buf();
        }
    }

    /// When the client is too late with what it is expected to send; None if it is expected to send nothing.
    fn deadline(&mut self) -> Option<Instant> {
        let (since, max) = match self.expecting {
            // hyper does not read again when its response is complete, so nothing here sees the connection become idle:
            // the timer runs on while it is busy, and finds that out. Nor does hyper read while the connection is busy,
            // so half a head is no fault of the client's then.
            Expecting::Head if self.state.is_response_pending() => (Instant::now(), self.check_interval()),
            Expecting::UpgradeResponse => (Instant::now(), self.check_interval()),
            Expecting::Head if self.read_buf.is_empty() => match self.state.idle_since() {
                Some(since) => (since, self.timeouts.keep_alive),
                None => (self.opened_at, self.timeouts.head),
            },
            Expecting::Head => (self.waiting_since(), self.timeouts.head),
            Expecting::Length(_) | Expecting::Chunked(_) => (self.waiting_since(), self.timeouts.body),
            Expecting::Nothing | Expecting::Failure(_) => return None,
        };
        since.checked_add(max)
    }

    /// How often to check whether the connection idles. Not at once, even if it must not idle at all.
    fn check_interval(&self) -> Duration {
        self.timeouts.keep_alive.max(Duration::from_secs(1))
    }

    fn waiting_since(&mut self) -> Instant {
        *self.waiting_since.get_or_insert_with(Instant::now)
    }

    /// Whether the deadline has passed. If not, wakes the task when it may have.
    ///
    /// The timer is not reset for each request: it runs on, and when it fires it is set to the deadline of that moment.
    /// Resetting it would cost more than the whole scan of a request.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let awaits_response = match self.expecting {
            Expecting::Head => self.state.is_response_pending(),
            Expecting::UpgradeResponse => true,
            _ => false,
        };
        if awaits_response && self.timer.as_ref().is_some_and(|timer| !timer.is_elapsed()) {
            return false;
        }
        loop {
            let Some(deadline) = self.deadline() else { return false };
            let now = Instant::now();
            if now >= deadline {
                return true;
            }
            // Not later than one check interval from now: by then the connection may be idle.
            let check = now.checked_add(self.check_interval()).map_or(deadline, |check| deadline.min(check));
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(check)));
            if timer.is_elapsed() || timer.deadline() > check {
                timer.as_mut().reset(check);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return false;
            }
        }
    }

    /// Acts on a deadline that has passed.
    fn time_out(&mut self) {
        self.waiting_since = None;
        match self.expecting {
            Expecting::Head if self.read_buf.is_empty() => {
                self.expecting = Expecting::Failure(io::ErrorKind::ConnectionAborted);
            }
            Expecting::Head => {
                let read_buf = std::mem::take(&mut self.read_buf);
                self.refuse(Reason::HeadTimeout, &read_buf);
                // If an earlier response hijacks the connection, the app gets these bytes.
                self.read_buf = read_buf;
            }
            _ => self.expecting = Expecting::Failure(io::ErrorKind::TimedOut),
        }
    }

    /// What the client may still be sending; None if it sends nothing.
    fn unread(&mut self) -> Option<Unread> {
        match std::mem::replace(&mut self.expecting, Expecting::Nothing) {
            Expecting::Head if self.read_buf.is_empty() => None,
            Expecting::Length(left) => Some(Unread::Length(left)),
            Expecting::Chunked(chunks) => Some(Unread::Chunked(chunks)),
            // A client whose head is late has no body to get rid of before it reads.
            Expecting::Nothing if self.state.refusal() != Some(Reason::HeadTimeout) => Some(Unread::Unknown),
            Expecting::Failure(kind) if kind != io::ErrorKind::ConnectionAborted => Some(Unread::Unknown),
            Expecting::Head | Expecting::UpgradeResponse | Expecting::Nothing | Expecting::Failure(_) => {
                Some(Unread::Nothing)
            }
        }
    }

    /// Whether the client has begun another request: bytes are unread, or half a head has come. An empty line behind
    /// the last request does not count (RFC 9112 section 2.2).
    fn has_begun_request(&mut self) -> io::Result<bool> {
        let has_partial_head = matches!(self.expecting, Expecting::Head)
            && self.read_buf.iter().any(|byte| !matches!(byte, b'\r' | b'\n'));
        Ok(has_partial_head || self.stream()?.has_unread())
    }

    fn stream(&mut self) -> io::Result<Pin<&mut S>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<S: Socket> AsyncRead for Transport<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.deliver(buf) {
                return Poll::Ready(Ok(()));
            }
            match this.expecting {
                // hyper must not see an end before it has answered; its response closes. Nothing has to wake this task:
                // the response to a refused request waits for nothing.
                Expecting::Nothing => return Poll::Pending,
                // The silent end of an idle connection.
                Expecting::Failure(io::ErrorKind::ConnectionAborted) => return Poll::Ready(Ok(())),
                Expecting::Failure(kind) => return Poll::Ready(Err(kind.into())),
                Expecting::UpgradeResponse if !this.state.is_busy() => {
                    // It was an ordinary response, so what follows are requests.
                    this.expecting = Expecting::Head;
                    this.rescan_read_buf();
                    continue;
                }
                Expecting::UpgradeResponse if !this.read_buf.is_empty() => {
                    this.state.hold_back(cx.waker());
                    if this.read_buf.len() >= MAX_AHEAD {
                        return Poll::Pending;
                    }
                }
                _ => {}
            }
            let start = buf.filled().len();
            match this.stream()?.poll_read(cx, buf) {
                Poll::Ready(Ok(())) if buf.filled().len() == start => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {
                    // A head has one deadline from its first byte; a body has one for each gap.
                    if this.read_buf.is_empty() {
                        this.waiting_since = this.began_at.take();
                    }
                    this.fill_buffer(buf, start);
                    if buf.filled().len() > start {
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    if !this.is_late(cx) {
                        if this.state.is_stopping() {
                            let has_unread = this.has_begun_request()?;
                            this.state.set_has_unread(has_unread);
                        }
                        return Poll::Pending;
                    }
                    this.time_out();
                }
            }
        }
    }
}

impl<S: Socket> Drop for Transport<S> {
    fn drop(&mut self) {
        let unread = self.unread();
        let Some(mut stream) = self.stream.take() else { return };
        // Reset instead of closing if the client is stalled, whose unsent bytes the system should not keep; or if EOF
        // would falsely mark an HTTP/1.0 body as complete. A plain close would not do if a forked process has a copy of
        // the socket: the client would wait for that process.
        if self.stall.is_on() || (self.state.is_close_delimited() && !self.is_shut_down) {
            stream.reset();
            return;
        }
        if !self.is_shut_down {
            stream.shut_down_write();
        }
        let Some(unread) = unread else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (guard, stopping) = (Arc::clone(&self.guard), self.stopping.clone());
            let lingering = self.timeouts.linger.run(stream, unread, Some(stopping));
            runtime.spawn(async move {
                lingering.await;
                drop(guard);
            });
        }
    }
}
