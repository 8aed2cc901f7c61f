//! Growing buffers, by the oracle of zerocopy-view's own tests.

#![no_main]

#[path = "../../crates/zerocopy-view/tests/view_mut_oracle.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::replay(input));
