//! One test per lesson of the field that a frame could repeat; the name starts with the lesson's id.

use allocation_counter::measure;
use framebuf::FrameBuf;
use pool_core::{Pool, Scrub};

fn pool(slots: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(256);
    builder.build().expect("a small pool")
}

/// The slot's identity does not lie in what `DerefMut` gives out.
#[test]
fn l_pool_1_swapping_bytes_keeps_slots() {
    let (one, other) = (pool(2), pool(1));
    let mut a = FrameBuf::from_pool(&one, &[1; 256]);
    let mut b = FrameBuf::from_pool(&other, &[2; 256]);
    let places = (a.as_ptr(), b.as_ptr());
    a.swap_with_slice(&mut b);
    assert_eq!((a.as_ptr(), b.as_ptr()), places);
    assert!(a.iter().all(|byte| *byte == 2) && b.iter().all(|byte| *byte == 1));
    std::mem::swap(&mut a, &mut b);
    drop(a);
    assert_eq!((one.in_use(), other.in_use()), (1, 0));
    drop(b);
    assert_eq!((one.in_use(), other.in_use()), (0, 0));
}

/// That no frame can be made up is shown by the `compile_fail` example of [`FrameBuf`]; that every way out of a frame is one way is
/// shown here: each slot comes home exactly once.
#[test]
fn l_pool_2_every_way_out_of_a_frame_frees_one_slot_once() {
    let pool = pool(1);
    let frame = || FrameBuf::from_pool(&pool, b"x");
    let ways: [fn(FrameBuf); 6] = [
        drop,
        |frame| drop(frame.into_lease()),
        |frame| drop(frame.into_vec()),
        |frame| drop(frame.into_bytes()),
        |frame| drop(frame.unfilled()),
        |frame| drop(frame.with_meta(1).split_meta()),
    ];
    for way in ways {
        way(frame());
        assert_eq!(pool.free_count(), 1);
        let held = frame();
        assert!(held.is_pooled() && !frame().is_pooled());
        drop(held);
    }
}

/// What a new owner can read is its own, though the slot is full of another's bytes.
#[test]
fn l_pool_6_a_frame_shows_only_its_own_bytes() {
    let pool = pool(1);
    drop(FrameBuf::from_pool(&pool, &[0xaa; 256]));
    let mut frame = FrameBuf::with_headroom(&pool, 100).expect("one slot");
    assert!(frame.is_empty());
    frame.append(&[1; 20]).expect("room");
    frame.prepend(&[2; 20]).expect("room");
    frame.trim_back(5).expect("40 bytes");
    frame.append(&[3; 5]).expect("room");
    frame.truncate(1000);
    assert!(!frame.contains(&0xaa));
    assert_eq!(frame.len(), 40);
}

/// Where a call may lie about what it wrote, the pool's policy decides what is found.
#[test]
fn l_pool_6_scrubbing_is_a_policy_of_the_pool() {
    let found = |scrub| {
        let builder = Pool::builder().slots(1).slot_bytes(256).scrub(scrub);
        let pool = builder.build().expect("a small pool");
        drop(FrameBuf::from_pool(&pool, &[0xaa; 256]));
        let frame = FrameBuf::with_headroom(&pool, 0).expect("one slot");
        let lied = frame.unfilled().filled(256).expect("no more than the room");
        lied[0]
    };
    assert_eq!(found(Scrub::Never), 0xaa);
    assert_eq!(found(Scrub::OnFree), 0);
    assert_eq!(found(Scrub::OnAlloc), 0);
}

/// A frame that is never dropped is seen, and where it was taken.
#[test]
#[cfg(feature = "track")]
fn l_pool_7_a_forgotten_frame_is_reported_with_its_line() {
    let pool = pool(3);
    std::mem::forget((
        FrameBuf::from_pool(&pool, b"x"),
        FrameBuf::try_from_pool(&pool, b"x"),
        FrameBuf::with_headroom(&pool, 8),
    ));
    let report = format!("{:?}", pool.outstanding());
    assert_eq!(report.matches("lessons.rs").count(), 3, "{report}");
}

/// Pooled paths and refusals allocate nothing; a fallback allocates once, and is counted.
#[test]
fn l_pool_8_fallbacks_allocate_once_and_are_counted() {
    let pool = pool(1);
    let strict = measure(|| {
        let mut frame = FrameBuf::try_from_pool(&pool, &[1; 100]).expect("fits and is free");
        frame.append(&[2; 100]).expect("room");
        assert!(frame.append(&[2; 100]).is_err());
        assert!(frame.prepend(&[2; 100]).is_err());
        assert!(frame.trim_front(500).is_err());
        assert!(FrameBuf::try_from_pool(&pool, b"").is_err_and(|why| why.is_exhausted()));
        let (lease, _) = frame.into_lease().expect("pooled");
        assert!(FrameBuf::from_lease(lease, 0..257).is_err());
        assert!(FrameBuf::try_from_pool(&pool, &[1; 257]).is_err_and(|why| why.is_too_large()));
    });
    assert_eq!(strict.count_total, 0);
    assert_eq!(pool.stats().fallbacks, 0);

    let oversize = measure(|| drop(FrameBuf::from_pool(&pool, &[1; 257])));
    assert_eq!((oversize.count_total, oversize.bytes_total), (1, 257));
    let held = FrameBuf::from_pool(&pool, b"held");
    let exhausted = measure(|| drop(FrameBuf::from_pool(&pool, &[1; 10])));
    assert_eq!((exhausted.count_total, exhausted.bytes_total), (1, 10));
    drop(held);
    let stats = pool.stats();
    assert_eq!((stats.fallbacks, stats.fallback_bytes), (2, 267));
}

/// A receive writes into the slot itself.
#[test]
fn l_pool_11_a_receive_writes_in_place() {
    let pool = pool(1);
    let frame = FrameBuf::with_headroom(&pool, 14).expect("one slot");
    let mut written_at = std::ptr::null();
    let received = measure(|| {
        let frame = frame.unfilled().fill_with(|room| {
            written_at = room.as_ptr();
            room[..7].copy_from_slice(b"payload");
            Ok::<_, ()>(7)
        });
        let frame = frame.map_err(|(why, _)| why).expect("seven bytes");
        assert_eq!((frame.as_ptr(), &frame[..]), (written_at, &b"payload"[..]));
        let (lease, range) = frame.into_lease().expect("pooled");
        assert_eq!(lease[range].as_ptr(), written_at);
    });
    assert_eq!(received.count_total, 0);
}

/// What says "without copying" keeps the address, and a counting allocator agrees.
#[test]
fn l_view_1_changing_form_keeps_the_address() {
    let pool = pool(1);
    let vec = vec![5; 10_000];
    let address = vec.as_ptr();
    let mut there = None;
    let in_and_out = measure(|| there = Some(FrameBuf::from(vec)));
    assert_eq!(in_and_out.count_total, 0);
    let frame = there.take().expect("just made");
    assert_eq!(frame.as_ptr(), address);
    let mut back = None;
    let out = measure(|| back = frame.into_vec().ok());
    assert_eq!(out.count_total, 0);
    assert_eq!(back.expect("on the heap").0.as_ptr(), address);

    let frame = FrameBuf::from_pool(&pool, &[5; 200]);
    let address = frame.as_ptr();
    let to_bytes = measure(|| {
        let bytes = frame.into_bytes();
        assert_eq!((bytes.as_ptr(), bytes.len()), (address, 200));
    });
    assert_eq!(to_bytes.count_total, 1, "one small box");
    assert!(to_bytes.bytes_total < 100, "{to_bytes:?}");
}

/// `Debug` says where and how much, never what.
#[test]
fn l_view_9_debug_never_prints_the_payload() {
    let pool = Pool::builder().slots(1).slot_bytes(65_536).build();
    let pool = pool.expect("64 KiB");
    let frame = FrameBuf::from_pool(&pool, &[211; 65_536]).with_meta("SECRET");
    let shown = format!("{frame:?}");
    assert!(shown.len() < 120, "{shown}");
    assert!(!shown.contains("211") && !shown.contains("SECRET"));
    let shown = format!("{:?}", frame.unfilled());
    assert!(shown.len() < 120 && !shown.contains("211"));
}

/// A frame is what generic code expects of bytes; and taking too much is an error, not a panic.
#[test]
fn l_view_10_a_frame_serves_generic_code_and_refuses_without_panic() {
    fn generic<T: AsRef<[u8]> + AsMut<[u8]> + std::borrow::Borrow<[u8]> + Eq + std::hash::Hash>(
        bytes: T,
    ) -> usize {
        bytes.as_ref().len()
    }
    let mut frame = FrameBuf::from(vec![1, 2, 3]);
    assert!(frame.trim_front(4).is_err() && frame.trim_back(4).is_err());
    assert_eq!(generic(frame), 3);
}

/// Never-written memory of a fresh pool is zero before anyone can read it.
#[test]
fn l_view_12_a_fresh_slot_reads_as_zero() {
    let pool = pool(3);
    for _ in 0..3 {
        let lease = pool.alloc().expect("three slots");
        let frame = FrameBuf::from_lease(lease, 0..256).expect("the whole slot");
        assert_eq!(frame, [0; 256]);
    }
}
