//! What is asked of the pools of the classes beside a size: faults, huge pages.
#![cfg(all(feature = "os", feature = "std", target_os = "linux", not(miri)))]

use pool_core::{Backing, Budget, Faults, Pool, RegionSource};
use sizeclass::{BufferPool, Classes};

const CLASS: usize = 64 * 1024;
const ONE: Classes = Classes::new([CLASS]);

/// A budget of two buffers and eight slots: a fault refuses one buffer, and makes none free of charge.
#[test]
fn a_budget_holds_in_a_pool_with_faults() {
    let held = |faults| {
        let budget = Budget::new(2 * CLASS);
        let builder = BufferPool::builder()
            .classes(ONE)
            .capacity_per_class(8)
            .budget(&budget)
            .decay_every(None);
        let pool = match faults {
            Some(faults) => builder.faults(faults).build(),
            None => builder.build(),
        };
        let pool = pool.expect("nothing is charged yet");
        let buffers: Vec<_> = (0..9)
            .filter_map(|_| pool.try_acquire(CLASS).ok())
            .collect();
        (buffers.len(), budget.used())
    };
    assert_eq!(held(None), (2, 2 * CLASS));
    assert_eq!(held(Some(Faults::Nth(1))), (2, 2 * CLASS));
}

/// What `region(HugePages)` asks for, the builder's own `page_by_page` forbids.
#[test]
fn huge_pages_that_were_asked_for_are_not_forbidden() {
    let plain = Pool::builder()
        .slots(4)
        .slot_bytes(2 << 20)
        .region(RegionSource::HugePages);
    if plain.build().expect("8 MiB").region().backing() != Backing::TransparentHugePages {
        return;
    }
    let forbidden = || {
        let maps = std::fs::read_to_string("/proc/self/smaps").expect("Linux has it");
        let flags = maps.lines().filter(|line| line.starts_with("VmFlags:"));
        flags
            .filter(|flags| flags.split(' ').any(|flag| flag == "nh"))
            .count()
    };
    let before = forbidden();
    let builder = BufferPool::builder()
        .classes(Classes::new([2 << 20]))
        .capacity_per_class(4);
    let pool = builder
        .region(RegionSource::HugePages)
        .build()
        .expect("8 MiB");
    assert!(forbidden() <= before);
    drop(pool);
}
