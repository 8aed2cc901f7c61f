//! What the documentation of `bytes` promises of every `Buf` and `BufMut`, asked of each type of ours, beside a plain slice or vector.

#[cfg(feature = "std")]
use std::io::IoSlice;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Buf, BufMut};
use pool_core::Pool;
use zerocopy_view::{Heap, LocalView, View, ViewChain, ViewMut};

fn pooled(bytes: &[u8]) -> View {
    let pool = Pool::builder().slots(1).slot_bytes(64).build().unwrap();
    let mut buffer = ViewMut::with_capacity(64, &pool);
    buffer.extend_from_slice(bytes);
    buffer.freeze()
}

/// In pieces of so many bytes.
fn chained(bytes: &[u8], piece: usize) -> ViewChain {
    bytes.chunks(piece).map(pooled).collect()
}

const BYTES: [u8; 40] = {
    let mut bytes = [0; 40];
    let mut at = 0;
    while at < 40 {
        bytes[at as usize] = 0x81_u8.wrapping_mul(at + 3) ^ at;
        at += 1;
    }
    bytes
};

/// Runs a check on every type that reads, the chains cut in pieces down to one byte.
macro_rules! on_each_buf {
    ($check:ident) => {
        $check(View::from_static);
        $check(pooled);
        $check(|bytes| View::from(bytes.to_vec()));
        $check(|bytes| LocalView::from(pooled(bytes)));
        $check(|bytes| pooled(bytes).try_into_mut().unwrap());
        for piece in [1, 2, 3, 7, 40] {
            $check(|bytes| chained(bytes, piece));
        }
    };
}

fn refuses<B: Buf>(mut buf: B, call: impl Fn(&mut B)) {
    let before = buf.remaining();
    assert!(catch_unwind(AssertUnwindSafe(|| call(&mut buf))).is_err());
    assert_eq!(buf.remaining(), before, "a refused call changes nothing");
}

fn chunks_and_advance<B: Buf>(make: impl Fn(&'static [u8]) -> B) {
    for first in 0..=BYTES.len() {
        let mut buf = make(&BYTES);
        buf.advance(first);
        let mut seen = Vec::new();
        while buf.has_remaining() {
            let chunk = buf.chunk();
            assert!(!chunk.is_empty() && chunk.len() <= buf.remaining());
            seen.extend_from_slice(chunk);
            buf.advance(chunk.len());
        }
        assert_eq!(seen, BYTES[first..]);
        assert_eq!((buf.remaining(), buf.chunk()), (0, &[][..]));
        buf.advance(0);
    }
    refuses(make(&BYTES), |buf| buf.advance(41));
    refuses(make(&[]), |buf| buf.advance(1));
}

#[test]
fn chunks_are_empty_only_at_the_end() {
    on_each_buf!(chunks_and_advance);
}

#[cfg(feature = "std")]
fn vectored<B: Buf>(make: impl Fn(&'static [u8]) -> B) {
    let mut buf = make(&BYTES);
    buf.advance(1);
    for room in 0..5 {
        let mut slices = vec![IoSlice::new(&[]); room];
        let count = buf.chunks_vectored(&mut slices);
        assert!(count <= room && (count > 0 || room == 0));
        let seen: Vec<u8> = slices[..count]
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect();
        assert!(BYTES[1..].starts_with(&seen), "a prefix of what remains");
    }
    let mut slices = vec![IoSlice::new(&[]); 64];
    let count = buf.chunks_vectored(&mut slices);
    let all = slices[..count].iter().flat_map(|slice| slice.iter());
    assert!(all.eq(&BYTES[1..]), "and all of it, if there is room");
    assert_eq!(buf.remaining(), 39, "nothing is read by looking");
    buf.advance(39);
    assert_eq!(buf.chunks_vectored(&mut [IoSlice::new(&[]); 4]), 0);
}

#[cfg(feature = "std")]
#[test]
fn vectored_chunks_are_a_prefix() {
    on_each_buf!(vectored);
}

/// Each getter at each position, also where a number lies across two chunks.
fn numbers<B: Buf>(make: impl Fn(&'static [u8]) -> B) {
    macro_rules! same {
        ($($get:ident),+) => {$(
            for at in 0..20 {
                let (mut ours, mut theirs) = (make(&BYTES), &BYTES[..]);
                ours.advance(at);
                theirs.advance(at);
                let (ours_got, theirs_got) = (ours.$get(), theirs.$get());
                assert_eq!(ours_got.to_ne_bytes(), theirs_got.to_ne_bytes(), stringify!($get));
                assert_eq!(ours.remaining(), theirs.remaining());
            }
            refuses(make(&[]), |buf| drop(buf.$get().to_string()));
        )+};
    }
    same!(
        get_u8, get_i8, get_u16, get_u16_le, get_u16_ne, get_i16, get_i16_le
    );
    same!(
        get_u32, get_u32_le, get_i32, get_i32_le, get_u64, get_u64_le, get_i64, get_i64_le
    );
    same!(
        get_u128,
        get_u128_le,
        get_i128,
        get_i128_le,
        get_f32,
        get_f32_le,
        get_f64,
        get_f64_le
    );
    for width in 0..=8 {
        let (mut ours, mut theirs) = (make(&BYTES), &BYTES[..]);
        assert_eq!(ours.get_uint(width), theirs.get_uint(width));
        assert_eq!(ours.get_int_le(width), theirs.get_int_le(width));
    }
    let mut short = make(&BYTES[..3]);
    let refused = short.try_get_u32().unwrap_err();
    assert_eq!(
        (refused.requested, refused.available, short.remaining()),
        (4, 3, 3)
    );
    assert_eq!(
        short.try_get_u16(),
        Ok(u16::from_be_bytes([BYTES[0], BYTES[1]]))
    );
}

#[test]
fn numbers_are_read_across_chunks() {
    on_each_buf!(numbers);
}

fn copies<B: Buf>(make: impl Fn(&'static [u8]) -> B) {
    for count in 0..=BYTES.len() {
        let mut buf = make(&BYTES);
        let bytes = buf.copy_to_bytes(count);
        assert_eq!((&bytes[..], buf.remaining()), (&BYTES[..count], 40 - count));
        let mut rest = vec![0; 40 - count];
        buf.copy_to_slice(&mut rest);
        assert_eq!(rest, BYTES[count..]);
    }
    refuses(make(&BYTES), |buf| drop(buf.copy_to_bytes(41)));
    refuses(make(&BYTES), |buf| buf.copy_to_slice(&mut [0; 41]));
    assert!(make(&BYTES).try_copy_to_slice(&mut [0; 41]).is_err());
    let mut read = Vec::new();
    make(&BYTES)
        .take(7)
        .chain(make(&BYTES))
        .reader()
        .read_to_end(&mut read)
        .unwrap();
    assert_eq!(read, [&BYTES[..7], &BYTES].concat());
}

#[test]
fn copies_and_adapters_give_the_same_bytes() {
    on_each_buf!(copies);
}

#[test]
fn a_buffer_takes_everything_that_a_vector_takes() {
    let pool = Pool::builder().slots(2).slot_bytes(48).build().unwrap();
    let mut vec = Vec::new();
    // Over the heap, over a pool whose slots are too small for all of it, and from a thawed view.
    let mut heap = ViewMut::new(Heap);
    let mut slots = ViewMut::new(&pool);
    let mut thawed = pooled(&[]).try_into_mut().unwrap();
    macro_rules! put {
        ($($put:ident($($argument:expr),+)),+ $(,)?) => {$(
            vec.$put($($argument),+);
            heap.$put($($argument),+);
            slots.$put($($argument),+);
            thawed.$put($($argument),+);
            for ours in [&heap[..], &slots, &thawed] {
                assert_eq!(ours, vec, stringify!($put));
            }
        )+};
    }
    put!(
        put_u8(1),
        put_i8(-2),
        put_u16(3),
        put_u16_le(4),
        put_i16(-5),
        put_u32(6),
        put_u32_le(7),
        put_i64(-8),
        put_u64_le(9),
        put_u128(10),
        put_f32(1.5),
        put_f64_le(-2.5),
        put_uint(11, 3),
        put_int_le(-12, 5),
        put_bytes(13, 100),
        put_bytes(14, 0),
        put_slice(b"slice"),
        put_slice(b""),
        put(&b"buf"[..]),
        put(chained(&BYTES, 7)),
        put(View::default()),
    );
    assert_eq!(slots.remaining_mut(), isize::MAX as usize - vec.len());
}

#[test]
fn a_buffer_has_room_as_long_as_it_says_so() {
    let pool = Pool::builder().slots(1).slot_bytes(8).build().unwrap();
    let mut buffer = ViewMut::new(&pool);
    for _ in 0..100 {
        assert!(buffer.has_remaining_mut());
        let room = buffer.chunk_mut();
        assert!(room.len() > 0);
        room[..1].copy_from_slice(b"x");
        // SAFETY: the first byte of the chunk was written.
        unsafe { buffer.advance_mut(1) };
    }
    assert_eq!(buffer, [b'x'; 100]);
    let spare = buffer.chunk_mut().len();
    let advance = || {
        // SAFETY: every byte of the room is initialised, in all buffers of this type; what lies behind is refused.
        unsafe { buffer.advance_mut(spare + 1) }
    };
    assert!(catch_unwind(AssertUnwindSafe(advance)).is_err());
    assert_eq!(buffer.len(), 100);
}

#[test]
fn adapters_write_into_a_buffer() {
    let mut buffer = ViewMut::default();
    let mut limited = (&mut buffer).limit(3);
    assert_eq!(limited.remaining_mut(), 3);
    limited.put_slice(b"abc");
    assert!(catch_unwind(AssertUnwindSafe(|| limited.put_u8(1))).is_err());
    write!((&mut buffer).writer(), "{}", 42).unwrap();
    let mut front = [0; 2];
    front.chain_mut(&mut buffer).put_slice(b"12345");
    assert_eq!((&front, &buffer[..]), (b"12", &b"abc42345"[..]));
}
