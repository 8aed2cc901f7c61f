//! What the documentation of `bytes::BufMut` promises, of frames wherever they lie.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::BufMut;
use framebuf::{FrameBuf, FrameChain};
use pool_core::Pool;

fn pool(slots: usize, slot_bytes: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(slot_bytes);
    builder.build().expect("a small pool")
}

/// In frames of three bytes each.
fn chain(bytes: &[u8]) -> FrameChain {
    FrameChain::try_from_pool(&pool(100, 3), bytes).expect("100 slots")
}

fn panics(call: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(call)).is_err()
}

/// A frame of either kind with 16 bytes of tailroom behind "head".
fn writable() -> [FrameBuf; 2] {
    let mut frame = FrameBuf::with_headroom(&pool(1, 28), 8).expect("one slot");
    frame.append(b"head").expect("room");
    let mut vec = Vec::with_capacity(20);
    vec.extend_from_slice(b"head");
    assert_eq!(vec.capacity(), 20);
    [frame, FrameBuf::from(vec)]
}

/// One `put_`, against the same into a vector, until the room is used up.
macro_rules! same_as_vec {
    ($($put:ident, $value:expr);* $(;)?) => {$(
        for mut frame in writable() {
            let mut vec = b"head".to_vec();
            loop {
                let mut next = vec.clone();
                next.$put($value);
                if next.len() > 20 {
                    break;
                }
                frame.$put($value);
                vec = next;
                assert_eq!(frame, vec);
                assert_eq!(frame.remaining_mut(), 20 - vec.len());
            }
            assert!(panics(|| frame.$put($value)));
            assert_eq!((&frame[..], frame.remaining_mut()), (&vec[..], 20 - vec.len()));
        }
    )*};
}

#[test]
fn numbers_go_in_as_into_a_vector() {
    same_as_vec! {
        put_u8, 0x81; put_i8, -2;
        put_u16, 0x8102; put_u16_le, 0x8102; put_u16_ne, 0x8102;
        put_i16, -300; put_i16_le, -300; put_i16_ne, -300;
        put_u32, 0x8102_0304; put_u32_le, 0x8102_0304; put_u32_ne, 0x8102_0304;
        put_i32, -70_000; put_i32_le, -70_000; put_i32_ne, -70_000;
        put_u64, u64::MAX / 3; put_u64_le, u64::MAX / 3; put_u64_ne, u64::MAX / 3;
        put_i64, i64::MIN / 3; put_i64_le, i64::MIN / 3; put_i64_ne, i64::MIN / 3;
        put_u128, u128::MAX / 3; put_u128_le, u128::MAX / 3; put_u128_ne, u128::MAX / 3;
        put_i128, i128::MIN / 3; put_i128_le, i128::MIN / 3; put_i128_ne, i128::MIN / 3;
        put_f32, 1.5; put_f32_le, 1.5; put_f32_ne, 1.5;
        put_f64, -0.25; put_f64_le, -0.25; put_f64_ne, -0.25;
        put_slice, b"five!"; put, &b"six66!"[..];
    }
    for bytes in 1..=8 {
        for mut frame in writable() {
            let mut vec = b"head".to_vec();
            frame.put_uint(u64::MAX / 5, bytes);
            vec.put_uint(u64::MAX / 5, bytes);
            frame.put_int_le(-7, bytes);
            vec.put_int_le(-7, bytes);
            assert_eq!(frame, vec);
        }
    }
    assert!(writable().map(|mut frame| panics(|| frame.put_uint(0, 9))) == [true; 2]);
}

#[test]
fn what_does_not_fit_panics_and_changes_nothing() {
    for mut frame in writable() {
        frame.put_bytes(9, 16);
        frame.put_slice(b"");
        frame.put_bytes(9, 0);
        assert!(!frame.has_remaining_mut());
        assert!(frame.chunk_mut().len() == 0);
        assert!(panics(|| frame.put_u8(1)));
        assert!(panics(|| frame.put_bytes(9, 1)));
        assert!(panics(|| frame.put(&b"x"[..])));
        assert_eq!(frame, [&b"head"[..], &[9; 16]].concat());
    }
    for mut frame in writable() {
        assert!(panics(|| frame.put_bytes(9, 17)));
        assert!(panics(|| frame.put_slice(&[9; 17])));
        assert!(panics(|| frame.put(chain(&[9; 17]))));
        assert_eq!((&frame[..], frame.remaining_mut()), (&b"head"[..], 16));
        frame.put(chain(&[9; 16]));
        assert_eq!(frame, [&b"head"[..], &[9; 16]].concat());
    }
}

#[test]
fn a_chunk_is_written_and_then_advanced_over() {
    for mut frame in writable() {
        let chunk = frame.chunk_mut();
        assert_eq!(chunk.len(), 16);
        chunk[..3].copy_from_slice(b"abc");
        // SAFETY: three bytes were written.
        unsafe { frame.advance_mut(3) };
        assert_eq!((&frame[..], frame.remaining_mut()), (&b"headabc"[..], 13));
        // SAFETY: the whole room was initialised before.
        assert!(panics(|| unsafe { frame.advance_mut(14) }));
        assert_eq!((&frame[..], frame.remaining_mut()), (&b"headabc"[..], 13));
    }
}

#[test]
fn writers_stop_where_the_room_does() {
    for frame in writable() {
        let mut limited = frame.limit(5);
        assert_eq!(limited.remaining_mut(), 5);
        limited.put_slice(b"12345");
        assert!(panics(|| limited.put_u8(6)));
        let mut writer = limited.into_inner().writer();
        assert_eq!(writer.write(&[7; 20]).expect("some of it"), 11);
        assert_eq!(writer.write(&[7]).expect("none of it"), 0);
        assert_eq!(writer.into_inner(), [&b"head12345"[..], &[7; 11]].concat());
    }
    let [first, second] = writable();
    let mut both = first.chain_mut(second);
    assert_eq!(both.remaining_mut(), 32);
    both.put_slice(&[1; 32]);
    let (first, second) = both.into_inner();
    assert_eq!((first.len(), second.len()), (20, 20));
}
