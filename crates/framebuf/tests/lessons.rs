//! One test per lesson of the field that a frame could repeat; the name starts with the lesson's id.

use allocation_counter::measure;
#[cfg(feature = "track")]
use framebuf::UnfilledChain;
use framebuf::{FrameBuf, FrameChain, Headroom};
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
    let ways: [fn(FrameBuf); 12] = [
        drop,
        |frame| drop(frame.into_lease()),
        |frame| drop(frame.into_vec()),
        |frame| drop(frame.into_bytes()),
        |frame| drop(frame.unfilled()),
        |frame| drop(frame.with_meta(1).split_meta()),
        |frame| drop(frame.into_segments(1)),
        |frame| drop(frame.segmented(1)),
        |frame| drop(Headroom::<1>::try_from(frame)),
        |frame| drop(Headroom::<0>::try_from(frame)),
        |frame| drop(FrameChain::from(frame)),
        |frame| drop(FrameChain::from(frame).into_iter()),
    ];
    for way in ways {
        way(frame());
        assert_eq!(pool.free_count(), 1);
        let held = frame();
        assert!(held.is_pooled() && !frame().is_pooled());
        drop(held);
    }
}

/// That a frame which was given up cannot be given up again is shown by the `compile_fail` example of [`FrameBuf::into_lease`]; here: the parts of
/// a slot give it back once, whichever goes last.
#[test]
fn l_pool_3_the_parts_of_a_slot_give_it_back_once_in_any_order() {
    let pool = pool(2);
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let mut frame = FrameBuf::from_pool(&pool, b"abc");
        let first = frame.split_to(1).expect("three bytes");
        let last = frame.split_off(1).expect("two bytes");
        let mut parts = [Some(first), Some(frame), Some(last)];
        for (gone, which) in order.into_iter().enumerate() {
            assert_eq!(pool.in_use(), 1, "{gone} parts of {order:?} are gone");
            drop(parts[which].take());
        }
        assert_eq!(pool.in_use(), 0);
        let held = FrameBuf::from_pool(&pool, b"x");
        let again = FrameBuf::from_pool(&pool, b"x");
        assert!(held.is_pooled() && again.is_pooled());
        assert_ne!(held.as_ptr(), again.as_ptr());
    }
}

/// A frame goes to the heap only if every slot is in use: what lies in the cache of a thread that does nothing is found.
#[test]
fn l_pool_4_slots_in_an_idle_threads_cache_keep_frames_off_the_heap() {
    let pool = pool(64);
    let (warm, is_warm) = std::sync::mpsc::channel();
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let theirs = pool.clone();
    let idle = std::thread::spawn(move || {
        let frames: Vec<_> = (0..64)
            .map(|_| FrameBuf::from_pool(&theirs, b"x"))
            .collect();
        drop(frames);
        warm.send(()).expect("the test waits for it");
        is_done
            .recv()
            .expect_err("nothing is sent, the other end goes");
    });
    is_warm.recv().expect("the thread has its slots");
    let frames: Vec<_> = (0..64).map(|_| FrameBuf::from_pool(&pool, b"x")).collect();
    assert!(frames.iter().all(FrameBuf::is_pooled));
    assert_eq!(pool.stats().fallbacks, 0);
    assert!(!FrameBuf::from_pool(&pool, b"one too many").is_pooled());
    drop(done);
    idle.join().expect("it only waited");
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
    let pool = pool(11);
    let two = || FrameChain::from_iter([FrameBuf::default(), FrameBuf::default()]);
    std::mem::forget((
        FrameBuf::from_pool(&pool, b"x"),
        FrameBuf::try_from_pool(&pool, b"x"),
        FrameBuf::with_headroom(&pool, 8),
        Headroom::<8>::from_pool(&pool),
        FrameChain::try_from_pool(&pool, &[1; 300]),
        UnfilledChain::from_pool(&pool, 8, 300),
        two().linearize(&pool),
        two().try_linearize(&pool).ok(),
    ));
    let outstanding = pool.outstanding();
    let report = format!("{outstanding:?}");
    assert_eq!(pool.in_use(), 10, "{report}");
    assert_eq!(outstanding.len(), 8, "{report}");
    assert_eq!(
        report.matches("framebuf/tests/lessons.rs").count(),
        8,
        "{report}"
    );
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

/// The slot dropped last is still in a processor's cache, and is the next frame's.
#[test]
fn l_pool_9_a_frame_gets_the_slot_that_was_dropped_last() {
    let pool = pool(64);
    let mut frames: Vec<_> = (0..10).map(|_| FrameBuf::from_pool(&pool, b"x")).collect();
    for which in [3, 0, 7] {
        let last = frames.swap_remove(which);
        let address = last.as_ptr();
        drop(last);
        let next = FrameBuf::from_pool(&pool, b"y");
        assert_eq!(next.as_ptr(), address);
        frames.push(next);
    }
}

/// Nothing of a frame's own lies in its slot: it has every byte, and neighbours begin right behind.
#[test]
fn l_pool_10_a_frame_has_every_byte_of_its_slot() {
    let pool = pool(2);
    let [first, second] = [1, 2].map(|byte| FrameBuf::from_pool(&pool, &[byte; 256]));
    assert!(first.is_pooled() && second.is_pooled());
    assert_eq!((first.headroom(), first.tailroom()), (0, 0));
    assert_eq!(first.as_ptr().addr().abs_diff(second.as_ptr().addr()), 256);
    assert_eq!(
        (first, second),
        (FrameBuf::from(vec![1; 256]), FrameBuf::from(vec![2; 256]))
    );
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
