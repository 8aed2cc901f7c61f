//! What `outstanding` says of slots that were taken as a batch.
#![cfg(feature = "track")]

use pool_core::{Lease, Pool};

fn pool() -> Pool {
    Pool::builder()
        .slots(1024)
        .slot_bytes(64)
        .build()
        .expect("small")
}

/// A batch that was forgotten is a leak of many slots, and no line is told.
#[test]
fn a_leaked_batch_gets_told_its_line() {
    let pool = pool();
    let batch = pool.alloc_batch().expect("1024 are free");
    let slots = batch.len();
    std::mem::forget(batch);
    let told: usize = pool.outstanding().iter().map(|it| it.slots).sum();
    assert_eq!((pool.in_use(), told), (slots, slots));
}

/// The line is one of the standard library's unless `next` is called by hand.
#[test]
fn leases_collected_from_a_batch_are_told_by_a_line_of_the_users() {
    let pool = pool();
    let leases: Vec<Lease> = pool.alloc_batch().expect("1024 are free").collect();
    let told = pool.outstanding();
    let files: Vec<_> = told.iter().map(|it| it.file).collect();
    assert!(files.iter().all(|file| *file == file!()), "{files:?}");
    drop(leases);
}
