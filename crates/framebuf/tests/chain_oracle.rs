//! A chain against one run of bytes, in a `BytesMut`: whatever is done to it, however it is cut.

#[path = "../../../fuzz/inputs.rs"]
mod inputs;

use bytes::{Buf, Bytes, BytesMut};
use framebuf::{FrameBuf, FrameChain};
use pool_core::Pool;
use proptest::prelude::*;

const SLOTS: usize = 64;
const SLOT_BYTES: usize = 32;

#[derive(Debug, Clone)]
enum Op {
    PushBack(Vec<u8>, usize),
    PushFront(Vec<u8>, usize),
    PopBack,
    PopFront,
    Prepend(Vec<u8>),
    Append(Vec<u8>),
    TrimFront(usize),
    TrimBack(usize),
    Truncate(usize),
    Advance(usize),
    CopyToBytes(usize),
    KeepFront(usize),
    KeepBack(usize),
    Swap(usize),
    Linearize,
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    let bytes = |most: usize| proptest::collection::vec(any::<u8>(), 0..most);
    let frame = || (bytes(SLOT_BYTES), 0..8_usize);
    let count = || 0..100_usize;
    prop_oneof![
        4 => frame().prop_map(|(bytes, headroom)| Op::PushBack(bytes, headroom)),
        2 => frame().prop_map(|(bytes, headroom)| Op::PushFront(bytes, headroom)),
        1 => Just(Op::PopBack),
        1 => Just(Op::PopFront),
        2 => bytes(12).prop_map(Op::Prepend),
        2 => bytes(12).prop_map(Op::Append),
        1 => count().prop_map(Op::TrimFront),
        1 => count().prop_map(Op::TrimBack),
        1 => count().prop_map(Op::Truncate),
        1 => count().prop_map(Op::Advance),
        1 => count().prop_map(Op::CopyToBytes),
        1 => count().prop_map(Op::KeepFront),
        1 => count().prop_map(Op::KeepBack),
        2 => count().prop_map(Op::Swap),
        1 => Just(Op::Linearize),
        1 => Just(Op::Clear),
    ]
}

/// A frame with as much headroom as is asked for and fits, in a slot or, when there is none, on the heap.
fn frame(pool: &Pool, bytes: &[u8], headroom: usize) -> FrameBuf {
    let headroom = headroom.min(SLOT_BYTES - bytes.len());
    match FrameBuf::with_headroom(pool, headroom) {
        Some(mut frame) => {
            frame.append(bytes).expect("it fits");
            frame
        }
        None => FrameBuf::from(bytes.to_vec()),
    }
}

fn apply(op: Op, chain: &mut FrameChain, oracle: &mut BytesMut, pool: &Pool) {
    let len = oracle.len();
    match op {
        Op::PushBack(bytes, headroom) => {
            chain.push_back(frame(pool, &bytes, headroom));
            oracle.extend_from_slice(&bytes);
        }
        Op::PushFront(bytes, headroom) => {
            chain.push_front(frame(pool, &bytes, headroom));
            *oracle = BytesMut::from(&[&bytes, &oracle[..]].concat()[..]);
        }
        Op::PopBack => {
            let popped = chain.pop_back().unwrap_or_default();
            assert_eq!(popped, oracle.split_off(len - popped.len())[..]);
        }
        Op::PopFront => {
            let popped = chain.pop_front().unwrap_or_default();
            assert_eq!(popped, oracle.split_to(popped.len())[..]);
        }
        Op::Prepend(bytes) => {
            let room = chain.frames().next().map_or(0, FrameBuf::headroom);
            match chain.prepend(&bytes) {
                Ok(()) => *oracle = BytesMut::from(&[&bytes, &oracle[..]].concat()[..]),
                Err(why) => assert!(bytes.len() > room || chain.frame_count() == 0, "{why}"),
            }
        }
        Op::Append(bytes) => {
            let room = chain.frames().last().map_or(0, FrameBuf::tailroom);
            match chain.append(&bytes) {
                Ok(()) => oracle.extend_from_slice(&bytes),
                Err(why) => assert!(bytes.len() > room || chain.frame_count() == 0, "{why}"),
            }
        }
        Op::TrimFront(n) => {
            assert_eq!(chain.trim_front(n).is_ok(), n <= len);
            oracle.advance(if n <= len { n } else { 0 });
        }
        Op::TrimBack(n) => {
            assert_eq!(chain.trim_back(n).is_ok(), n <= len);
            oracle.truncate(if n <= len { len - n } else { len });
        }
        Op::Truncate(n) => {
            chain.truncate(n);
            oracle.truncate(n);
        }
        Op::Advance(n) => {
            chain.advance(n.min(len));
            oracle.advance(n.min(len));
        }
        Op::CopyToBytes(n) => {
            let bytes: Bytes = chain.copy_to_bytes(n.min(len));
            assert_eq!(bytes, oracle.split_to(n.min(len)).freeze());
        }
        Op::KeepFront(at) | Op::KeepBack(at) | Op::Swap(at) if at > len => {
            assert!(chain.split_off(at).is_err() && chain.split_to(at).is_err());
        }
        Op::KeepFront(at) => {
            assert_eq!(
                chain.split_off(at).expect("no more than there is"),
                oracle.split_off(at)[..]
            );
        }
        Op::KeepBack(at) => {
            assert_eq!(
                chain.split_to(at).expect("no more than there is"),
                oracle.split_to(at)[..]
            );
        }
        Op::Swap(at) => {
            let front = chain.split_to(at).expect("no more than there is");
            chain.extend(front);
            let front = oracle.split_to(at);
            oracle.extend_from_slice(&front);
        }
        Op::Linearize => {
            let frame = std::mem::take(chain).linearize(pool);
            assert_eq!(frame, oracle[..]);
            *chain = FrameChain::from(frame);
        }
        Op::Clear => {
            chain.clear();
            oracle.clear();
        }
    }
}

fn check(chain: &FrameChain, oracle: &BytesMut) {
    assert_eq!(chain, &oracle[..]);
    assert_eq!(
        (chain.len(), chain.is_empty()),
        (oracle.len(), oracle.is_empty())
    );
    assert_eq!(
        chain.frames().map(FrameBuf::len).sum::<usize>(),
        chain.len()
    );
    assert_eq!(chain.chunk().is_empty(), oracle.is_empty());
    let slices: Vec<u8> = chain.io_slices().flat_map(|slice| slice.to_vec()).collect();
    assert_eq!(slices, oracle[..]);
}

fn run(ops: Vec<Op>) {
    let builder = Pool::builder().slots(SLOTS).slot_bytes(SLOT_BYTES);
    let pool = builder.build().expect("small");
    let (mut chain, mut oracle) = (FrameChain::new(), BytesMut::new());
    for op in ops {
        apply(op, &mut chain, &mut oracle, &pool);
        check(&chain, &oracle);
    }
    drop(chain);
    assert_eq!(pool.in_use(), 0);
}

/// What the fuzz target `framebuf_chain` does with an input.
pub(crate) fn replay(input: &[u8]) {
    inputs::replay(input, op(), run);
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn kept_inputs_pass() {
    inputs::replay_kept("framebuf_chain", replay);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 200 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_chain_is_its_bytes(ops in proptest::collection::vec(op(), 1..60)) {
        run(ops);
    }
}
