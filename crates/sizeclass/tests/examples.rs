//! The examples run, and find what they say they find.
#![cfg(all(feature = "os", feature = "std", target_os = "linux", not(miri)))]

#[path = "../examples/copy.rs"]
mod copy;

#[test]
fn a_file_is_copied_under_a_budget() {
    copy::main().expect("the example passes");
}
