//! The engine driven over real sockets by workers that are plain threads.
//!
//! Nothing here sleeps to wait for something: threads meet at channels, and every wait has a
//! deadline that only a hang reaches.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bodies;
mod lifecycle;
mod linger;
mod patience;
mod refusals;
mod relief;
mod requests;
mod shares;
mod support;
mod takeover;
mod watching;

/// Threads of the engine's own drive the connections here; `tests/driven.rs` runs the same with
/// workers.
const SHARDS: usize = 0;

/// `tests/lanes.rs` has them.
const LANES: bool = false;
const BATCH: usize = 1;
