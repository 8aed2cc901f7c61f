//! A frame against `bytes::BytesMut`, in any order of the calls that both have. What differs by design: a frame does not grow, so what its
//! room does not take has to panic and change nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Buf, BufMut, BytesMut};
use framebuf::FrameBuf;
use pool_core::Pool;
use proptest::prelude::*;

const SLOT_BYTES: usize = 128;

#[derive(Debug, Clone)]
enum Op {
    PutSlice(Vec<u8>),
    PutBytes(u8, usize),
    PutNumber(u64, usize),
    PutBuf(Vec<u8>, Vec<u8>),
    Chunk(Vec<u8>),
    GetNumber(usize),
    Advance(usize),
    CopyToSlice(usize),
    CopyToBytes(usize),
    SplitTo(usize),
    SplitOff(usize),
    Truncate(usize),
    Clear,
    Flip(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..50);
    let count = || 0..70_usize;
    prop_oneof![
        bytes().prop_map(Op::PutSlice),
        (any::<u8>(), count()).prop_map(|(byte, n)| Op::PutBytes(byte, n)),
        (any::<u64>(), 1..=8_usize).prop_map(|(value, bytes)| Op::PutNumber(value, bytes)),
        (bytes(), bytes()).prop_map(|(front, back)| Op::PutBuf(front, back)),
        bytes().prop_map(Op::Chunk),
        (1..=8_usize).prop_map(Op::GetNumber),
        count().prop_map(Op::Advance),
        count().prop_map(Op::CopyToSlice),
        count().prop_map(Op::CopyToBytes),
        count().prop_map(Op::SplitTo),
        count().prop_map(Op::SplitOff),
        count().prop_map(Op::Truncate),
        Just(Op::Clear),
        count().prop_map(Op::Flip),
    ]
}

/// Does `put`, which adds `added` bytes, to both; or shows that the frame refuses.
fn put(frame: &mut FrameBuf, oracle: &mut BytesMut, added: usize, put: impl Fn(&mut dyn BufMut)) {
    if added <= frame.remaining_mut() {
        put(frame);
        put(oracle);
    } else {
        let refused = catch_unwind(AssertUnwindSafe(|| put(frame)));
        assert!(
            refused.is_err(),
            "{added} bytes into {}",
            frame.remaining_mut()
        );
    }
}

/// Does `take`, which needs `needed` bytes, with both and compares what they give; or shows that both refuse.
fn take<R: PartialEq + std::fmt::Debug>(
    frame: &mut FrameBuf,
    oracle: &mut BytesMut,
    needed: usize,
    take: impl Fn(&mut dyn Buf) -> R,
) {
    if needed <= oracle.remaining() {
        assert_eq!(take(frame), take(oracle));
    } else {
        assert!(catch_unwind(AssertUnwindSafe(|| take(frame))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| take(oracle))).is_err());
    }
}

fn apply(op: Op, frame: &mut FrameBuf, oracle: &mut BytesMut) {
    let len = oracle.len();
    match op {
        Op::PutSlice(bytes) => put(frame, oracle, bytes.len(), |buf| buf.put_slice(&bytes)),
        Op::PutBytes(byte, n) => put(frame, oracle, n, |buf| buf.put_bytes(byte, n)),
        Op::PutNumber(value, n) => put(frame, oracle, n, |buf| buf.put_uint(value, n)),
        Op::PutBuf(front, back) => put(frame, oracle, front.len() + back.len(), |mut buf| {
            BufMut::put(&mut buf, (&front[..]).chain(&back[..]));
        }),
        Op::Chunk(bytes) => put(frame, oracle, bytes.len(), |buf| {
            let chunk = buf.chunk_mut();
            chunk[..bytes.len()].copy_from_slice(&bytes);
            // SAFETY: so many bytes were written.
            unsafe { buf.advance_mut(bytes.len()) }
        }),
        Op::GetNumber(n) => take(frame, oracle, n, |buf| buf.get_uint_le(n)),
        Op::Advance(n) => take(frame, oracle, n, |buf| buf.advance(n)),
        Op::CopyToSlice(n) => take(frame, oracle, n, |buf| {
            let mut copy = vec![0; n];
            buf.copy_to_slice(&mut copy);
            copy
        }),
        Op::CopyToBytes(n) => take(frame, oracle, n, |buf| buf.copy_to_bytes(n)),
        Op::SplitTo(at) if at <= len => {
            assert_eq!(frame.split_to(at).expect("enough"), oracle.split_to(at)[..]);
        }
        Op::SplitOff(at) if at <= len => {
            assert_eq!(
                frame.split_off(at).expect("enough"),
                oracle.split_off(at)[..]
            );
        }
        Op::SplitTo(at) => assert!(frame.split_to(at).is_err()),
        Op::SplitOff(at) => assert!(frame.split_off(at).is_err()),
        Op::Truncate(n) => {
            frame.truncate(n);
            oracle.truncate(n);
        }
        Op::Clear => {
            frame.clear();
            oracle.clear();
        }
        Op::Flip(at) => {
            if at < len {
                frame[at] ^= 0xff;
                oracle[at] ^= 0xff;
            }
        }
    }
}

fn check(mut frame: FrameBuf, ops: Vec<Op>) {
    let mut oracle = BytesMut::with_capacity(4096);
    for op in ops {
        // The oracle grows, and so a chunk of it is as large as needed.
        oracle.reserve(256);
        apply(op, &mut frame, &mut oracle);
        assert_eq!(frame, oracle[..]);
        assert_eq!(frame.remaining(), oracle.remaining());
        assert_eq!(frame.chunk(), oracle.chunk());
        // What was split off is dropped by now, so the frame may have all of its storage again.
        assert!(frame.reclaim());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 200 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_frame_in_a_slot_does_what_bytes_mut_does(ops in proptest::collection::vec(op(), 1..40)) {
        let pool = Pool::builder().slots(1).slot_bytes(SLOT_BYTES).build().expect("small");
        check(FrameBuf::with_headroom(&pool, 0).expect("one slot"), ops);
        prop_assert_eq!(pool.in_use(), 0);
    }

    #[test]
    fn a_frame_on_the_heap_does_what_bytes_mut_does(ops in proptest::collection::vec(op(), 1..40)) {
        check(FrameBuf::from(Vec::with_capacity(SLOT_BYTES)), ops);
    }
}
