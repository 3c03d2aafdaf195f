//! The way of every request into the queue, whatever protocol carried it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use http::StatusCode;
use http::request::Parts;

use crate::alarm::Alarm;
use crate::dispatch::exchange::Exchange;
use crate::dispatch::exchange_state::Outcome;
use crate::dispatch::queue::{Permit, Queue, ReserveError};
use crate::dispatch::response_receiver::ResponseReceiver;
use crate::dispatch::shard::Shard;
use crate::http::body::RequestBody;
use crate::http::context::{ConnectionContext, ConnectionInfo, RequestGuard};
use crate::http::request::RequestHead;
use crate::http::response::{InterimResponse, Response};
use crate::refusal::Reason;
use crate::settings::Settings;
use crate::stats::Stats;
use crate::trusted_proxies::TrustedProxies;

/// Puts requests into the queue, within the limits of the settings. Shared by connections that are driven together.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(crate) queue: Arc<Queue<Box<Exchange>>>,
    pub(crate) stats: Arc<Stats>,
    max_body_size: Option<u64>,
    request_timeout: Option<Duration>,
    /// Set where workers drive the connections.
    shard: Option<Arc<Shard>>,
    is_stopping: Arc<AtomicBool>,
    trusted_proxies: Arc<TrustedProxies>,
}

impl Dispatcher {
    pub(crate) fn new(
        settings: &Settings,
        queue: Arc<Queue<Box<Exchange>>>,
        stats: Arc<Stats>,
        shard: Option<Arc<Shard>>,
        is_stopping: Arc<AtomicBool>,
    ) -> Self {
        let (max_body_size, request_timeout) = (settings.max_body_size, settings.request_timeout);
        let trusted_proxies = Arc::clone(&settings.trusted_proxies);
        Self { queue, stats, max_body_size, request_timeout, shard, is_stopping, trusted_proxies }
    }

    /// What the requests of a new connection share.
    pub(crate) fn context(&self, info: ConnectionInfo) -> Arc<ConnectionContext> {
        let is_trusted = self.trusted_proxies.trusts(info.peer.map(|peer| peer.ip()));
        let trusted = is_trusted.then(|| Arc::clone(&self.trusted_proxies));
        let driver = self.shard.clone().map(Shard::as_driver);
        ConnectionContext::new(info, Arc::clone(&self.stats), driver, Arc::clone(&self.is_stopping), trusted)
    }

    /// Queues a request. `guard` is held until the worker has answered it, or has dropped it unanswered.
    pub(crate) fn dispatch(
        self: &Arc<Self>,
        head: Parts,
        body: Option<RequestBody>,
        context: &Arc<ConnectionContext>,
        guard: Option<RequestGuard>,
    ) -> DispatchFuture {
        let received_at = Instant::now();
        let has_body = body.is_some();
        let deadline = self.request_timeout.and_then(|max| received_at.checked_add(max)).map(Into::into);
        let head = RequestHead::new(head, Arc::clone(context));
        let state = self.enqueue(Unqueued { head, body, received_at, context: Arc::clone(context), guard });
        DispatchFuture { state, has_body, deadline }
    }

    /// Answers a request that no worker is to see.
    pub(crate) fn refuse(&self, reason: Reason) -> DispatchFuture {
        DispatchFuture { state: self.refused(reason), has_body: false, deadline: None }
    }

    fn refused(&self, reason: Reason) -> State {
        self.stats.refuse(reason);
        State::answered(Outcome::LastResponse(Response::canned(reason.status())))
    }

    fn enqueue(self: &Arc<Self>, request: Unqueued) -> State {
        let length = request.body.as_ref().and_then(|body| body.length).unwrap_or(0);
        if self.max_body_size.is_some_and(|max| length > max) {
            return self.refused(Reason::BodyTooLarge);
        }
        match self.queue.try_reserve() {
            Ok(permit) => self.fill(permit, request),
            Err(ReserveError::Closed) => self.turned_away(ReserveError::Closed, &request),
            Err(ReserveError::Full) => {
                let dispatcher = Arc::clone(self);
                let reserving = async move {
                    match dispatcher.queue.reserve().await {
                        Ok(permit) => dispatcher.fill(permit, request),
                        Err(error) => dispatcher.turned_away(error, &request),
                    }
                };
                State::Reserving { future: Box::pin(reserving), stats: Arc::clone(&self.stats) }
            }
        }
    }

    fn turned_away(&self, error: ReserveError, request: &Unqueued) -> State {
        State::answered(match error {
            ReserveError::Full => {
                self.stats.reject();
                let response = Response::overloaded();
                if request.body.is_some() { Outcome::LastResponse(response) } else { Outcome::Response(response) }
            }
            ReserveError::Closed => Outcome::LastResponse(Response::canned(StatusCode::SERVICE_UNAVAILABLE)),
        })
    }

    fn fill(&self, permit: Permit<'_, Box<Exchange>>, request: Unqueued) -> State {
        let Unqueued { head, body, received_at, context, guard } = request;
        let (exchange, receiver) = Exchange::new(head, body, self.max_body_size, received_at, context, guard);
        // It comes back if the queue was closed meanwhile. That is no worker's fault, and dropping it would answer 500.
        if let Err(exchange) = permit.fill(exchange, self.shard.as_ref()) {
            exchange.turn_away();
        }
        State::Queued(receiver)
    }
}

/// A request that has no place in the queue yet.
struct Unqueued {
    head: RequestHead,
    body: Option<RequestBody>,
    received_at: Instant,
    context: Arc<ConnectionContext>,
    guard: Option<RequestGuard>,
}

/// A request on its way to its outcome.
pub(crate) struct DispatchFuture {
    state: State,
    has_body: bool,
    deadline: Option<tokio::time::Instant>,
}

enum State {
    Answered(Box<Outcome>),
    /// In the queue, or with a worker.
    Queued(ResponseReceiver),
    /// Waits for a place in the queue. Rare, so this is the state that costs an allocation.
    Reserving {
        future: Pin<Box<dyn Future<Output = State> + Send>>,
        stats: Arc<Stats>,
    },
    Done,
}

impl State {
    fn answered(outcome: Outcome) -> Self {
        Self::Answered(Box::new(outcome))
    }
}

impl DispatchFuture {
    /// The outcome. `alarm` ends the request at its deadline. Moves the interim responses that come before it to
    /// `interim`; some may have come although it is pending.
    pub(crate) fn poll_outcome(
        &mut self,
        alarm: &Alarm,
        stats: &Stats,
        interim: &mut Vec<InterimResponse>,
        cx: &mut Context<'_>,
    ) -> Poll<Outcome> {
        let outcome = self.poll_state(interim, cx);
        if outcome.is_pending() && self.deadline.is_some_and(|deadline| alarm.is_over(deadline, cx)) {
            self.expire(stats);
            return self.poll_state(interim, cx);
        }
        outcome
    }

    /// The outcome, for a connection that keeps the time of its requests by itself. See
    /// [`DispatchFuture::poll_outcome`].
    pub(crate) fn poll_untimed(&mut self, interim: &mut Vec<InterimResponse>, cx: &mut Context<'_>) -> Poll<Outcome> {
        self.poll_state(interim, cx)
    }

    /// When to call [`DispatchFuture::expire`].
    pub(crate) fn deadline(&self) -> Option<tokio::time::Instant> {
        self.deadline
    }

    /// Ends the request, whose deadline has passed. The next poll returns the outcome.
    pub(crate) fn expire(&mut self, stats: &Stats) {
        self.deadline = None;
        if self.time_out() {
            stats.timeout();
        }
    }

    fn poll_state(&mut self, interim: &mut Vec<InterimResponse>, cx: &mut Context<'_>) -> Poll<Outcome> {
        loop {
            match &mut self.state {
                State::Queued(receiver) => return receiver.poll_outcome(interim, cx),
                State::Reserving { future, .. } => {
                    let state = ready!(future.as_mut().poll(cx));
                    self.state = state;
                }
                State::Answered(_) => match std::mem::replace(&mut self.state, State::Done) {
                    State::Answered(outcome) => return Poll::Ready(*outcome),
                    _ => return Poll::Pending,
                },
                State::Done => return Poll::Pending,
            }
        }
    }

    /// Gives up on the worker. False if it has just answered.
    fn time_out(&mut self) -> bool {
        let response = Response::canned(StatusCode::GATEWAY_TIMEOUT);
        // The rest of a body must not be taken for the next request.
        let outcome = if self.has_body { Outcome::LastResponse(response) } else { Outcome::Response(response) };
        match &self.state {
            State::Queued(receiver) => receiver.time_out(outcome),
            State::Reserving { .. } => {
                self.state = State::answered(outcome);
                true
            }
            State::Answered(_) | State::Done => false,
        }
    }

    /// Whether the request had a body, and nobody reads it any more.
    pub(crate) fn has_given_body_up(&self) -> bool {
        self.has_body && matches!(&self.state, State::Queued(receiver) if receiver.has_given_body_up())
    }
}

impl Drop for DispatchFuture {
    fn drop(&mut self) {
        // A request that has its place in the queue is counted by its receiver.
        if let State::Reserving { stats, .. } = &self.state {
            stats.disconnect();
        }
    }
}
