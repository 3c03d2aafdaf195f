//! Replays the fuzz targets' seeds: inputs written by hand, and inputs that found a bug.
//!
//! `cargo test --features fuzzing --test fuzz_regressions`
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::path::Path;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut seeds: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "no seeds in {folder:?}");
    for seed in seeds {
        // Shown when it fails.
        println!("{}", seed.display());
        run(&std::fs::read(seed).unwrap());
    }
}

#[test]
fn connection_seeds_pass() {
    replay("connection", fuzz::connection::run);
}

#[test]
fn response_seeds_pass() {
    replay("response", fuzz::response::run);
}

#[test]
fn opening_seeds_pass() {
    replay("opening", fuzz::opening::run);
}
