//! One HTTP/2 connection, from its preface until it is closed. One task does all of it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason as ErrorCode;
use h2::server::{Connection as H2, Handshake};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::dispatch::dispatcher::Dispatcher;
use crate::http::context::ConnectionInfo;
use crate::http2::options::Options;
use crate::http2::state::ConnectionState;
use crate::http2::stream::{Shared, Stream};
use crate::http2::streams::Streams;
use crate::http2::transport::Transport;
use crate::io::connection_guard::ConnectionGuard;
use crate::io::rewind::Opened;
use crate::io::socket::Socket;
use crate::refusal::Reason;

/// How long a client without streams may take to learn that the connection ends, and how long the last bytes may take
/// to leave.
const GRACE: Duration = Duration::from_secs(1);

/// Serves `stream` until either side ends it. `stopping` turns true when the connection shall end after the requests
/// that have begun; dropping it says that the connection has ended.
pub(crate) async fn serve<S: Socket>(
    stream: S,
    info: ConnectionInfo,
    guard: Arc<ConnectionGuard>,
    dispatcher: Arc<Dispatcher>,
    options: Arc<Options>,
    mut stopping: watch::Receiver<bool>,
    opened: Opened,
) {
    let state = Arc::<ConnectionState>::default();
    let transport = Transport::new(stream, Arc::clone(&state), &options, guard, stopping.clone());
    let handshake = options.builder().handshake(transport);
    let context = dispatcher.context(info);
    let mut connection = Connection {
        h2: Protocol::Handshake(handshake),
        streams: Streams::default(),
        timer: Box::pin(sleep_until(opened.at + options.interval)),
        shared: Shared { dispatcher, context, options, state },
        opened_at: opened.at,
        begun: 0,
        idle_since: Some(opened.at),
        was_hastened: false,
        leaving_since: None,
        ending_since: None,
    };
    let changes = stopping.clone();
    let mut stopped = std::pin::pin!(stopping.wait_for(|stop| *stop));
    let mut is_registered = false;
    poll_fn(|cx| {
        // Once registered, it is polled again only after a change, as in HTTP/1.
        let must_poll = !std::mem::replace(&mut is_registered, true) || changes.has_changed().unwrap_or(true);
        if must_poll && connection.leaving_since.is_none() && stopped.as_mut().poll(cx).is_ready() {
            connection.leave();
        }
        connection.poll(cx)
    })
    .await;
}

struct Connection<S: Socket> {
    h2: Protocol<S>,
    streams: Streams,
    shared: Shared,
    opened_at: Instant,
    /// Fires when a deadline may have passed. It is not set again for each new one: a deadline that is set after the
    /// timer is at least `Options::interval` away.
    timer: Pin<Box<Sleep>>,
    /// Whether the timer was set to an earlier time after it was polled.
    was_hastened: bool,
    /// Requests so far.
    begun: u64,
    /// Since when there has been no stream, and nothing to write.
    idle_since: Option<Instant>,
    /// Since when the client has been asked to open no more streams.
    leaving_since: Option<Instant>,
    /// Since when nothing but the end of the connection has been to do.
    ending_since: Option<Instant>,
}

enum Protocol<S: Socket> {
    Handshake(Handshake<Transport<S>, Bytes>),
    Open(H2<Transport<S>, Bytes>),
}

impl<S: Socket> Connection<S> {
    /// Ready when the connection is over.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll_deadlines(cx).is_ready() {
            return Poll::Ready(());
        }
        if let Protocol::Handshake(handshake) = &mut self.h2 {
            match ready!(Pin::new(handshake).poll(cx)) {
                Ok(open) => self.h2 = Protocol::Open(open),
                Err(_) => return Poll::Ready(()),
            }
            // It could not be told before.
            if let Protocol::Open(open) = &mut self.h2
                && self.leaving_since.is_some()
            {
                open.graceful_shutdown();
            }
        }
        // First the streams, so that what they have to send is written below.
        self.streams.poll(&self.shared, cx);
        loop {
            if self.poll_requests(cx).is_ready() {
                return Poll::Ready(());
            }
            if !self.shared.state.is_flooding() || self.ending_since.is_some() {
                break;
            }
            self.fail(ErrorCode::ENHANCE_YOUR_CALM);
        }
        if self.streams.is_empty() && !self.shared.state.is_backed_up() {
            self.idle_since.get_or_insert_with(Instant::now);
        } else {
            self.idle_since = None;
        }
        if self.was_hastened {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Reads, writes, and begins requests. Ready when the connection is over.
    fn poll_requests(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let Protocol::Open(h2) = &mut self.h2 else { return Poll::Pending };
            match ready!(h2.poll_accept(cx)) {
                // It came along with what ends the connection, so nobody could be told the outcome.
                Some(Ok(_)) if self.ending_since.is_some() => {}
                Some(Ok((request, mut respond))) => {
                    let Shared { context, options, .. } = &self.shared;
                    // More than its streams can only be if it has reset some, and their requests are still here.
                    if context.requests() >= options.max_streams as usize {
                        respond.send_reset(ErrorCode::REFUSED_STREAM);
                        continue;
                    }
                    self.begun += 1;
                    let is_last = options.max_requests.is_some_and(|max| self.begun >= max);
                    self.streams.add(Stream::begin(request, respond, &self.shared), &self.shared);
                    if is_last {
                        self.leave();
                    }
                }
                Some(Err(_)) => {
                    // h2 has said why; or the connection is lost.
                    self.shared.state.set_faulty();
                    return Poll::Ready(());
                }
                None => return Poll::Ready(()),
            }
        }
    }

    /// Asks the client to open no more streams. The connection ends after those that it has opened by the time that it
    /// knows.
    fn leave(&mut self) {
        if self.leaving_since.is_none() && self.ending_since.is_none() {
            if let Protocol::Open(h2) = &mut self.h2 {
                h2.graceful_shutdown();
            }
            let now = Instant::now();
            self.leaving_since = Some(now);
            self.hasten(now + GRACE);
        }
    }

    /// Ends the connection without its streams. The client learns which of them were not begun.
    fn end(&mut self, code: ErrorCode) {
        if let Protocol::Open(h2) = &mut self.h2
            && self.ending_since.is_none()
        {
            h2.abrupt_shutdown(code);
            let now = Instant::now();
            self.ending_since = Some(now);
            self.hasten(now + GRACE);
        }
    }

    /// Ends it for a fault of the client's.
    fn fail(&mut self, code: ErrorCode) {
        self.shared.state.set_faulty();
        self.end(code);
    }

    /// Has the timer fire at `deadline` at the latest.
    fn hasten(&mut self, deadline: Instant) {
        if self.timer.deadline() > deadline {
            self.timer.as_mut().reset(deadline);
            self.was_hastened = true;
        }
    }

    /// Looks at the deadlines when one may have passed. Ready if the connection is to be dropped.
    fn poll_deadlines(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let next = self.streams.check(&self.shared, now, now + self.shared.options.interval);
            match self.check(now) {
                None => return Poll::Ready(()),
                Some(own) => self.timer.as_mut().reset(own.map_or(next, |own| own.min(next))),
            }
        }
        self.was_hastened = false;
        Poll::Pending
    }

    /// Acts on the deadlines of the connection itself that have passed. Returns the next one, if there is one; None if
    /// the connection is to be dropped.
    fn check(&mut self, now: Instant) -> Option<Option<Instant>> {
        if let Some(since) = self.ending_since {
            return (now < since + GRACE).then_some(Some(since + GRACE));
        }
        let timeouts = self.shared.options.timeouts;
        let mut next = None;
        if let Some(since) = self.shared.state.block_since() {
            let deadline = since.checked_add(timeouts.head);
            if deadline.is_some_and(|deadline| deadline <= now) {
                self.shared.dispatcher.stats.refuse(Reason::HeadTimeout);
                self.fail(ErrorCode::ENHANCE_YOUR_CALM);
                return self.check(now);
            }
            next = deadline;
        } else if let Some(deadline) = self.idle_deadline() {
            if deadline <= now {
                if matches!(self.h2, Protocol::Handshake(_)) {
                    return None;
                }
                self.end(ErrorCode::NO_ERROR);
                return self.check(now);
            }
            next = Some(deadline);
        }
        Some(next)
    }

    /// Until when the client has to open a stream; None while there are some.
    fn idle_deadline(&self) -> Option<Instant> {
        let timeouts = &self.shared.options.timeouts;
        if self.begun == 0 && self.leaving_since.is_none() {
            return self.opened_at.checked_add(timeouts.head);
        }
        let since = self.idle_since?;
        match self.leaving_since {
            Some(leaving_since) => Some(since.max(leaving_since) + GRACE),
            None => since.checked_add(timeouts.keep_alive),
        }
    }
}
