//! The tests of `tests/engine`, with lanes, and with workers that take several requests at once.
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

/// Lanes need the engine's own threads to drive the connections.
const SHARDS: usize = 0;

const LANES: bool = true;
const BATCH: usize = 3;
