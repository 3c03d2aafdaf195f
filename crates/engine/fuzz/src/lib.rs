//! The fuzz targets without libFuzzer: the engine's `tests/fuzz_regressions.rs` replays the seeds through the same
//! functions.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

pub mod answer;
pub mod connection;
mod reference;
mod response;
mod run;
