//! Small pools, and a census of their slots.
#![allow(
    dead_code,
    reason = "each test file compiles this module for itself and uses its part of it"
)]

use std::collections::BTreeSet;

use pool_core::{Lease, Pool};

/// Slots of 64 bytes.
pub(crate) fn pool(slots: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(64);
    builder.build().expect("a few bytes")
}

pub(crate) fn take(pool: &Pool) -> Lease {
    pool.alloc().expect("a slot is free")
}

pub(crate) fn slots(leases: &[Lease]) -> BTreeSet<usize> {
    leases.iter().map(Lease::slot_index).collect()
}

/// Takes every slot of a pool that has all of them, at once.
#[track_caller]
pub(crate) fn take_all(pool: &Pool) -> Vec<Lease> {
    let mut all = Vec::new();
    pool.alloc_many(usize::MAX, &mut all);
    assert_whole(pool, &all);
    all
}

/// Takes every slot of a pool that has all of them, one by one until it refuses.
#[track_caller]
pub(crate) fn take_one_by_one(pool: &Pool) -> Vec<Lease> {
    let all: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
    assert_whole(pool, &all);
    all
}

/// Everything is home, and found by each way of taking all of it.
#[track_caller]
pub(crate) fn assert_every_slot_once(pool: &Pool) {
    let capacity = pool.capacity();
    assert_eq!((pool.free_count(), pool.in_use()), (capacity, 0));
    drop(take_all(pool));
    drop(take_one_by_one(pool));
    let mut all = Vec::new();
    assert!(pool.alloc_many_exact(capacity, &mut all));
    assert_whole(pool, &all);
    drop(all);
    assert_eq!((pool.free_count(), pool.in_use()), (capacity, 0));
}

#[track_caller]
fn assert_whole(pool: &Pool, all: &[Lease]) {
    assert!(
        slots(all).into_iter().eq(0..pool.capacity()) && all.len() == pool.capacity(),
        "every slot exactly once"
    );
}
