//! Chains of frames, by the oracle of framebuf's own tests.

#![no_main]

#[path = "../../crates/framebuf/tests/chain_oracle.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::replay(input));
