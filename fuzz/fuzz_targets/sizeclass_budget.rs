//! Buffers under a budget with a tenant, by the oracle of sizeclass's own tests.

#![no_main]

#[path = "../../crates/sizeclass/tests/budget_oracle.rs"]
mod oracle;

libfuzzer_sys::fuzz_target!(|input: &[u8]| oracle::replay(input));
