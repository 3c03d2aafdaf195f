#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kino_engine_fuzz::opening::run(data));
