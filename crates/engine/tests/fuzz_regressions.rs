//! Replays the seeds of the fuzz targets: handmade inputs, and those that found something.
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
        // Shown if it fails.
        println!("{}", seed.display());
        run(&std::fs::read(seed).unwrap());
    }
}

#[test]
fn connection_seeds_pass() {
    replay("connection", fuzz::connection::run);
}

#[test]
fn answer_seeds_pass() {
    replay("answer", fuzz::answer::run);
}
