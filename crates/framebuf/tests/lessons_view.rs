//! The lessons of shared views that a frame could repeat as well; the name starts with the lesson's id.

use allocation_counter::measure;
use framebuf::FrameBuf;
use pool_core::Pool;

fn pool(slots: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(256);
    builder.build().expect("a small pool")
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
