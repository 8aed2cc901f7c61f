//! A process that the system gives no more mappings: memory from elsewhere comes from the heap then, and is counted and charged all the same.
//!
//! A program of its own, because it limits the whole process.
#![cfg(all(feature = "os", target_os = "linux", target_env = "gnu", not(miri)))]

use std::fs;

use pool_core::Budget;
use sizeclass::BufferPool;

const MIB: usize = 1024 * 1024;

/// Bytes of address space that the process has.
fn address_space() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages = statm.split_whitespace().next();
    let pages: Option<u64> = pages.and_then(|pages| pages.parse().ok());
    pages.expect("its first number") * 4096
}

fn limit_address_space(bytes: u64) {
    let limit = libc::rlimit {
        rlim_cur: bytes,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: reads the limit, which is there; it concerns mappings that are made later.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
    assert_eq!(set, 0, "a process may lower its own limit");
}

/// Makes the allocator keep 8 MiB: what it has mapped once it does not map again, and something lies behind it.
fn furnish_the_heap() -> Vec<u8> {
    drop(vec![1_u8; 16 * MIB]);
    let room = vec![1_u8; 8 * MIB];
    let behind = vec![1_u8; 1024];
    drop(room);
    behind
}

#[test]
fn memory_that_may_not_be_mapped_comes_from_the_heap() {
    let budget = Budget::new(64 * MIB);
    let pool = BufferPool::builder().capacity_per_class(1).budget(&budget);
    let pool = pool.build().expect("small");
    let mapped = pool.acquire(2 * MIB);
    let mapped = mapped.into_lease().expect("a mapping of its own").0;
    let behind = furnish_the_heap();
    limit_address_space(address_space());
    let refused = BufferPool::builder().capacity_per_class(16).build();
    let buffer = pool.acquire(2 * MIB + 1);
    limit_address_space(libc::RLIM_INFINITY);

    assert!(refused.is_err_and(|why| why.is_out_of_memory()));
    assert_eq!(budget.used(), 4 * MIB + 1);
    let stats = pool.stats();
    assert_eq!((stats.oversize, stats.in_use_bytes()), (2, 0));
    let buffer = buffer.into_lease().expect_err("on the heap");
    assert!(buffer.iter().all(|byte| *byte == 0));
    assert_eq!(pool.stats().fallback_bytes_out, 2 * MIB as u64 + 1);
    drop((buffer, mapped, behind));
    assert_eq!((budget.used(), pool.stats().fallback_bytes_out), (0, 0));
}
