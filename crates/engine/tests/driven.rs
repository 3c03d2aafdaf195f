//! The tests of `tests/engine`, with workers that drive the connections themselves.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "engine/bodies.rs"]
mod bodies;
#[path = "engine/lifecycle.rs"]
mod lifecycle;
#[path = "engine/patience.rs"]
mod patience;
#[path = "engine/refusals.rs"]
mod refusals;
#[path = "engine/requests.rs"]
mod requests;
#[path = "engine/shares.rs"]
mod shares;
#[path = "engine/support.rs"]
mod support;
#[path = "engine/takeover.rs"]
mod takeover;

/// One more than most tests have workers: a share whose worker does not exist is the stand-by's.
const SHARDS: usize = 2;

/// `tests/lanes.rs` has them.
const LANES: bool = false;
const BATCH: usize = 1;

#[test]
fn clients_that_come_one_after_another_reach_all_shares() {
    let running = support::Running::new(support::settings(), SHARDS, |exchange| {
        let worker = format!("{:?}", std::thread::current().id());
        let _ = exchange.reply.send(support::ok(worker));
    });
    let mut workers = std::collections::BTreeSet::new();
    for _ in 0..8 {
        workers.insert(running.connect().get("/").body);
        running.await_stats("it has left", |stats| stats.connections == 0);
    }
    assert_eq!(workers.len(), SHARDS);
    running.stop();
}
