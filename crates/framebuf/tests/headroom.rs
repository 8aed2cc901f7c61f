//! Headroom that the type knows. That a wrong sum does not compile is shown by the `compile_fail` examples of [`Headroom`].

use framebuf::{FrameBuf, Headroom};
use pool_core::Pool;

fn pool(slot_bytes: usize) -> Pool {
    let builder = Pool::builder().slots(1).slot_bytes(slot_bytes);
    builder.build().expect("a small pool")
}

#[test]
fn headers_go_before_the_frame_where_it_lies() {
    let pool = pool(64);
    let mut frame = Headroom::<42>::from_pool(&pool).expect("one slot");
    frame.append(b"payload").expect("22 bytes of room");
    assert!(frame.append(&[0; 16]).is_err());
    let payload = frame.as_ptr();
    let frame: Headroom<34> = frame.prepend(&[1; 8]);
    let frame: Headroom<14> = frame.prepend(&[2; 20]);
    let mut frame: Headroom<0> = frame.prepend(&[3; 14]);
    assert_eq!(frame.frame().headroom(), 0);
    frame[0] = 4;
    let frame = FrameBuf::from(frame);
    assert_eq!(frame[42..].as_ptr(), payload);
    assert_eq!(
        frame,
        [&[4][..], &[3; 13], &[2; 20], &[1; 8], b"payload"].concat()
    );
}

#[test]
fn a_slot_of_exactly_the_headroom_is_enough_and_one_byte_less_is_not() {
    let frame = Headroom::<42>::from_pool(&pool(42)).expect("as large");
    assert_eq!(
        (frame.frame().headroom(), frame.frame().tailroom()),
        (42, 0)
    );
    let full: Headroom<0> = frame.prepend(&[7; 42]);
    assert_eq!(full.into_frame(), [7; 42]);
    assert!(Headroom::<42>::from_pool(&pool(41)).is_none());
    let exhausted = pool(64);
    let held = Headroom::<0>::from_pool(&exhausted).expect("one slot");
    assert!(Headroom::<0>::from_pool(&exhausted).is_none());
    drop(held);
}

#[test]
fn a_header_of_no_bytes_is_one_too() {
    let frame = Headroom::<0>::from_pool(&pool(8)).expect("one slot");
    let frame: Headroom<0> = frame.prepend(&[]);
    assert!(frame.is_empty());
}

#[test]
fn a_frame_is_asked_once_and_comes_back_if_its_room_is_smaller() {
    let pool = pool(64);
    let frame = FrameBuf::with_headroom(&pool, 13)
        .expect("one slot")
        .with_meta("eth0");
    let Err(mut frame) = Headroom::<14, _>::try_from(frame) else {
        panic!("13 bytes are not 14");
    };
    frame.reset(14).expect("64 bytes");
    let mut frame = Headroom::<14, _>::try_from(frame).expect("14 bytes");
    *frame.meta_mut() = "eth1";
    let frame: Headroom<0, _> = frame.relax::<8>().relax::<8>().prepend(&[5; 8]);
    assert_eq!(
        (frame.frame().meta(), frame.frame().headroom()),
        (&"eth1", 6)
    );
    assert_eq!(frame.into_frame(), [5; 8]);
}

#[test]
fn a_part_has_no_headroom_to_promise() {
    let pool = pool(64);
    let mut frame = FrameBuf::from_pool(&pool, b"headpayload");
    let head = frame.split_to(4).expect("eleven bytes");
    let Err(frame) = Headroom::<0>::try_from(frame) else {
        panic!("what is trimmed off a part is not its headroom");
    };
    drop(head);
    let frame = Headroom::<4>::try_from(frame).expect("the last part has the head's bytes");
    let frame: Headroom<0> = frame.prepend(b"HEAD");
    assert_eq!(frame.into_frame(), b"HEADpayload");
}

#[test]
fn what_is_trimmed_off_is_headroom_by_type() {
    let pool = pool(64);
    let frame = FrameBuf::from_pool(&pool, b"0123456789 payload");
    let frame = Headroom::<0>::try_from(frame).expect("0 bytes are always there");
    let frame: Headroom<10> = frame.trim_front::<10, 10>().expect("18 bytes");
    assert_eq!(&frame[..], b" payload");
    let (why, frame) = frame.trim_front::<9, 19>().expect_err("eight bytes");
    assert_eq!(why.to_string(), "trim: wanted 9 bytes, 8 are there");
    let frame: Headroom<0> = frame.prepend(b"9876543210");
    assert_eq!(frame.into_frame(), b"9876543210 payload");
}
