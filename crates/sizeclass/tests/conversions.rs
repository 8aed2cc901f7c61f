//! Building with good and bad numbers, lowering, and what a buffer is to generic code.

use pool_core::{RegionSource, Scrub, StableBytes};
use sizeclass::{AcquireError, BufferPool, BufferPoolStats, BuildError, Classes, PooledBuffer};
use static_assertions::{assert_impl_all, assert_not_impl_any};

assert_impl_all!(BufferPool: Clone, Send, Sync);
assert_impl_all!(PooledBuffer: Send, Sync, StableBytes, AsRef<[u8]>, std::borrow::Borrow<[u8]>);
assert_not_impl_any!(PooledBuffer: Clone);
assert_impl_all!(BufferPoolStats: Send, Sync, std::fmt::Display);
assert_impl_all!(AcquireError: std::error::Error, Send, Sync, Clone);
assert_impl_all!(BuildError: std::error::Error, Send, Sync);

#[test]
fn bad_capacities_are_named() {
    for value in [0, u32::MAX as usize, usize::MAX] {
        let built = BufferPool::builder().capacity_per_class(value).build();
        let why = built.expect_err("out of range");
        assert_eq!(
            why.to_string(),
            format!("capacity_per_class: must be 1 to 4294967294, got {value}")
        );
        assert!(!why.is_out_of_memory());
    }
    let built = BufferPool::builder().build();
    assert!(built.is_err(), "there is no default capacity");
}

#[test]
#[cfg(all(target_pointer_width = "64", not(miri)))]
fn a_system_without_so_much_memory_says_which_class() {
    let built = BufferPool::builder()
        .capacity_per_class(u32::MAX as usize - 1)
        .build();
    let why = built.expect_err("8 PiB");
    assert!(why.is_out_of_memory());
    assert!(why.to_string().starts_with("class of "), "{why}");
}

#[test]
#[should_panic(expected = "BufferPool::new: capacity_per_class: must be 1 to 4294967294, got 0")]
fn new_panics_as_documented() {
    let _ = BufferPool::new(0);
}

#[test]
fn refusals_name_the_bound_and_the_class() {
    let pool = BufferPool::new(1);
    let large = pool.try_acquire((1 << 20) + 1).expect_err("too large");
    assert_eq!(
        large.to_string(),
        "min: must be at most 1048576 bytes, got 1048577"
    );
    let held = pool.try_acquire(1 << 20).expect("one slot");
    let empty = pool.try_acquire(600_000).expect_err("exhausted");
    assert!(empty.is_exhausted());
    assert_eq!(
        empty.to_string(),
        "class of 1048576 bytes: no buffer for 600000 bytes: \
         all 1 slots are in use"
    );
    drop(held);
    assert_eq!(pool.stats().allocations, 1, "a refusal is no allocation");
}

#[test]
fn nothing_asked_for_is_a_slot_to_grow_in() {
    let pool = BufferPool::new(1);
    let buffer = pool.acquire(0);
    assert_eq!(
        (buffer.len(), buffer.capacity(), buffer.is_pooled()),
        (0, 4096, true)
    );
    assert_eq!(buffer.as_slice(), b"");
}

#[test]
fn lowering_gives_back_what_it_does_not_fit() {
    let pool = BufferPool::new(1);
    let mut pooled = pool.acquire(5);
    pooled.copy_from_slice(b"hello");
    let address = pooled.as_ptr();
    let pooled = pooled.into_vec().expect_err("it lies in a slot");
    let (lease, range) = pooled.into_lease().expect("it lies in a slot");
    assert_eq!((lease.as_ptr(), &lease[range]), (address, &b"hello"[..]));
    assert_eq!(pool.stats().in_use_bytes(), 4096);

    let mut missed = pool.acquire(5);
    missed.copy_from_slice(b"world");
    let address = missed.as_ptr();
    let missed = missed.into_lease().expect_err("it lies on the heap");
    let vec = missed.into_vec().expect("it lies on the heap");
    assert_eq!((vec.as_ptr(), &vec[..]), (address, &b"world"[..]));
    drop(lease);
    assert_eq!(pool.stats().in_use_bytes(), 0);
}

/// Slots that a buffer's two words have no room for.
#[test]
#[cfg(all(
    target_pointer_width = "64",
    feature = "os",
    target_os = "linux",
    not(miri)
))]
fn a_slot_of_more_than_four_gigabytes_is_a_buffer_too() {
    const HUGE: usize = 5 << 30;
    let classes = Classes::try_new(&[4096, HUGE]).expect("ascending");
    let builder = BufferPool::builder().classes(classes);
    let pool = builder.capacity_per_class(1).build();
    let pool = pool.expect("address space");
    let mut buffer = pool.acquire(HUGE - 1);
    assert!(buffer.is_pooled());
    assert_eq!((buffer.len(), buffer.capacity()), (HUGE - 1, HUGE));
    buffer[HUGE - 2] = 7;
    let (lease, range) = buffer.into_lease().expect("a slot");
    assert_eq!((range, lease[HUGE - 2]), (0..HUGE - 1, 7));
    let mut again = PooledBuffer::from_lease(lease, HUGE).expect("as long as that");
    again.truncate(10);
    assert_eq!((again.len(), again.capacity()), (10, HUGE));
    assert!(again.into_vec().is_err());
    assert!(pool.try_acquire(HUGE).is_ok(), "it came home");
    assert_eq!(pool.acquire(4097).capacity(), HUGE);
}

#[test]
fn stable_bytes_stay_when_the_buffer_moves() {
    let pool = BufferPool::new(1);
    for _ in 0..2 {
        let buffer = pool.acquire(10);
        let address = buffer.stable_bytes().as_ptr();
        let moved = Box::new([buffer]);
        assert_eq!(
            (
                moved[0].stable_bytes().as_ptr(),
                moved[0].stable_bytes().len()
            ),
            (address, 10)
        );
    }
}

#[test]
fn options_reach_the_classes() {
    let builder = BufferPool::builder().capacity_per_class(1);
    let pool = builder
        .region(RegionSource::Heap)
        .scrub(Scrub::OnFree)
        .build();
    let pool = pool.expect("small");
    pool.acquire(4096).fill(0xaa);
    assert!(pool.acquire(4096).iter().all(|byte| *byte == 0));
}

#[test]
#[cfg(all(feature = "os", unix))]
fn slots_are_page_aligned() {
    let pool = BufferPool::new(3);
    let buffers: Vec<_> = (0..20)
        .filter_map(|log2| pool.try_acquire(1 << log2).ok())
        .collect();
    assert!(buffers.len() > 9);
    for buffer in buffers {
        assert_eq!(buffer.as_ptr().align_offset(4096), 0);
    }
}

#[test]
fn the_stats_show_a_row_per_class() {
    let pool = BufferPool::new(3);
    let held = (pool.acquire(5000), pool.acquire(2 << 20));
    let shown = pool.stats().to_string();
    assert_eq!(shown.lines().count(), 1 + 9 + 2, "{shown}");
    assert!(shown.contains("8192        3        1"), "{shown}");
    assert!(
        shown.contains("2 allocations = 1 recycles + 0 misses + 1 oversize"),
        "{shown}"
    );
    drop(held);
}
