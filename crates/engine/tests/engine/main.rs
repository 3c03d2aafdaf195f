//! The engine driven over real sockets by workers that are plain threads.
//!
//! No test sleeps to synchronise: threads meet at channels, and every wait has a deadline that only a hang reaches.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod bodies;
mod hijack;
mod http2;
mod http2_client;
mod http2_limits;
mod interim;
mod lifecycle;
mod linger;
mod listeners;
mod proxies;
mod refusals;
mod relief;
mod requests;
mod shards;
mod support;
mod timeouts;
mod tls;
mod watching;

/// The engine's own threads drive the connections here. `tests/driven.rs` runs the same tests with workers.
const SHARDS: usize = 0;

/// `tests/lanes.rs` runs the same tests with lanes and batches.
const LANES: bool = false;
const BATCH: usize = 1;
