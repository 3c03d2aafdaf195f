//! The tests of `tests/engine`, with lanes, and workers that take several requests at once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "engine/bodies.rs"]
mod bodies;
#[path = "engine/lifecycle.rs"]
mod lifecycle;
#[path = "engine/linger.rs"]
mod linger;
#[path = "engine/patience.rs"]
mod patience;
#[path = "engine/refusals.rs"]
mod refusals;
#[path = "engine/relief.rs"]
mod relief;
#[path = "engine/requests.rs"]
mod requests;
#[path = "engine/shares.rs"]
mod shares;
#[path = "engine/support.rs"]
mod support;
#[path = "engine/takeover.rs"]
mod takeover;
#[path = "engine/watching.rs"]
mod watching;

/// Lanes are for where threads of the engine's own drive the connections.
const SHARDS: usize = 0;

const LANES: bool = true;
const BATCH: usize = 3;
