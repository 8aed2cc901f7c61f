//! Splitting a frame: parts share a storage and none of its bytes, and the last one gets all of it back.

use std::thread;

use framebuf::FrameBuf;
use pool_core::{Pool, StableBytes};

const SLOT_BYTES: usize = 256;

fn pool(slots: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(SLOT_BYTES);
    builder.build().expect("a small pool")
}

/// A frame with 20 bytes of headroom and some tailroom, in a slot and on the heap.
fn two_frames(pool: &Pool, bytes: &[u8]) -> [FrameBuf; 2] {
    let mut pooled = FrameBuf::with_headroom(pool, 20).expect("a slot");
    pooled.append(bytes).expect("room");
    let mut vec = Vec::with_capacity(SLOT_BYTES);
    vec.resize(20, 0);
    vec.extend_from_slice(bytes);
    let mut on_heap = FrameBuf::from(vec);
    on_heap.trim_front(20).expect("20 bytes");
    [pooled, on_heap]
}

#[test]
fn both_sides_keep_their_bytes_where_they_are() {
    let pool = pool(1);
    for mut frame in two_frames(&pool, b"headpayload") {
        let at = |offset| frame.as_ptr().wrapping_add(offset);
        let [start, four, seven] = [0, 4, 7].map(at);
        let head = frame.split_to(4).expect("eleven bytes");
        let load = frame.split_off(3).expect("seven bytes");
        assert_eq!(head, b"head");
        assert_eq!(frame, b"pay");
        assert_eq!(load, b"load");
        assert_eq!(
            [&head, &frame, &load].map(|part| part.as_ptr()),
            [start, four, seven]
        );
        assert_eq!(frame.stable_bytes().as_ptr(), four);
    }
}

#[test]
fn a_part_has_no_room_until_it_is_the_last() {
    let pool = pool(1);
    for mut frame in two_frames(&pool, b"headpayload") {
        let (pooled, capacity) = (frame.is_pooled(), frame.capacity());
        let mut head = frame.split_to(4).expect("eleven bytes");
        for part in [&mut head, &mut frame] {
            assert!(part.is_part() && !part.reclaim() && part.is_part());
            assert_eq!((part.range(), part.capacity()), (0..part.len(), part.len()));
            assert!(part.prepend(b"x").is_err() && part.append(b"x").is_err());
            assert_eq!(part.is_pooled(), pooled);
        }
        frame.trim_front(1).expect("seven bytes");
        frame.trim_back(1).expect("six bytes");
        assert_eq!((frame.headroom(), frame.tailroom()), (0, 0));
        assert_eq!(frame, b"ayloa");
        assert!(frame.reset(6).is_err());
        drop(head);
        assert!(frame.reclaim() && !frame.is_part());
        assert_eq!((frame.range(), frame.capacity()), (25..30, capacity));
        frame.prepend(b"new p").expect("25 bytes of room");
        frame.append(b"ds").expect("room");
        assert_eq!(frame, b"new payloads");
    }
}

#[test]
fn a_side_without_bytes_has_no_storage_and_the_other_stays_whole() {
    let pool = pool(1);
    for frame in two_frames(&pool, b"payload") {
        let (range, capacity) = (frame.range(), frame.capacity());
        let mut frame = frame;
        let nothing = frame.split_to(0).expect("always there");
        let behind = frame.split_off(7).expect("seven bytes");
        for empty in [&nothing, &behind] {
            assert!(empty.is_empty() && !empty.is_part() && !empty.is_pooled());
            assert_eq!(empty.capacity(), 0);
        }
        let all = frame.split_to(7).expect("seven bytes");
        assert!(frame.is_empty() && !frame.is_pooled());
        frame = all;
        let all = frame.split_off(0).expect("seven bytes");
        assert!(frame.is_empty() && !frame.is_pooled());
        assert!(!all.is_part());
        assert_eq!((all.range(), all.capacity()), (range, capacity));
    }
}

#[test]
fn more_than_there_is_changes_nothing() {
    let pool = pool(1);
    for mut frame in two_frames(&pool, b"payload") {
        let why = frame.split_to(8).expect_err("seven bytes");
        assert_eq!(why.to_string(), "split: wanted 8 bytes, 7 are there");
        assert_eq!((why.wanted(), why.available()), (8, 7));
        assert!(frame.split_off(usize::MAX).is_err());
        assert_eq!(
            (&frame[..], frame.headroom(), frame.is_part()),
            (&b"payload"[..], 20, false)
        );
    }
}

#[test]
fn only_the_last_part_can_be_lowered() {
    let pool = pool(1);
    let [pooled, on_heap] = two_frames(&pool, b"headpayload");

    let mut frame = pooled;
    let address = frame.as_ptr();
    let head = frame.split_to(4).expect("eleven bytes");
    let frame = frame.into_lease().expect_err("its head lives");
    let frame = frame.into_vec().expect_err("it lies in a slot");
    drop(frame);
    let (lease, range) = head.into_lease().expect("the last part");
    assert_eq!((lease.len(), range.clone()), (SLOT_BYTES, 20..24));
    assert_eq!(lease[range].as_ptr(), address);

    let mut frame = on_heap;
    let head = frame.split_to(4).expect("eleven bytes");
    let head = head.into_vec().expect_err("its tail lives");
    let head = head.into_lease().expect_err("it lies on the heap");
    drop(head);
    let (vec, range) = frame.into_vec().expect("the last part");
    assert_eq!((&vec[range.clone()], range), (&b"payload"[..], 24..31));
}

#[test]
fn both_sides_have_the_metadata() {
    let mut frame = FrameBuf::from(vec![1, 2, 3]).with_meta("eth0".to_owned());
    let mut head = frame.split_to(1).expect("three bytes");
    head.meta_mut().push_str(", head");
    assert_eq!(
        (head.meta().as_str(), frame.meta().as_str()),
        ("eth0, head", "eth0")
    );
}

#[test]
fn a_clone_of_metadata_that_panics_leaves_the_frame_whole() {
    struct Fragile;
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            panic!("not this one")
        }
    }
    let pool = pool(1);
    let mut frame = FrameBuf::from_pool(&pool, b"payload").with_meta(Fragile);
    let split = std::panic::AssertUnwindSafe(|| drop(frame.split_to(3)));
    assert!(std::panic::catch_unwind(split).is_err());
    assert_eq!((&frame[..], frame.is_part()), (&b"payload"[..], false));
    drop(frame);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn parts_are_written_and_dropped_on_their_own_threads() {
    let pool = pool(1);
    for _ in 0..if cfg!(miri) { 2 } else { 50 } {
        for mut whole in two_frames(&pool, &[0; 90]) {
            let parts = [30, 30].map(|len| whole.split_to(len).expect("90 bytes"));
            let threads = parts.map(|mut part| {
                thread::spawn(move || {
                    part.fill(7);
                    assert!(part.iter().all(|byte| *byte == 7));
                    part.reclaim();
                })
            });
            whole.fill(1);
            for thread in threads {
                thread.join().expect("it only wrote its own bytes");
            }
            assert!(whole.reclaim());
            whole
                .prepend(&[2; 60])
                .expect("what the others had is room now");
            assert_eq!(whole, [[2; 60].as_slice(), &[1; 30]].concat());
        }
    }
    assert_eq!(pool.in_use(), 0);
}
