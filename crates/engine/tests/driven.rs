//! The tests of `tests/engine`, with workers that drive the connections themselves.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "engine/bodies.rs"]
mod bodies;
#[path = "engine/hijack.rs"]
mod hijack;
#[path = "engine/http2.rs"]
mod http2;
#[path = "engine/http2_client.rs"]
mod http2_client;
#[path = "engine/http2_limits.rs"]
mod http2_limits;
#[path = "engine/interim.rs"]
mod interim;
#[path = "engine/lifecycle.rs"]
mod lifecycle;
#[path = "engine/linger.rs"]
mod linger;
#[path = "engine/listeners.rs"]
mod listeners;
#[path = "engine/proxies.rs"]
mod proxies;
#[path = "engine/refusals.rs"]
mod refusals;
#[path = "engine/relief.rs"]
mod relief;
#[path = "engine/requests.rs"]
mod requests;
#[path = "engine/shards.rs"]
mod shards;
#[path = "engine/support.rs"]
mod support;
#[path = "engine/timeouts.rs"]
mod timeouts;
#[path = "engine/tls.rs"]
mod tls;
#[path = "engine/watching.rs"]
mod watching;

/// One more than the workers of most tests: the backup driver drives a shard without a worker.
const SHARDS: usize = 2;

/// `tests/lanes.rs` runs the same tests with lanes and batches.
const LANES: bool = false;
const BATCH: usize = 1;

#[test]
fn sequential_clients_reach_every_shard() {
    let running = support::Running::new(support::settings(), SHARDS, |exchange| {
        let worker = format!("{:?}", std::thread::current().id());
        let _ = exchange.reply.send(support::ok(worker));
    });
    let mut workers = std::collections::BTreeSet::new();
    for _ in 0..8 {
        workers.insert(running.connect().get("/").body);
        running.await_stats("the client has disconnected", |stats| stats.connections == 0);
    }
    assert_eq!(workers.len(), SHARDS);
    running.stop();
}

/// Otherwise the workers that start first would get all connections of a busy port.
#[test]
fn shards_whose_workers_have_not_started_yet_get_connections_too() {
    let running = support::Running::new(kino_engine::Settings { shards: 3, ..support::settings() }, 1, |exchange| {
        let _ = exchange.reply.send(support::ok(""));
    });
    let mut clients: Vec<_> = (0..3).map(|_| running.connect()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/").status, 200);
    }
    // One of the three connections belongs to the shard of worker 1, which starts only now.
    let late = running.server.worker_of(1);
    assert_eq!(running.server.shard_connections(), [1, 1, 1]);
    drop((late, clients));
    running.stop();
}

/// The backup driver is slower than a worker.
#[test]
fn a_shard_whose_worker_has_left_gets_no_new_connections() {
    let running = support::Running::new(support::settings(), SHARDS, |exchange| {
        let _ = exchange.reply.send(support::ok(""));
    });
    assert_eq!(running.server.retire(1), 1);
    let mut clients: Vec<_> = (0..4).map(|_| running.connect()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/").status, 200);
    }
    assert_eq!(running.server.shard_connections(), [4, 0]);
    drop(clients);
    running.stop();
}
