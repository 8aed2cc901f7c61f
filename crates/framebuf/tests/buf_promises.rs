//! What the documentation of `bytes::Buf` promises, of frames wherever they lie and of chains however they are cut.

use std::io::{IoSlice, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Buf, Bytes, TryGetError};
use framebuf::{FrameBuf, FrameChain};
use pool_core::Pool;

const BYTES: [u8; 32] = [
    0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa,
    0xf9, 0xf8, 0xf7, 0xf6, 0xf5, 0xf4, 0xf3, 0xf2, 0xf1, 0xf0,
];

fn pool(slots: usize, slot_bytes: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(slot_bytes);
    builder.build().expect("a small pool")
}

fn pooled(bytes: &[u8]) -> FrameBuf {
    let mut frame = FrameBuf::with_headroom(&pool(1, 64), 9).expect("one slot");
    frame.append(bytes).expect("room");
    frame
}

fn on_heap(bytes: &[u8]) -> FrameBuf {
    FrameBuf::from(bytes.to_vec())
}

fn part(bytes: &[u8]) -> FrameBuf {
    let mut frame = pooled(&[bytes, b"behind"].concat());
    drop(frame.split_off(bytes.len()));
    assert!(frame.is_part(), "it has not asked whether it is the last");
    frame
}

/// Cut after each `cut` bytes, with frames without bytes before, between and behind.
fn chain(bytes: &[u8], cut: usize) -> FrameChain {
    let pool = pool(100, 64);
    let empty = || FrameBuf::with_headroom(&pool, 8).expect("100 slots");
    let pieces = bytes
        .chunks(cut)
        .map(|piece| FrameBuf::from_pool(&pool, piece));
    let mut chain = FrameChain::from_iter([empty()]);
    for piece in pieces {
        chain.extend([piece, empty()]);
    }
    chain
}

fn panics(call: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(call)).is_err()
}

/// Runs `promise` on each kind of buffer with [`BYTES`] in it.
macro_rules! each {
    ($promise:ident) => {
        $promise(|| pooled(&BYTES));
        $promise(|| on_heap(&BYTES));
        $promise(|| part(&BYTES));
        for cut in [1, 2, 3, 5, 7, 31, 32] {
            $promise(|| chain(&BYTES, cut));
        }
    };
}

fn cursor<B: Buf>(make: impl Fn() -> B) {
    let mut buf = make();
    for left in (0..=BYTES.len()).rev() {
        let at = BYTES.len() - left;
        assert_eq!((buf.remaining(), buf.has_remaining()), (left, left > 0));
        assert_eq!(
            buf.chunk().is_empty(),
            left == 0,
            "only at the end is a chunk empty"
        );
        assert!(BYTES[at..].starts_with(buf.chunk()));
        if left > 0 {
            buf.advance(1);
        }
    }
    buf.advance(0);
    assert!(panics(|| buf.advance(1)));
    let mut buf = make();
    assert!(panics(|| buf.advance(BYTES.len() + 1)));
    assert_eq!(buf.remaining(), BYTES.len());
    buf.advance(BYTES.len());
    assert!(!buf.has_remaining());
}

#[test]
fn a_cursor_goes_forward_and_not_beyond() {
    each!(cursor);
}

/// One `get_` and its `try_get_`, against the same on a slice.
macro_rules! same_as_slice {
    ($make:ident, $($get:ident, $try_get:ident);* $(;)?) => {$(
        let (mut buf, mut slice) = ($make(), &BYTES[..]);
        loop {
            let left = buf.remaining();
            match (buf.$try_get(), slice.$try_get()) {
                (Ok(ours), Ok(theirs)) => assert_eq!(ours.to_ne_bytes(), theirs.to_ne_bytes()),
                (Err(ours), Err(theirs)) => {
                    assert_eq!(ours, theirs);
                    assert_eq!(buf.remaining(), left, "a refusal takes nothing");
                    break;
                }
                (ours, theirs) => panic!("{ours:?} and {theirs:?}"),
            }
            assert_eq!(buf.remaining(), slice.remaining());
            assert_eq!($make().$get().to_ne_bytes(), (&BYTES[..]).$get().to_ne_bytes());
        }
        assert!(panics(|| { buf.$get(); }));
    )*};
}

fn numbers<B: Buf>(make: impl Fn() -> B) {
    same_as_slice! { make,
        get_u8, try_get_u8; get_i8, try_get_i8;
        get_u16, try_get_u16; get_u16_le, try_get_u16_le; get_u16_ne, try_get_u16_ne;
        get_i16, try_get_i16; get_i16_le, try_get_i16_le; get_i16_ne, try_get_i16_ne;
        get_u32, try_get_u32; get_u32_le, try_get_u32_le; get_u32_ne, try_get_u32_ne;
        get_i32, try_get_i32; get_i32_le, try_get_i32_le; get_i32_ne, try_get_i32_ne;
        get_u64, try_get_u64; get_u64_le, try_get_u64_le; get_u64_ne, try_get_u64_ne;
        get_i64, try_get_i64; get_i64_le, try_get_i64_le; get_i64_ne, try_get_i64_ne;
        get_u128, try_get_u128; get_u128_le, try_get_u128_le; get_u128_ne, try_get_u128_ne;
        get_i128, try_get_i128; get_i128_le, try_get_i128_le; get_i128_ne, try_get_i128_ne;
        get_f32, try_get_f32; get_f32_le, try_get_f32_le; get_f32_ne, try_get_f32_ne;
        get_f64, try_get_f64; get_f64_le, try_get_f64_le; get_f64_ne, try_get_f64_ne;
    }
    for bytes in 0..=8 {
        let slice = || &BYTES[..];
        assert_eq!(make().get_uint(bytes), slice().get_uint(bytes));
        assert_eq!(make().get_uint_le(bytes), slice().get_uint_le(bytes));
        assert_eq!(make().get_uint_ne(bytes), slice().get_uint_ne(bytes));
        assert_eq!(make().get_int(bytes), slice().get_int(bytes));
        assert_eq!(make().get_int_le(bytes), slice().get_int_le(bytes));
        assert_eq!(make().get_int_ne(bytes), slice().get_int_ne(bytes));
    }
    assert!(panics(|| {
        make().get_uint(9);
    }));
}

#[test]
fn numbers_come_out_as_out_of_a_slice() {
    each!(numbers);
}

fn copies<B: Buf>(make: impl Fn() -> B) {
    for len in [0, 1, 6, 7, 31, 32] {
        let mut buf = make();
        let mut copy = vec![0; len];
        buf.copy_to_slice(&mut copy);
        assert_eq!((&copy[..], buf.remaining()), (&BYTES[..len], 32 - len));

        let mut buf = make();
        let bytes = buf.copy_to_bytes(len);
        assert_eq!((&bytes[..], buf.remaining()), (&BYTES[..len], 32 - len));
        assert_eq!(
            buf.copy_to_bytes(32 - len),
            BYTES[len..],
            "and the rest of it"
        );
    }
    let mut buf = make();
    let refused = buf.try_copy_to_slice(&mut [0; 33]).expect_err("too many");
    assert_eq!(
        refused,
        TryGetError {
            requested: 33,
            available: 32
        }
    );
    assert!(panics(|| buf.copy_to_slice(&mut [0; 33])));
    assert!(panics(|| drop(buf.copy_to_bytes(33))));
    assert_eq!(buf.remaining(), 32);
}

#[test]
fn bytes_are_copied_out_or_refused() {
    each!(copies);
}

fn adapters<B: Buf>(make: impl Fn() -> B) {
    let mut front = make().take(5);
    assert_eq!(
        (front.remaining(), front.copy_to_bytes(5)),
        (5, Bytes::copy_from_slice(&BYTES[..5]))
    );
    assert_eq!(front.into_inner().remaining(), 27);

    let mut both = make().chain(&b"tail"[..]);
    assert_eq!(both.remaining(), 36);
    assert_eq!(both.copy_to_bytes(36), [&BYTES[..], b"tail"].concat());

    let mut read = Vec::new();
    make()
        .reader()
        .read_to_end(&mut read)
        .expect("reading memory");
    assert_eq!(read, BYTES);
}

#[test]
fn adapters_work() {
    each!(adapters);
}

fn vectored<B: Buf>(make: impl Fn() -> B) {
    for places in 0..40 {
        let mut buf = make();
        buf.advance(3);
        let mut slices = vec![IoSlice::new(&[]); places];
        let filled = buf.chunks_vectored(&mut slices);
        assert!(filled <= places);
        assert_eq!(filled == 0, places == 0);
        assert!(slices[..filled].iter().all(|slice| !slice.is_empty()));
        let bytes: Vec<u8> = slices[..filled]
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect();
        assert!(BYTES[3..].starts_with(&bytes));
        assert!(
            places < 40 - 3 || bytes == BYTES[3..],
            "enough places take everything"
        );
    }
    let mut buf = make();
    buf.advance(32);
    assert_eq!(buf.chunks_vectored(&mut [IoSlice::new(&[])]), 0);
}

#[test]
fn slices_are_the_bytes_in_order() {
    each!(vectored);
}
