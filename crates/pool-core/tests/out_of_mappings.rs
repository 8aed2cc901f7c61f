//! A process that has used up the kernel's mappings: a protected slot that cannot be opened is refused, not lost.
//!
//! A program of its own, because it takes every mapping that a process may have.
#![cfg(all(feature = "os", target_os = "linux", not(miri)))]

use std::panic::{AssertUnwindSafe, catch_unwind};

use pool_core::{Lease, Pool, RegionSource};

fn protected(slots: usize) -> Option<Pool> {
    let builder = Pool::builder().slots(slots).slot_bytes(1);
    builder
        .region(RegionSource::Mmap)
        .protect_free_slots(true)
        .build()
        .ok()
}

fn take(pool: &Pool, want: usize) -> Vec<Lease> {
    let mut leases = Vec::new();
    pool.alloc_many(want, &mut leases);
    leases.sort_by_key(Lease::slot_index);
    leases
}

/// Every second slot open: a mapping for each.
fn every_second_slot() -> Option<(Pool, Vec<Lease>)> {
    let pool = protected(16_384)?;
    let mut leases = take(&pool, 16_384);
    leases.retain(|lease| lease.slot_index() % 2 == 0);
    Some((pool, leases))
}

#[test]
fn a_slot_that_cannot_be_opened_goes_home() {
    let pool = protected(8).expect("the first few mappings");
    // The slot on top lies between closed ones: opening it needs two mappings more.
    let mut leases = take(&pool, 8);
    leases.sort_by_key(|lease| lease.slot_index() % 2);
    drop(leases);
    // Linux allows 65 530 by default; where it is far more, this ends without having refused anything.
    let used_up: Vec<_> = (0..16).map_while(|_| every_second_slot()).collect();
    let one = catch_unwind(AssertUnwindSafe(|| pool.alloc())).map(|lease| lease.is_some());
    let mut some = Vec::new();
    let many = catch_unwind(AssertUnwindSafe(|| pool.alloc_many(4, &mut some))).is_ok();
    let (in_use, held) = (pool.in_use(), some.len());
    drop(used_up);
    assert_eq!(
        in_use, held,
        "slots lost; alloc: {one:?}, alloc_many: {many}"
    );
    drop(some);
    assert_eq!(take(&pool, 8).len(), 8, "every slot can be had again");
}
