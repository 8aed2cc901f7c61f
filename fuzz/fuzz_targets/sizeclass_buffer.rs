//! Buffers that come, grow, change form and go, by the oracle of sizeclass's own tests.

#![no_main]

#[path = "../../crates/sizeclass/tests/model.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::replay(input));
