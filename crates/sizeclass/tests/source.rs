//! A buffer pool as a source: leases of the right class, and the same counts as for buffers.

use pool_core::{Lease, Source};
use sizeclass::BufferPool;

#[test]
fn a_lease_is_of_the_class_that_a_buffer_would_have() {
    let buffers = BufferPool::new(1);
    let leases: Vec<Lease> = [0, 4097, 1 << 20]
        .map(|min| buffers.lease(min).unwrap())
        .into();
    assert!(
        leases
            .iter()
            .map(|lease| lease.len())
            .eq([4096, 8192, 1 << 20])
    );
    assert!(
        buffers.lease(1).is_none(),
        "the class is empty, and the next is not asked"
    );
    assert!(
        buffers.lease((1 << 20) + 1).is_none(),
        "no class is so large"
    );
    assert_eq!(buffers.stats().in_use_bytes(), 4096 + 8192 + (1 << 20));
    drop(leases);
    let stats = buffers.stats();
    assert_eq!(
        (stats.in_use_bytes(), stats.allocations, stats.recycles),
        (0, 3, 3)
    );
}

#[test]
fn what_was_taken_from_the_heap_instead_is_counted_where_a_buffer_would_be() {
    let buffers = BufferPool::new(1);
    (&buffers as &dyn Source).count_fallback(8192);
    buffers.count_fallback((1 << 20) + 1);
    let stats = buffers.stats();
    assert_eq!(
        (stats.classes()[1].misses, stats.classes()[1].miss_bytes),
        (1, 8192)
    );
    assert_eq!(
        (stats.allocations, stats.recycles, stats.oversize),
        (2, 0, 1)
    );
}
