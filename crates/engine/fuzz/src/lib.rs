//! What the fuzz targets do, apart from libFuzzer: `tests/fuzz_regressions.rs` of the engine replays
//! the seeds through the same functions.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

pub mod answer;
mod client;
pub mod connection;
mod reference;
mod run;
