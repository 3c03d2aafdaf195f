//! One HTTP/1 connection, from its first byte until HTTP is over on it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::time::{Sleep, sleep_until};

use crate::dispatch::dispatcher::Dispatcher;
use crate::http::context::ConnectionInfo;
use crate::http1::options::Options;
use crate::http1::service::Requests;
use crate::http1::state::ConnectionState;
use crate::http1::transport::Transport;
use crate::http1::tunnel::Tunnel;
use crate::io::connection_guard::ConnectionGuard;
use crate::io::rewind::Opened;
use crate::io::socket::Socket;

/// A connection that has been quiet for less than this when the server stops may have a request on its way.
const QUIET: Duration = Duration::from_millis(250);

/// Serves `stream` until either side ends it. `stopping` turns true when the connection shall end after the requests
/// that have begun; dropping it says that the connection has ended.
pub(crate) async fn serve<S: Socket>(
    stream: S,
    info: ConnectionInfo,
    guard: Arc<ConnectionGuard>,
    dispatcher: Arc<Dispatcher>,
    options: Arc<Options>,
    stopping: watch::Receiver<bool>,
    opened: Opened,
) {
    let linger = options.timeouts.linger;
    // A drain does not wait for a hijacked connection, so the tunnel does not hold `stopping`; but the guard counts it.
    if let Some(tunnel) = serve_http(stream, info, Arc::clone(&guard), dispatcher, options, stopping, opened).await {
        tunnel.run(linger).await;
    }
}

/// Serves requests until the connection ends, or is hijacked.
async fn serve_http<S: Socket>(
    stream: S,
    info: ConnectionInfo,
    guard: Arc<ConnectionGuard>,
    dispatcher: Arc<Dispatcher>,
    options: Arc<Options>,
    mut stopping: watch::Receiver<bool>,
    opened: Opened,
) -> Option<Tunnel<S>> {
    let state = Arc::<ConnectionState>::default();
    let transport = Transport::new(stream, Arc::clone(&state), &options, guard, stopping.clone(), opened);
    let mut builder = http1::Builder::new();
    builder.max_headers(options.limits.headers).max_buf_size(options.buffer());
    let service = Requests::new(info, dispatcher, options, Arc::clone(&state));
    let mut http = Box::pin(builder.serve_connection(TokioIo::new(transport), service));
    let changes = stopping.clone();
    let mut stopped = std::pin::pin!(stopping.wait_for(|stop| *stop));
    let (mut is_registered, mut is_shutting_down, mut is_over) = (false, false, false);
    // Set once the server stops.
    let mut quiet: Option<Pin<Box<Sleep>>> = None;
    let hijacked = poll_fn(|cx| {
        // Once registered, it is polled again only after a change: a poll takes 130 instructions.
        let must_poll = !std::mem::replace(&mut is_registered, true) || changes.has_changed().unwrap_or(true);
        if must_poll && quiet.is_none() && stopped.as_mut().poll(cx).is_ready() {
            state.stop();
            quiet = Some(Box::pin(sleep_until(state.idle_since().unwrap_or(opened.at) + QUIET)));
        }
        let mut end = http.as_mut().poll(cx);
        // hyper closes at once if it knows of no request, so check for one before.
        if let Some(quiet) = &mut quiet
            && !is_shutting_down
            && end.is_pending()
            && !keeps_open(&state, quiet, cx)
        {
            is_shutting_down = true;
            http.as_mut().graceful_shutdown();
            end = http.as_mut().poll(cx);
        }
        // After a request for an upgrade, hyper ends without having sent all of a last response: it leaves that to the
        // code that upgrades. Polled again, it sends the rest and shuts down.
        if matches!(end, Poll::Ready(Ok(()))) && !is_over {
            is_over = true;
            end = http.as_mut().poll(cx);
        }
        // An error here is a client that left, or that sent what cannot be answered. The worker of its request has been
        // told through the exchange.
        match end {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => state.take_hijacked().map_or(Poll::Pending, |hijacked| Poll::Ready(Some(hijacked))),
        }
    })
    .await?;
    let mut parts = Pin::into_inner(http).into_parts();
    let (client, unread, made_up) = parts.io.into_inner().into_parts()?;
    parts.read_buf.truncate(parts.read_buf.len().saturating_sub(made_up));
    Some(Tunnel { client, ahead: [parts.read_buf, unread.into()], hijacked })
}

/// During a stop, whether to keep an idle connection open: bytes are unread, half a head has arrived, or it went idle
/// less than [`QUIET`] ago. A client that has only just connected, or got a response, cannot know of the stop.
fn keeps_open(state: &ConnectionState, quiet: &mut Pin<Box<Sleep>>, cx: &mut task::Context<'_>) -> bool {
    // A response whose head is not sent yet says that it is the last (`Requests`). One that has begun cannot say so any
    // more, so its client may have sent another request by the time that it has read the end.
    if state.is_response_pending() {
        return true;
    }
    let until = state.idle_since().map(|since| since + QUIET);
    if let Some(until) = until.filter(|until| *until > quiet.deadline()) {
        quiet.as_mut().reset(until);
    }
    state.has_unread() || quiet.as_mut().poll(cx).is_pending()
}
