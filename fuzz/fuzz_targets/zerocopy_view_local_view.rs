//! Views of one thread, by the oracle of zerocopy-view's own tests.

#![no_main]

#[path = "../../crates/zerocopy-view/tests/local_view_oracle.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::replay(input));
