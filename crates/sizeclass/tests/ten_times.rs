//! A load of ten times the budget. A program of its own, because it looks at the memory of the whole process.
#![cfg(all(feature = "os", feature = "std", target_os = "linux", not(miri)))]

#[path = "../examples/ten_times.rs"]
mod ten_times;

#[test]
fn the_process_never_has_more_memory_than_was_said() {
    ten_times::main().expect("the example passes");
}
