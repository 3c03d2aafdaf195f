//! The reading side of a connection, between the socket and hyper.
//!
//! It passes on whole, well-formed heads and well-formed bodies, and keeps the deadlines. A head
//! that is refused never reaches hyper, which gets a [`StandIn`].

use std::any::Any;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::http::chunks::Chunks;
use crate::http::framing::{Beginning, Delimiter, HeadLimits, check_head};
use crate::http::refusal::Reason;
use crate::net::linger::{Linger, Rest};
use crate::net::shared::Shared;
use crate::net::socket::Socket;
use crate::net::stall::Stall;
use crate::net::stand_in::StandIn;

mod sending;

/// How long a client may take; see the settings of the same names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) head: Duration,
    pub(crate) idle: Duration,
    pub(crate) body: Duration,
    pub(crate) send: Option<Duration>,
    pub(crate) linger: Linger,
}

/// Bytes that a client may send ahead of the answer to its request for an upgrade.
const MOST_AHEAD: usize = 64 * 1024;

#[derive(Debug)]
enum Expects {
    Head,
    Length(u64),
    Chunked(Chunks),
    /// The head asked for an upgrade: what follows is held until the answer says what it is.
    Answer,
    /// A head was refused: nothing that follows counts.
    Nothing,
    /// A body was malformed or late: hyper is told by an error.
    Failure(io::ErrorKind),
}

/// What is given back when the last part of a connection is dropped.
pub(crate) type Tenancy = Arc<dyn Any + Send + Sync>;

/// A connection's socket.
pub(crate) struct Wire<S: Socket> {
    stream: Option<S>,
    shared: Arc<Shared>,
    limits: HeadLimits,
    patience: Patience,
    /// What the connection is counted by: held until its socket is closed, lingering included, or
    /// refused clients could hold more sockets than connections are allowed.
    tenancy: Tenancy,
    /// A drain is not over while somebody has one of these: held for as long as the tenancy.
    stopping: watch::Receiver<bool>,
    expects: Expects,
    /// Bytes read from the socket and not passed on; the first `passed` of them may be.
    held: Vec<u8>,
    passed: usize,
    /// What is known of what is held, where that is a head that is not whole.
    beginning: Option<Beginning>,
    stand_in: StandIn,
    /// Nothing more is sent.
    is_shut: bool,
    stall: Stall,
    opened: Instant,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S: Socket> Wire<S> {
    pub(crate) fn new(
        stream: S,
        shared: Arc<Shared>,
        limits: HeadLimits,
        patience: Patience,
        tenancy: Tenancy,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            stream: Some(stream),
            shared,
            limits,
            patience,
            tenancy,
            stopping,
            expects: Expects::Head,
            held: Vec::new(),
            passed: 0,
            beginning: None,
            stand_in: StandIn::default(),
            is_shut: false,
            stall: Stall::new(patience.send),
            opened: Instant::now(),
            waiting_since: None,
            timer: None,
        }
    }

    /// The socket, what was read from it and not passed on, and how many bytes at the end of what
    /// was passed on never came from it.
    pub(crate) fn into_parts(mut self) -> Option<(S, Vec<u8>, usize)> {
        Some((self.stream.take()?, std::mem::take(&mut self.held), self.stand_in.given()))
    }

    /// How many of `bytes`, which follow what was scanned before, may be passed on.
    fn scan(&mut self, bytes: &[u8]) -> usize {
        self.beginning = None;
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match &mut self.expects {
                Expects::Head => match check_head(rest, &self.limits) {
                    Ok(Some(head)) => {
                        at += head.length;
                        // What follows may be a head that has just begun.
                        self.waiting_since = None;
                        self.expects = match head.body {
                            Delimiter::Length(length) => {
                                self.shared.is_due(length);
                                Expects::Length(length)
                            }
                            Delimiter::Chunked => Expects::Chunked(Chunks::new()),
                            Delimiter::None if head.upgrade => Expects::Answer,
                            Delimiter::None => Expects::Head,
                        };
                    }
                    Ok(None) => break,
                    Err(reason) => self.refuse(reason, rest),
                },
                Expects::Length(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= taken as u64;
                    at += taken;
                    self.shared.is_due(*left);
                    if *left == 0 {
                        self.expects = Expects::Head;
                    }
                }
                Expects::Chunked(chunks) => match chunks.feed(rest) {
                    Ok(taken) => {
                        at += taken;
                        if chunks.is_done() {
                            self.expects = Expects::Head;
                        }
                    }
                    Err(_) => self.expects = Expects::Failure(io::ErrorKind::InvalidData),
                },
                Expects::Answer | Expects::Nothing | Expects::Failure(_) => break,
            }
        }
        at
    }

    fn refuse(&mut self, reason: Reason, head: &[u8]) {
        self.shared.refuse(reason);
        self.expects = Expects::Nothing;
        self.stand_in.stand_for(head);
    }

    /// Gives hyper what is ready. False if there is nothing.
    fn deliver(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        if self.passed > 0 {
            let taken = self.passed.min(buf.remaining());
            buf.put_slice(&self.held[..taken]);
            self.held.drain(..taken);
            self.passed -= taken;
            return true;
        }
        self.stand_in.deliver(buf)
    }

    /// Scans what has come into `buf` behind `start`, and leaves there what may be passed on.
    fn sort(&mut self, buf: &mut ReadBuf<'_>, start: usize) {
        if self.held.is_empty() {
            let passed = self.scan_filled(buf, start);
            self.held.extend_from_slice(&buf.filled()[start + passed..]);
            buf.set_filled(start + passed);
            return;
        }
        let new = &buf.filled()[start..];
        let worth_it = !matches!(self.expects, Expects::Head)
            || self.beginning.get_or_insert_with(|| Beginning::of(&self.held)).may_be_decided_by(new, &self.limits);
        self.held.extend_from_slice(new);
        buf.set_filled(start);
        if worth_it {
            let held = std::mem::take(&mut self.held);
            self.passed = self.scan(&held);
            self.held = held;
        }
    }

    fn scan_filled(&mut self, buf: &ReadBuf<'_>, start: usize) -> usize {
        self.scan(&buf.filled()[start..])
    }

    /// When the client will have waited too long to send what is expected; None while there is
    /// nothing to wait for.
    fn deadline(&mut self) -> Option<Instant> {
        let (since, patience) = match self.expects {
            // hyper does not read again when its answer is complete, so nothing here sees the
            // connection go idle: the timer runs on while it is busy and finds that out. Nor does it read
            // on while it is busy, so that half a head is no fault of the client's.
            Expects::Head if self.shared.owes_an_answer() => (Instant::now(), self.check_after()),
            Expects::Answer => (Instant::now(), self.check_after()),
            Expects::Head if self.held.is_empty() => match self.shared.idle_since() {
                Some(since) => (since, self.patience.idle),
                None => (self.opened, self.patience.head),
            },
            Expects::Head => (self.waiting_since(), self.patience.head),
            Expects::Length(_) | Expects::Chunked(_) => (self.waiting_since(), self.patience.body),
            Expects::Nothing | Expects::Failure(_) => return None,
        };
        since.checked_add(patience)
    }

    /// How often to look whether the connection idles. Not at once where it may not idle at all.
    fn check_after(&self) -> Duration {
        self.patience.idle.max(Duration::from_secs(1))
    }

    fn waiting_since(&mut self) -> Instant {
        *self.waiting_since.get_or_insert_with(Instant::now)
    }

    /// Whether the deadline is over; registers for a wake-up if not.
    ///
    /// The timer is not moved for each request: it runs on, and when it fires it is set to what the
    /// deadline is by then. Moving it would cost more than a request's whole scan.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let waits_for_answer = match self.expects {
            Expects::Head => self.shared.owes_an_answer(),
            Expects::Answer => true,
            _ => false,
        };
        if waits_for_answer && self.timer.as_ref().is_some_and(|timer| !timer.is_elapsed()) {
            return false;
        }
        loop {
            let Some(deadline) = self.deadline() else { return false };
            let now = Instant::now();
            if now >= deadline {
                return true;
            }
            // Never later than an idle time from now: by then the connection may idle.
            let check = now.checked_add(self.check_after()).map_or(deadline, |idle| deadline.min(idle));
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(check)));
            if timer.is_elapsed() || timer.deadline() > check {
                timer.as_mut().reset(check);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return false;
            }
        }
    }

    /// What being late means.
    fn expire(&mut self) {
        self.waiting_since = None;
        match self.expects {
            Expects::Head if self.held.is_empty() => self.expects = Expects::Failure(io::ErrorKind::ConnectionAborted),
            Expects::Head => {
                let held = std::mem::take(&mut self.held);
                self.refuse(Reason::HeadTimeout, &held);
                // Whoever may be given the connection gets it.
                self.held = held;
            }
            _ => self.expects = Expects::Failure(io::ErrorKind::TimedOut),
        }
    }

    /// What may still be on its way; None if nothing is.
    fn rest(&mut self) -> Option<Rest> {
        match std::mem::replace(&mut self.expects, Expects::Nothing) {
            Expects::Head if self.held.is_empty() => None,
            Expects::Length(left) => Some(Rest::Length(left)),
            Expects::Chunked(chunks) => Some(Rest::Chunked(chunks)),
            // A head that is late has no body behind it that its client would have to get rid of first.
            Expects::Nothing if self.shared.refusal() != Some(Reason::HeadTimeout) => Some(Rest::Unknown),
            Expects::Failure(kind) if kind != io::ErrorKind::ConnectionAborted => Some(Rest::Unknown),
            Expects::Head | Expects::Answer | Expects::Nothing | Expects::Failure(_) => Some(Rest::Nothing),
        }
    }

    fn stream(&mut self) -> io::Result<Pin<&mut S>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<S: Socket> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.deliver(buf) {
                return Poll::Ready(Ok(()));
            }
            match this.expects {
                // hyper must not see an end before it has answered; its answer closes. Nothing has to wake
                // us: the answer to a refused request waits for nobody.
                Expects::Nothing => return Poll::Pending,
                // The silent end of a connection that idles.
                Expects::Failure(io::ErrorKind::ConnectionAborted) => return Poll::Ready(Ok(())),
                Expects::Failure(kind) => return Poll::Ready(Err(kind.into())),
                Expects::Answer if !this.shared.is_busy() => {
                    // It was an ordinary answer, and what follows are requests.
                    this.expects = Expects::Head;
                    let held = std::mem::take(&mut this.held);
                    this.passed = this.scan(&held);
                    this.held = held;
                    continue;
                }
                Expects::Answer if !this.held.is_empty() => {
                    this.shared.holds_back(cx.waker());
                    if this.held.len() >= MOST_AHEAD {
                        return Poll::Pending;
                    }
                }
                _ => {}
            }
            let start = buf.filled().len();
            match this.stream()?.poll_read(cx, buf) {
                Poll::Ready(Ok(())) if buf.filled().len() == start => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(())) => {
                    // A head has one deadline from its first byte; a body's is for each gap.
                    if this.held.is_empty() {
                        this.waiting_since = None;
                    }
                    this.sort(buf, start);
                    if buf.filled().len() > start {
                        return Poll::Ready(Ok(()));
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    if !this.is_late(cx) {
                        if this.shared.is_stopping() {
                            // Half a head is a request that has begun; its deadline runs. An empty line behind the last
                            // request is none (RFC 9112 section 2.2).
                            let is_within = matches!(this.expects, Expects::Head)
                                && this.held.iter().any(|byte| !matches!(byte, b'\r' | b'\n'));
                            let has_unread = is_within || this.stream()?.has_unread();
                            this.shared.leaves_unread(has_unread);
                        }
                        return Poll::Pending;
                    }
                    this.expire();
                }
            }
        }
    }
}

impl<S: Socket> Drop for Wire<S> {
    fn drop(&mut self) {
        let rest = self.rest();
        let Some(stream) = self.stream.take() else { return };
        // What the system still has for a client that takes nothing is not to be kept. And where the end of the connection
        // is what says that the answer is complete, an orderly one would lie; with a copy of the socket in a forked process
        // the client waits for that.
        if self.stall.is_on() || (self.shared.has_no_other_end() && !self.is_shut) {
            stream.break_off();
            return;
        }
        if !self.is_shut {
            stream.end();
        }
        let Some(rest) = rest else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (tenancy, stopping) = (Arc::clone(&self.tenancy), self.stopping.clone());
            let lingering = self.patience.linger.run(stream, rest, Some(stopping));
            runtime.spawn(async move {
                lingering.await;
                drop(tenancy);
            });
        }
    }
}
