//! When a pool that scrubs takes memory. A process of its own, because it looks at what the whole process has.
#![cfg(all(feature = "os", feature = "std", target_os = "linux", not(miri)))]

use pool_core::{Budget, Scrub};
use sizeclass::{BufferPool, Classes};

const CLASS: usize = 64 * 1024;
const ONE: Classes = Classes::new([CLASS]);

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages = statm.split_whitespace().nth(1);
    let pages: Option<usize> = pages.and_then(|pages| pages.parse().ok());
    pages.expect("its second number") * 4096
}

/// "Memory for the slots themselves is taken when they are first used", and charged then.
#[test]
fn a_pool_that_scrubs_takes_memory_when_slots_are_first_used() {
    let budget = Budget::new(1 << 30);
    let before = resident_bytes();
    let builder = BufferPool::builder()
        .classes(ONE)
        .capacity_per_class(1024)
        .budget(&budget);
    let pool = builder.scrub(Scrub::OnAlloc).build().expect("64 MiB");
    let more = resident_bytes().saturating_sub(before);
    assert!(
        more < budget.used() + (8 << 20),
        "{more} bytes came in, {} are charged",
        budget.used()
    );
    drop(pool);
}
