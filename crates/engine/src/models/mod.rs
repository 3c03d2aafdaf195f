//! Models of what threads share, for loom. Each is run with every order of its threads' operations that has at most
//! [`PREEMPTIONS`] preemptions.
//!
//! A lost wake-up shows as a thread that waits for ever, which loom calls a deadlock. loom knows no time, so a wait has
//! either no time limit or no time left; the latter stands for a timeout at any moment.
//!
//! Not modelled: `dispatch::shard`, which is a tokio runtime, and `dispatch::unparker`, which relies on one total order
//! of its atomics, which loom does not check.
//!
//! `rake loom` runs them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod exchange;
mod parker;
mod pipe;
mod queue;
mod relief;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::StatusCode;

use crate::dispatch::exchange_state::Outcome;
use crate::dispatch::response_receiver::ResponseReceiver;
use crate::http::context::{ConnectionContext, ConnectionInfo};
use crate::parker::{Parker, Wake};
use crate::stats::Stats;

/// Most races need one; those between a wake-up and a worker that leaves need two. `LOOM_MAX_PREEMPTIONS` overrides it.
const PREEMPTIONS: usize = 3;

const FOREVER: Duration = Duration::MAX;

/// Runs `model` in every order. It must make everything that its threads share.
fn in_every_order(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    builder.check(model);
}

/// The context of a connection that no worker drives.
fn context() -> Arc<ConnectionContext> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
    let info = ConnectionInfo { peer: Some(address), local: Some(address), tls: None };
    ConnectionContext::new(info, Arc::new(Stats::default()), None, Arc::default(), None)
}

/// Waits until `poll` is ready, as a connection's task does.
fn wait_for<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let parker = Parker::new();
    let waker = Waker::from(Arc::clone(&parker));
    loop {
        if let Poll::Ready(value) = poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        assert_eq!(parker.park(FOREVER), Wake::Unparked);
    }
}

/// The status that the client gets.
fn wait_for_status(receiver: &mut ResponseReceiver) -> StatusCode {
    status_of(&wait_for(|cx| receiver.poll_outcome(&mut Vec::new(), cx)))
}

fn status_of(outcome: &Outcome) -> StatusCode {
    match outcome {
        Outcome::Response(response) | Outcome::LastResponse(response) => response.status,
        Outcome::Hijacked(_) => panic!("hijacked"),
    }
}
