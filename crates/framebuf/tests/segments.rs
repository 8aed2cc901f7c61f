//! Several datagrams in one frame.

use framebuf::{FrameBuf, SegmentedFrame};
use pool_core::Pool;

fn pool(slots: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(64);
    builder.build().expect("a small pool")
}

#[test]
fn segments_are_chunks_of_any_size() {
    let bytes: Vec<u8> = (0..60).collect();
    let pool = pool(2);
    for size in [1, 2, 7, 59, 60, 61, usize::MAX] {
        let expected: Vec<&[u8]> = bytes.chunks(size).collect();
        for mut frame in [
            FrameBuf::from_pool(&pool, &bytes),
            FrameBuf::from(bytes.clone()),
        ] {
            assert_eq!(frame.segments(size).collect::<Vec<_>>(), expected);
            frame.segments_mut(size).for_each(|segment| segment[0] ^= 1);
            frame.segments_mut(size).for_each(|segment| segment[0] ^= 1);
            let segmented = frame.segmented(size);
            assert_eq!(
                (segmented.segment_count(), segmented.segment_bytes()),
                (expected.len(), size)
            );
            assert_eq!(segmented.segments().collect::<Vec<_>>(), expected);
            let owned = segmented.into_iter();
            assert_eq!(owned.len(), expected.len());
            assert_eq!(owned.collect::<Vec<_>>(), expected);
        }
    }
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn no_size_is_one_segment_and_no_bytes_are_none() {
    let frame = FrameBuf::from(vec![1, 2, 3]);
    assert_eq!(frame.segments(0).collect::<Vec<_>>(), [[1, 2, 3]]);
    assert_eq!(frame.into_segments(0).collect::<Vec<_>>(), [[1, 2, 3]]);
    for size in [0, 1, 1000] {
        let empty = || FrameBuf::with_headroom(&pool(1), 5).expect("one slot");
        assert_eq!(empty().segments(size).len(), 0);
        assert_eq!(empty().into_segments(size).len(), 0);
        assert!(empty().into_segments(size).next().is_none());
        assert_eq!(empty().segmented(size).segment_count(), 0);
    }
}

#[test]
fn owned_segments_share_the_slot_and_a_single_one_has_it_alone() {
    let pool = pool(1);
    let frame = FrameBuf::from_pool(&pool, &[7; 30]).with_meta("eth0");
    let address = frame.as_ptr();
    let mut segments = frame.into_segments(12);
    let first = segments.next().expect("three of them");
    assert_eq!(
        (first.as_ptr(), first.len(), first.meta()),
        (address, 12, &"eth0")
    );
    assert_eq!((segments.len(), pool.in_use()), (2, 1));
    drop(segments);
    assert!(first.into_lease().is_ok(), "what was not taken is dropped");

    let mut frame = FrameBuf::with_headroom(&pool, 10).expect("one slot");
    frame.append(&[7; 30]).expect("room");
    let single = frame.into_segments(30).next().expect("one");
    assert_eq!((single.headroom(), single.is_part()), (10, false));
}

#[test]
fn a_receive_with_gro_says_the_size() {
    let pool = pool(1);
    let frame = FrameBuf::with_headroom(&pool, 4)
        .expect("one slot")
        .with_meta(9);
    let (why, room) = frame
        .unfilled()
        .fill_segments_with(|_| Err::<(usize, usize), _>("again"))
        .expect_err("failed");
    assert_eq!(why.into_call(), Some("again"));
    let (why, room) = room
        .fill_segments_with(|room| Ok::<_, ()>((room.len() + 1, 3)))
        .expect_err("a lie");
    assert!(why.is_false_claim());
    let received = room
        .fill_segments_with(|room| {
            room[..7].copy_from_slice(b"abcdefg");
            Ok::<_, ()>((7, 3))
        })
        .expect("seven bytes");
    assert_eq!(
        (received.frame().meta(), received.frame().headroom()),
        (&9, 4)
    );
    assert_eq!(
        received.segments().collect::<Vec<_>>(),
        [&b"abc"[..], b"def", b"g"]
    );
    let whole = received
        .into_frame()
        .unfilled()
        .fill_segments_with(|_| Ok::<_, ()>((0, 0)));
    assert_eq!(whole.expect("nothing new").segment_count(), 1);
}

fn for_send(room: usize, segment_bytes: usize) -> SegmentedFrame {
    let frame = FrameBuf::with_headroom(&pool(1), 64 - room).expect("one slot");
    frame.segmented(segment_bytes)
}

#[test]
fn a_send_with_gso_takes_full_segments_and_a_last_one() {
    let mut frame = for_send(64, 10);
    frame.push(&[1; 10]).expect("room");
    let why = frame.push(&[2; 11]).expect_err("too large");
    assert!(why.is_wrong_size());
    assert_eq!(why.to_string(), "segment: must be 1 to 10 bytes, got 11");
    assert!(frame.push(&[]).expect_err("empty").is_wrong_size());
    frame.push(&[2; 4]).expect("the last");
    let why = frame.push(&[3; 4]).expect_err("after the last");
    assert!(why.is_ended());
    assert_eq!(
        why.to_string(),
        "segment: must follow one of 10 bytes, the one before has 4"
    );
    assert_eq!(
        frame.segments().collect::<Vec<_>>(),
        [&[1; 10][..], &[2; 4]]
    );
    assert_eq!(frame.len(), 14);
}

#[test]
fn a_send_with_gso_ends_where_the_room_does() {
    let mut frame = for_send(25, 10);
    frame.push(&[1; 10]).expect("room");
    frame.push(&[2; 10]).expect("room");
    let why = frame.push(&[3; 6]).expect_err("five bytes of room");
    assert!(why.is_no_room());
    assert_eq!(why.to_string(), "tailroom: wanted 6 bytes, 5 are there");
    frame.push(&[3; 5]).expect("room");
    assert_eq!((frame.segment_count(), frame.frame().tailroom()), (3, 0));
}

#[test]
fn segments_are_written_in_place() {
    let mut frame = for_send(25, 10);
    let mut at = std::ptr::null();
    let write = |room: &mut [u8]| {
        at = room.as_ptr();
        room.fill(1);
        room.len()
    };
    frame.push_with(write).expect("room");
    assert_eq!((frame.as_ptr(), frame.len()), (at, 10));
    assert!(frame.push_with(|_| 0).expect_err("nothing").is_wrong_size());
    assert!(
        frame
            .push_with(|room| room.len() + 1)
            .expect_err("a lie")
            .is_wrong_size()
    );
    frame.push_with(|room| room.len()).expect("room");
    assert!(
        frame
            .push_with(|room| room.len() + 1)
            .expect_err("a lie")
            .is_no_room()
    );
    assert_eq!(frame.len(), 20);
    frame
        .push_with(|room| {
            assert_eq!(room.len(), 5);
            5
        })
        .expect("room for half of one");
    let never = |_: &mut [u8]| -> usize { panic!("the last one was shorter") };
    assert!(
        frame
            .push_with(never)
            .expect_err("after the last")
            .is_ended()
    );

    let mut full = for_send(10, 10);
    full.push(&[1; 10]).expect("room");
    let never = |_: &mut [u8]| -> usize { panic!("no room is left") };
    assert!(full.push_with(never).expect_err("full").is_no_room());
}

#[test]
fn an_empty_frame_of_one_segment_takes_single_bytes() {
    let mut frame = for_send(64, 0);
    assert_eq!(frame.segment_bytes(), 1);
    frame.push(&[1]).expect("room");
    assert!(frame.push(&[1, 2]).expect_err("two").is_wrong_size());
}
