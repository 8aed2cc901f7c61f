//! A frame changes its form and the bytes stay where they are; whatever is refused comes back.

use bytes::Bytes;
use framebuf::FrameBuf;
use pool_core::{Pool, StableBytes};

/// The most of a storage that a frame uses.
#[cfg(all(target_pointer_width = "64", not(miri)))]
const MAX_CAPACITY: usize = (1 << 30) - 1;

fn pool(slots: usize, slot_bytes: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(slot_bytes);
    builder.build().expect("a small pool")
}

#[test]
fn strict_and_lenient_frames_of_every_size_round_the_slot() {
    let pool = pool(1, 64);
    for len in [0, 1, 63, 64] {
        let data = vec![7; len];
        let frame = FrameBuf::try_from_pool(&pool, &data).expect("fits and is free");
        assert!(frame.is_pooled());
        assert_eq!(
            (&frame, frame.headroom(), frame.tailroom()),
            (&FrameBuf::from(data), 0, 64 - len)
        );
    }
    let why = FrameBuf::try_from_pool(&pool, &[7; 65]).expect_err("too large");
    assert!(why.is_too_large() && !why.is_exhausted() && !why.is_closed());
    assert_eq!(why.to_string(), "data: must be at most 64 bytes, got 65");
    let frame = FrameBuf::from_pool(&pool, &[7; 65]);
    assert!(!frame.is_pooled());
    assert_eq!(frame, [7; 65]);
    assert_eq!(pool.stats().fallback_bytes, 65);
}

#[test]
fn exhausted_and_closed_are_told_apart() {
    let pool = pool(1, 64);
    let held = FrameBuf::from_pool(&pool, b"held");
    let why = FrameBuf::try_from_pool(&pool, b"next").expect_err("exhausted");
    assert!(why.is_exhausted() && !why.is_too_large() && !why.is_closed());
    assert!(FrameBuf::with_headroom(&pool, 0).is_none());
    assert_eq!(FrameBuf::from_pool(&pool, b"next"), b"next");
    assert_eq!(pool.stats().fallbacks, 1);
    drop(held);
    assert!(FrameBuf::with_headroom(&pool, 65).is_none());
    assert!(FrameBuf::with_headroom(&pool, 64).is_some());
    pool.close();
    let why = FrameBuf::try_from_pool(&pool, b"next").expect_err("closed");
    assert!(why.is_closed() && !why.is_exhausted());
    assert_eq!(FrameBuf::from_pool(&pool, b"next"), b"next");
}

#[test]
fn a_bad_range_gives_the_lease_back() {
    let pool = pool(1, 64);
    #[expect(clippy::reversed_empty_ranges, reason = "that is the point")]
    let bad = [0..65, 65..65, 3..2, usize::MAX - 1..usize::MAX, 5..0];
    for range in bad {
        let lease = pool.alloc().expect("the lease of the last round came home");
        let address = lease.as_ptr();
        let why = FrameBuf::from_lease(lease, range.clone()).expect_err("a bad range");
        let said = format!(
            "range: {}..{} must ascend and end within 64 bytes",
            range.start, range.end
        );
        assert_eq!(why.to_string(), said);
        assert_eq!(why.into_lease().as_ptr(), address);
    }
    for range in [0..0, 64..64, 0..64, 3..5] {
        let lease = pool.alloc().expect("free");
        let frame = FrameBuf::from_lease(lease, range.clone()).expect("a good range");
        assert_eq!(frame.range(), range);
    }
}

#[test]
fn lowering_gives_back_what_it_does_not_fit() {
    let pool = pool(1, 64);
    let frame = FrameBuf::from_pool(&pool, b"pooled").with_meta(3);
    let frame = frame.into_vec().expect_err("it lies in a slot");
    assert_eq!((frame.meta(), &frame[..]), (&3, &b"pooled"[..]));
    let (lease, range) = frame.into_lease().expect("it lies in a slot");
    assert_eq!(&lease[range], b"pooled");

    let frame = FrameBuf::from(b"heap".to_vec()).with_meta(4);
    let frame = frame.into_lease().expect_err("it lies on the heap");
    assert_eq!((frame.meta(), &frame[..]), (&4, &b"heap"[..]));
    let (vec, range) = frame.into_vec().expect("it lies on the heap");
    assert_eq!(&vec[range], b"heap");
}

#[test]
fn a_vectors_spare_capacity_becomes_zeroed_tailroom() {
    let mut vec = Vec::with_capacity(100);
    vec.extend_from_slice(&[9; 100]);
    vec.truncate(10);
    let spare = vec.capacity() - 10;
    let mut room = FrameBuf::from(vec).unfilled();
    assert_eq!(room.room().len(), spare);
    assert!(room.room().iter().all(|byte| *byte == 0));
    let frame = room.filled(5).expect("five of ninety");
    assert_eq!(frame, [[9; 5], [9; 5], [0; 5]].concat());
}

#[test]
#[cfg(all(target_pointer_width = "64", not(miri)))]
fn a_vector_of_a_gigabyte_comes_back_untouched() {
    let mut vec: Vec<u8> = Vec::new();
    if vec.try_reserve_exact(MAX_CAPACITY + 1).is_err() {
        return; // the system gives no such address space; nothing of it would have been touched
    }
    vec.push(1);
    let (address, capacity) = (vec.as_ptr(), vec.capacity());
    let why = FrameBuf::try_from_vec(vec).expect_err("too large");
    assert_eq!(
        why.to_string(),
        format!("capacity: must be at most 1073741823 bytes, got {capacity}")
    );
    let vec = why.into_vec();
    assert_eq!(
        (vec.as_ptr(), vec.len(), vec.capacity()),
        (address, 1, capacity)
    );
}

#[test]
#[cfg(all(target_pointer_width = "64", not(miri), feature = "os", unix))]
fn of_a_slot_of_more_than_a_gigabyte_the_beginning_is_used() {
    let built = Pool::builder()
        .slots(1)
        .slot_bytes(MAX_CAPACITY + 4097)
        .region(pool_core::RegionSource::Mmap)
        .build();
    let Ok(pool) = built else {
        return; // the system gives no such address space
    };
    let mut frame = FrameBuf::with_headroom(&pool, MAX_CAPACITY - 3).expect("one slot");
    assert_eq!((frame.capacity(), frame.tailroom()), (MAX_CAPACITY, 3));
    assert!(frame.append(b"four").is_err());
    frame.append(b"end").expect("three bytes of room");
    assert_eq!(frame, b"end");
    assert!(frame.reset(MAX_CAPACITY + 1).is_err());
    let (lease, _) = frame.into_lease().expect("pooled");
    assert!(FrameBuf::from_lease(lease, 0..MAX_CAPACITY + 1).is_err());
    assert!(FrameBuf::with_headroom(&pool, MAX_CAPACITY + 1).is_none());
}

#[test]
fn bytes_share_the_slot_until_the_last_clone() {
    let pool = pool(1, 64);
    let mut frame = FrameBuf::from_pool(&pool, b"header payload");
    frame.trim_front(7).expect("14 bytes");
    let address = frame.as_ptr();
    let whole: Bytes = frame.into();
    let part = whole.slice(3..);
    assert_eq!((whole.as_ptr(), &part[..]), (address, &b"load"[..]));
    drop(whole);
    assert_eq!(pool.in_use(), 1);
    drop(part);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn stable_bytes_stay_when_the_frame_moves() {
    let pool = pool(1, 64);
    for frame in [
        FrameBuf::from_pool(&pool, b"slot"),
        FrameBuf::from(b"heap".to_vec()),
    ] {
        let address = frame.stable_bytes().as_ptr();
        let moved = Box::new(Some(frame));
        let bytes = moved
            .as_ref()
            .as_ref()
            .expect("just put there")
            .stable_bytes();
        assert_eq!((bytes.as_ptr(), bytes.len()), (address, 4));
    }
}

#[test]
fn metadata_travels_and_parts() {
    let mut frame = FrameBuf::from(vec![1, 2, 3]).with_meta("eth0");
    *frame.meta_mut() = "eth1";
    let frame = frame.unfilled().cancel();
    let (bare, port) = frame.split_meta();
    assert_eq!((bare, port), (FrameBuf::from(vec![1, 2, 3]), "eth1"));
}

#[test]
fn a_frame_outlives_its_pool_and_its_thread() {
    let pool = pool(1, 64);
    let frame = FrameBuf::from_pool(&pool, b"far");
    drop(pool);
    let there = std::thread::spawn(move || assert_eq!(frame, b"far"));
    there
        .join()
        .expect("the frame is readable there, and freed there");
}
