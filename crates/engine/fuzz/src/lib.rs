//! The fuzz targets without libFuzzer. The engine's `tests/fuzz_regressions.rs` replays the seeds through the same
//! functions.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

#[path = "../../tests/client/response.rs"]
mod client;
pub mod connection;
pub mod opening;
mod reference;
pub mod response;
mod run;
