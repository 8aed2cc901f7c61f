//! What a frame is to generic code.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Buf, BufMut};
use framebuf::{
    BadRange, FillError, FrameBuf, FrameChain, FrameError, Headroom, IntoSegments, NoRoom,
    SegmentError, SegmentedFrame, TooShort, Unfilled, UnfilledChain, VecTooLarge,
};
use pool_core::{Pool, StableBytes};
use static_assertions::{assert_impl_all, assert_not_impl_any};

assert_impl_all!(FrameBuf: Send, Sync, StableBytes, Eq, std::hash::Hash, Default);
assert_impl_all!(FrameBuf: Buf, BufMut, AsRef<[u8]>, AsMut<[u8]>, std::borrow::BorrowMut<[u8]>);
assert_impl_all!(FrameChain: Send, Sync, Buf, Extend<FrameBuf>, Default);
assert_impl_all!(Headroom<14>: Send, Sync);
assert_impl_all!(SegmentedFrame: Send, Sync);
assert_impl_all!(IntoSegments: Send, Sync, ExactSizeIterator);
assert_impl_all!(Unfilled: Send, Sync);
assert_impl_all!(UnfilledChain: Send, Sync);
assert_impl_all!(SegmentError: std::error::Error, Send, Sync, Copy);
assert_impl_all!(FrameError: std::error::Error, Send, Sync, Copy);
assert_impl_all!(NoRoom: std::error::Error, Send, Sync, Copy);
assert_impl_all!(TooShort: std::error::Error, Send, Sync, Copy);
assert_impl_all!(BadRange: std::error::Error, Send, Sync);
assert_impl_all!(VecTooLarge: std::error::Error, Send, Sync);
assert_impl_all!(FillError<std::io::Error>: std::error::Error, Send, Sync);
assert_not_impl_any!(FrameBuf: Clone);
assert_not_impl_any!(FrameChain: Clone);
assert_not_impl_any!(FrameBuf<std::rc::Rc<u8>>: Send, Sync);
assert_not_impl_any!(FrameChain<std::rc::Rc<u8>>: Send, Sync);
assert_not_impl_any!(Headroom<14, std::rc::Rc<u8>>: Send, Sync);
assert_not_impl_any!(Unfilled: AsRef<[u8]>, std::ops::Deref);

fn frame(headroom: usize) -> FrameBuf {
    let pool = Pool::builder().slots(1).slot_bytes(16).build();
    FrameBuf::with_headroom(&pool.expect("16 bytes"), headroom).expect("one slot")
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_frame_is_24_bytes() {
    assert_eq!(size_of::<FrameBuf>(), 24);
    assert_eq!(size_of::<Option<FrameBuf>>(), 24);
    assert_eq!(size_of::<FrameBuf<u64>>(), 32);
    assert_eq!(size_of::<Headroom<42>>(), 24);
    assert_eq!(size_of::<Unfilled>(), 24);
}

#[test]
fn a_map_finds_a_frame_by_its_bytes() {
    let mut seen = HashMap::new();
    seen.insert(FrameBuf::from(b"key".to_vec()), 1);
    let mut same = frame(5);
    same.append(b"key").expect("eleven bytes of room");
    assert_eq!(seen.get(&b"key"[..]), Some(&1));
    assert_eq!(seen.get(&same), Some(&1));
    assert_eq!(seen.get(&b"kez"[..]), None);
}

#[test]
fn numbers_go_in_and_out_in_place() {
    let mut frame = frame(0);
    frame.put_u16(0x0102);
    frame.put_u64_le(7);
    frame.put_bytes(9, 2);
    assert_eq!((frame.len(), frame.remaining_mut()), (12, 4));
    assert_eq!(frame.get_u16(), 0x0102);
    assert_eq!(frame.get_u64_le(), 7);
    assert_eq!((&frame[..], frame.headroom()), (&[9, 9][..], 10));
}

#[test]
fn the_bytes_traits_panic_as_they_document_and_leave_the_frame_whole() {
    let mut frame = frame(8);
    frame.append(b"abc").expect("eight bytes of room");
    let panics = |call: &mut dyn FnMut()| catch_unwind(AssertUnwindSafe(call)).is_err();
    assert!(panics(&mut || frame.advance(4)));
    assert!(panics(&mut || frame.put_slice(b"123456")));
    assert!(panics(&mut || frame.put_bytes(0, 6)));
    assert_eq!(
        (&frame[..], frame.headroom(), frame.tailroom()),
        (&b"abc"[..], 8, 5)
    );
}

#[test]
#[cfg(feature = "std")]
fn writing_fills_the_tailroom_and_then_says_so() {
    use std::io::{ErrorKind, Write};
    let mut frame = frame(10);
    write!(frame, "{}-{}", 12, 34).expect("five of six");
    assert_eq!(frame, b"12-34");
    assert_eq!(frame.write(b"xyz").expect("one byte of room"), 1);
    assert_eq!(frame.write(b"yz").expect("nothing is fine"), 0);
    let why = frame.write_all(b"yz").expect_err("full");
    assert_eq!(why.kind(), ErrorKind::WriteZero);
    assert_eq!((&frame[..], frame.headroom()), (&b"12-34x"[..], 10));
}

#[test]
#[cfg(feature = "std")]
fn a_vectored_write_fills_the_tailroom_too() {
    use std::io::{IoSlice, Write};
    let mut frame = frame(10);
    let slices = [
        IoSlice::new(b"ab"),
        IoSlice::new(b""),
        IoSlice::new(b"cdefgh"),
    ];
    assert_eq!(frame.write_vectored(&slices).expect("six bytes of room"), 6);
    assert_eq!(frame, b"abcdef");
    assert_eq!(frame.write_vectored(&slices).expect("nothing is fine"), 0);
}

#[test]
fn a_default_frame_has_no_storage() {
    let mut frame = FrameBuf::default();
    assert_eq!(
        (frame.len(), frame.capacity(), frame.is_pooled()),
        (0, 0, false)
    );
    assert!(frame.append(b"x").is_err() && frame.reclaim());
    assert_eq!(frame.into_vec().expect("of the heap"), (vec![], 0..0));
}

#[test]
fn nothing_prints_payload() {
    let bytes = [211; 16];
    let pool = Pool::builder()
        .slots(4)
        .slot_bytes(16)
        .build()
        .expect("small");
    let frame = || FrameBuf::from_pool(&pool, &bytes);
    let headroom = Headroom::<0, _>::try_from(frame()).expect("0 bytes");
    let shown = [
        format!("{:?}", FrameChain::from(frame())),
        format!("{headroom:?}"),
        format!("{:?}", frame().segmented(8)),
        format!("{:?}", frame().into_segments(8)),
        format!("{:?}", UnfilledChain::from_pool(&pool, 0, 16)),
    ];
    for shown in shown {
        assert!(shown.len() < 180 && !shown.contains("211"), "{shown}");
    }
}

#[test]
fn errors_name_what_was_wanted_and_what_is_there() {
    let mut frame = frame(4);
    let front = frame.prepend(b"12345").expect_err("four bytes of room");
    let back = frame.append(&[0; 13]).expect_err("twelve bytes of room");
    assert_eq!((front.wanted(), front.available()), (5, 4));
    assert_eq!((back.wanted(), back.available()), (13, 12));
    assert_eq!(front.to_string(), "headroom: wanted 5 bytes, 4 are there");
    assert_eq!(back.to_string(), "tailroom: wanted 13 bytes, 12 are there");
    let trim = frame.trim_front(1).expect_err("nothing is there");
    assert_eq!(trim.to_string(), "trim: wanted 1 bytes, 0 are there");
    assert_eq!(
        frame.trim_back(usize::MAX).expect_err("nothing").wanted(),
        usize::MAX
    );
}

#[test]
fn a_failed_or_lying_call_changes_nothing_and_gives_the_room_back() {
    let mut frame = frame(4);
    frame.append(b"ab").expect("room");
    let (why, room) = frame
        .unfilled()
        .fill_with(|_| Err("reset by peer"))
        .expect_err("failed");
    assert!(!why.is_false_claim());
    assert_eq!(why.to_string(), "fill: the call failed: reset by peer");
    assert_eq!(why.into_call(), Some("reset by peer"));
    let (why, room) = room
        .fill_with(|room| Ok::<_, &str>(room.len() + 1))
        .expect_err("a lie");
    assert!(why.is_false_claim());
    assert_eq!(why.into_call(), None);
    let (_, room) = room.filled(usize::MAX).expect_err("a larger lie");
    let frame = room
        .fill_with(|room| Ok::<_, &str>(room.len()))
        .expect("all of it");
    assert_eq!(
        (frame.len(), frame.tailroom(), frame.headroom()),
        (12, 0, 4)
    );
    assert_eq!(&frame[..2], b"ab");
}

#[test]
fn a_call_that_panics_loses_no_slot() {
    let pool = Pool::builder()
        .slots(1)
        .slot_bytes(16)
        .build()
        .expect("16 bytes");
    let frame = FrameBuf::with_headroom(&pool, 0).expect("one slot");
    let fill = || {
        frame
            .unfilled()
            .fill_with(|_| -> Result<usize, ()> { panic!("in the call") })
    };
    assert!(catch_unwind(AssertUnwindSafe(fill)).is_err());
    assert_eq!(pool.in_use(), 0);
}
