//! Models of what threads share, for loom: each is run with every order in which the operations of its
//! threads can follow each other, with up to [`PREEMPTIONS`] of them cut in on by another thread.
//!
//! A thread that waits for ever is what a lost wake-up looks like here: loom calls it a deadlock. Only waits
//! without an end or with none at all are used, because loom knows no time; a wait of no time stands for one whose
//! time is over at whatever moment the schedule makes of it.
//!
//! Not modelled: `dispatch::shard`, which is a runtime of tokio's, and the bell of the stand-by, whose promise is
//! in one order of all its atomics, which loom does not check.
//!
//! `rake loom` runs them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pipe;
mod queue;
mod relief;
mod reply;
mod signal;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::dispatch::signal::{Signal, Wake};
use crate::http::request::{ConnectionInfo, Origin};
use crate::stats::Stats;

/// Most races need one, those between a wake-up and a worker that leaves two. `LOOM_MAX_PREEMPTIONS` sets
/// another number.
const PREEMPTIONS: usize = 3;

const FOREVER: Duration = Duration::MAX;

/// Runs `model` in every order. Everything that it shares is made within it.
fn in_every_order(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    builder.check(model);
}

/// A connection of its own, which no worker drives.
fn origin() -> Arc<Origin> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
    let info = ConnectionInfo { peer: address, local: address };
    Arc::new(Origin { info, stats: Arc::new(Stats::default()), shard: None, is_stopping: Arc::default() })
}

/// Waits for what `poll` has, as a connection's task does.
fn wait_for<T>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let signal = Signal::new();
    let waker = Waker::from(Arc::clone(&signal));
    loop {
        if let Poll::Ready(value) = poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        assert_eq!(signal.wait(FOREVER), Wake::Notified);
    }
}
