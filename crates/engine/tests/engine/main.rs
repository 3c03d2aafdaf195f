//! The engine over real sockets, with plain threads as workers.
//!
//! Nothing here sleeps to wait for something: threads meet at channels, and every wait has a deadline that only a hang
//! reaches.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bodies;
mod hijack;
mod lifecycle;
mod linger;

mod refusals;
mod relief;
mod requests;
mod shards;
mod support;
mod timeouts;
mod watching;

/// The engine's own threads drive the connections here; in `tests/driven.rs` the workers do.
const SHARDS: usize = 0;

/// `tests/lanes.rs` uses these.
const LANES: bool = false;
const BATCH: usize = 1;
