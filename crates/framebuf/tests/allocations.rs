//! What works on slots allocates nothing, and what allocates does it as often as it says.

use allocation_counter::measure;
use bytes::{Buf, BufMut, Bytes};
use framebuf::{FrameBuf, FrameChain, Headroom, UnfilledChain};
use pool_core::Pool;

fn pool(slots: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(256);
    let pool = builder.build().expect("a small pool");
    // The thread's own table is made with its first slot.
    drop(pool.alloc());
    pool
}

#[track_caller]
fn assert_allocations(times: u64, work: impl FnOnce()) {
    let counted = measure(work);
    assert_eq!(counted.count_total, times, "{counted:?}");
}

#[test]
fn frames_in_slots_allocate_nothing() {
    let pool = pool(4);
    assert_allocations(0, || {
        let mut frame = FrameBuf::from_pool(&pool, &[1; 100]).with_meta(7);
        frame.append(&[2; 50]).expect("room");
        frame.trim_front(20).expect("150 bytes");
        frame.prepend(&[3; 20]).expect("room");
        frame.trim_back(10).expect("150 bytes");
        frame.truncate(130);
        frame.put_u64(9);
        frame.advance(8);
        frame.reset(40).expect("256 bytes");
        let frame = frame.unfilled().fill_with(|_| Ok::<_, ()>(100));
        let (lease, range) = frame
            .expect("100 bytes of room")
            .into_lease()
            .expect("a slot");
        drop(FrameBuf::from_lease(lease, range));
        drop((FrameBuf::default(), FrameBuf::with_headroom(&pool, 8)));
    });
    assert_eq!(pool.stats().fallbacks, 0);
}

#[test]
fn headroom_by_type_allocates_nothing() {
    let pool = pool(1);
    assert_allocations(0, || {
        let frame = Headroom::<42>::from_pool(&pool).expect("one slot");
        let frame: Headroom<22> = frame.prepend(&[1; 20]);
        let frame: Headroom<42> = frame.trim_front::<20, 42>().expect("20 bytes");
        drop(frame.into_frame());
    });
}

#[test]
fn splitting_a_slot_allocates_nothing() {
    let pool = pool(1);
    assert_allocations(0, || {
        let mut frame = FrameBuf::from_pool(&pool, &[1; 100]);
        let front = frame.split_to(30).expect("100 bytes");
        let back = frame.split_off(30).expect("70 bytes");
        drop((front, frame));
        let lengths = back.into_segments(12).map(|segment| segment.len());
        assert_eq!(lengths.sum::<usize>(), 40);
    });
    assert_allocations(0, || {
        let mut frame = FrameBuf::from_pool(&pool, &[1; 100]);
        drop(frame.split_to(30));
        assert!(frame.reclaim());
        let (lease, range) = frame.into_lease().expect("the last part");
        assert_eq!((lease.len(), range), (256, 30..100));
    });
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn splitting_a_heap_frame_allocates_one_box() {
    let mut frame = FrameBuf::from(vec![1; 100]);
    assert_allocations(0, || drop(frame.split_to(0)));
    let mut parts = Vec::with_capacity(3);
    assert_allocations(1, || {
        parts.extend([10, 20, 30].map(|len| frame.split_to(len).expect("100 bytes")));
    });
    drop(parts);
    assert_allocations(0, || {
        assert!(frame.reclaim());
        drop(frame);
    });
}

#[test]
fn bytes_are_one_small_box_however_they_are_made() {
    let pool = pool(2);
    let mut made = Bytes::new();
    let mut frame = FrameBuf::from_pool(&pool, &[1; 200]);
    let address = frame.as_ptr();
    assert_allocations(1, || made = frame.copy_to_bytes(150));
    assert_eq!((made.as_ptr(), made.len()), (address, 150));
    assert_allocations(0, || assert!(frame.copy_to_bytes(0).is_empty()));
    assert_allocations(1, || made = frame.into_bytes());
    assert_eq!((made.as_ptr(), made.len()), (address.wrapping_add(150), 50));
    drop(made);
    assert_eq!(pool.in_use(), 0);

    let mut chain = FrameChain::from(FrameBuf::from_pool(&pool, &[1; 200]));
    assert_allocations(1, || drop(chain.copy_to_bytes(150)));
}

#[test]
fn a_chain_allocates_its_list_and_nothing_else() {
    let pool = pool(4);
    let mut chain = FrameChain::with_capacity(4);
    assert_allocations(0, || {
        for _ in 0..3 {
            chain.extend((0..4).map(|_| FrameBuf::from_pool(&pool, &[1; 60])));
            chain.prepend(b"").expect("no bytes need no room");
            chain.append(&[2; 10]).expect("room");
            chain.trim_front(70).expect("250 bytes");
            chain.trim_back(70).expect("180 bytes");
            assert_eq!(chain.io_slices().count(), 2);
            chain
                .write_all_to(&mut std::io::sink())
                .expect("takes everything");
        }
    });
    assert_allocations(1, || drop(FrameChain::try_from_pool(&pool, &[1; 1000])));
    assert_allocations(1, || drop(UnfilledChain::from_pool(&pool, 10, 900)));
    assert_allocations(1, || {
        let mut frame = FrameBuf::from_pool(&pool, &[1; 200]);
        let back = frame.split_off(100).expect("200 bytes");
        let whole = FrameChain::from_iter([frame, back]).linearize(&pool);
        assert!(whole.is_pooled());
    });
    assert_eq!((pool.in_use(), pool.stats().fallbacks), (0, 0));
}
