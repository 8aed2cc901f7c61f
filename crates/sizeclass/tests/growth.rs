//! Growing: into the right class, onto the heap, and without the pool.

use bytes::BufMut;
use sizeclass::{BufferPool, PooledBuffer};

/// Slots in use of each class, smallest first.
fn in_use(pool: &BufferPool) -> Vec<usize> {
    let stats = pool.stats();
    stats.classes().iter().map(|class| class.in_use).collect()
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| (at % 251) as u8).collect()
}

#[test]
fn resizing_moves_to_the_right_class_and_frees_the_old_slot() {
    let pool = BufferPool::new(1);
    let mut buffer = pool.acquire(4096);
    buffer.copy_from_slice(&pattern(4096));
    buffer.resize(20_000);
    assert_eq!((buffer.len(), buffer.capacity()), (20_000, 32_768));
    assert!(buffer.is_pooled());
    assert_eq!(in_use(&pool), [0, 0, 0, 1, 0, 0, 0, 0, 0]);
    assert_eq!(buffer[..4096], pattern(4096));
    assert!(buffer[4096..].iter().all(|byte| *byte == 0));
}

#[test]
fn what_resize_adds_is_zero_though_the_slot_is_not() {
    let pool = BufferPool::new(1);
    for len in [8192, 16_384] {
        pool.acquire(len).fill(0xaa);
    }
    let mut buffer = pool.acquire(5000);
    assert_eq!(buffer[4999], 0xaa);
    buffer.truncate(10);
    buffer.resize(100); // where it is, over its own old bytes
    buffer.resize(9000); // into another slot with old bytes
    assert!(buffer[10..].iter().all(|byte| *byte == 0));
    assert!(buffer[..10].iter().all(|byte| *byte == 0xaa));
}

#[test]
fn what_resize_adds_is_zero_on_the_heap_too() {
    let pool = BufferPool::new(1);
    let mut buffer = pool.acquire((1 << 20) + 10);
    buffer.fill(0xaa);
    buffer.truncate(10);
    buffer.resize(20); // where it is
    buffer.resize((1 << 20) + 4096); // beyond the old capacity
    assert!(buffer[..10].iter().all(|byte| *byte == 0xaa));
    assert!(buffer[10..].iter().all(|byte| *byte == 0));
}

#[test]
fn shrinking_stays_where_it_is() {
    let pool = BufferPool::new(1);
    let mut buffer = pool.acquire(60_000);
    let address = buffer.as_ptr();
    buffer.resize(10);
    buffer.clear();
    assert_eq!(
        (buffer.as_ptr(), buffer.len(), buffer.capacity()),
        (address, 0, 65_536)
    );
    assert!(buffer.is_empty());
}

#[test]
fn a_buffer_without_a_slot_gets_one_when_it_grows_into_a_free_class() {
    let pool = BufferPool::new(1);
    let held = pool.acquire(1);
    let mut missed = pool.acquire(1);
    assert!(!missed.is_pooled());
    assert_eq!(missed.capacity(), 4096);
    missed.fill(7);
    missed.resize(5000);
    assert!(missed.is_pooled());
    assert_eq!((missed[0], missed[1]), (7, 0));
    drop(held);
}

#[test]
fn a_buffer_outlives_its_pool_and_then_grows_on_the_heap() {
    let pool = BufferPool::new(1);
    let mut buffer = pool.acquire(3);
    buffer.copy_from_slice(b"abc");
    drop(pool);
    let others = BufferPool::new(1); // whatever takes the dead pool's place is not its pool
    buffer.resize(4096);
    assert!(buffer.is_pooled());
    buffer.resize(4097);
    assert!(!buffer.is_pooled());
    assert_eq!((buffer.capacity(), &buffer[..4]), (8192, &b"abc\0"[..]));
    buffer.resize((1 << 20) + 1);
    assert_eq!(&buffer[..4], b"abc\0");
    assert_eq!(others.stats().allocations, 0);
}

#[test]
fn any_handle_keeps_the_pool_for_its_buffers() {
    let pool = BufferPool::new(1);
    let other = pool.clone();
    let mut buffer = pool.acquire(1);
    drop(pool);
    buffer.resize(5000);
    assert!(buffer.is_pooled());
    assert_eq!(other.stats().recycles, 2);
}

#[test]
fn writing_at_the_end_climbs_the_classes_and_leaves_them() {
    let pool = BufferPool::new(1);
    let mut buffer = pool.acquire(0);
    let end = if cfg!(miri) { 10_000 } else { 5 << 20 };
    let piece = pattern(1000);
    while buffer.len() < end {
        buffer.put_slice(&piece[..500]);
        buffer.put(&piece[500..]);
    }
    for (index, written) in buffer.chunks(1000).enumerate() {
        assert!(written == &piece[..written.len()], "piece {index}");
    }
    let stats = pool.stats();
    assert_eq!(stats.in_use_bytes() > 0, buffer.is_pooled());
    // Nine classes, and then a doubling from 1 MiB to beyond 5 MiB.
    assert!(stats.allocations <= 9 + 4, "{stats}");
    assert!(cfg!(miri) || stats.oversize > 0);
}

#[test]
#[cfg(feature = "std")]
fn io_write_adds_at_the_end() {
    use std::io::Write;
    let pool = BufferPool::new(1);
    let mut buffer = pool.acquire(0);
    write!(buffer, "{}-{}", 12, 34).expect("never fails");
    buffer.write_all(&[b'x'; 5000]).expect("never fails");
    assert_eq!((&buffer[..7], buffer.capacity()), (&b"12-34xx"[..], 8192));
}

#[test]
fn advancing_beyond_the_chunk_is_refused() {
    let pool = BufferPool::new(1);
    let mut buffer = pool.acquire(4090);
    assert_eq!(buffer.chunk_mut().len(), 6);
    let beyond = std::panic::AssertUnwindSafe(|| {
        // SAFETY: none of the bytes becomes part of the buffer, because the call must refuse.
        unsafe { buffer.advance_mut(7) }
    });
    assert!(std::panic::catch_unwind(beyond).is_err());
    assert_eq!(buffer.len(), 4090);
}

#[test]
fn buffers_grow_on_many_threads_while_pools_come_and_go() {
    let rounds: u8 = if cfg!(miri) { 2 } else { 40 };
    let pool = BufferPool::new(2);
    std::thread::scope(|scope| {
        for id in 0..3_u8 {
            let pool = pool.clone();
            scope.spawn(move || {
                for round in 0..rounds {
                    let own = BufferPool::new(1);
                    let mut shared: PooledBuffer = pool.acquire(100);
                    let mut orphan = own.acquire(100);
                    drop(own);
                    for buffer in [&mut shared, &mut orphan] {
                        buffer.fill(id ^ round);
                        buffer.resize(5000);
                        assert!(buffer[..100].iter().all(|byte| *byte == id ^ round));
                    }
                    assert!(!orphan.is_pooled());
                }
            });
        }
    });
    let stats = pool.stats();
    assert_eq!(stats.in_use_bytes(), 0);
    assert_eq!(stats.allocations, 3 * 2 * u64::from(rounds));
}
