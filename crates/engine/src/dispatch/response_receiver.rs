//! The connection's side of an exchange.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::dispatch::exchange_state::{ExchangeState, Outcome, Phase};
use crate::http::response::InterimResponse;

/// Dropping it before it has the outcome says that the client left.
#[derive(Debug)]
pub(crate) struct ResponseReceiver(Arc<ExchangeState>);

impl ResponseReceiver {
    pub(crate) fn new(exchange: Arc<ExchangeState>) -> Self {
        Self(exchange)
    }

    /// Whether the request body is not read any more.
    pub(crate) fn has_given_body_up(&self) -> bool {
        self.0.has_given_body_up()
    }

    /// See [`ExchangeState::time_out`].
    pub(crate) fn time_out(&self, outcome: Outcome) -> bool {
        self.0.time_out(outcome)
    }

    /// The outcome. Moves the interim responses that come before it to `interim`; some may have come although it is
    /// pending.
    pub(crate) fn poll_outcome(&mut self, interim: &mut Vec<InterimResponse>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let mut state = self.0.state.lock();
        if !state.interim.is_empty() {
            interim.append(&mut state.interim);
        }
        match std::mem::replace(&mut state.phase, Phase::Sent) {
            Phase::Answered(mut outcome) => {
                if let Outcome::Response(response) = &mut outcome {
                    response.body.hand_over();
                }
                Poll::Ready(outcome)
            }
            other => {
                state.phase = other;
                if !state.task.as_ref().is_some_and(|old| old.will_wake(cx.waker())) {
                    state.task = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for ResponseReceiver {
    fn drop(&mut self) {
        let unsent = {
            let mut state = self.0.state.lock();
            state.task = None;
            if matches!(state.phase, Phase::Sent) || state.is_abandoned {
                return;
            }
            state.is_abandoned = true;
            std::mem::replace(&mut state.phase, Phase::Sent)
        };
        // Outside the lock: dropping a streamed response drops its pipe, which asks for the lock.
        drop(unsent);
        self.0.stats().disconnect();
        self.0.notify_watchers();
    }
}
