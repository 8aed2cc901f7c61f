//! The parts of a storage against vectors that know nothing of each other, split and changed and dropped in any order.

#[path = "../../../fuzz/inputs.rs"]
mod inputs;

use framebuf::FrameBuf;
use pool_core::Pool;
use proptest::prelude::*;
use proptest::sample::Index;

const SLOT_BYTES: usize = 256;

fn pool(slots: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(SLOT_BYTES);
    builder.build().expect("a small pool")
}

/// A frame with 20 bytes of headroom and some tailroom, in a slot and on the heap.
fn two_frames(pool: &Pool, bytes: &[u8]) -> [FrameBuf; 2] {
    let mut pooled = FrameBuf::with_headroom(pool, 20).expect("a slot");
    pooled.append(bytes).expect("room");
    let mut vec = Vec::with_capacity(SLOT_BYTES);
    vec.resize(20, 0);
    vec.extend_from_slice(bytes);
    let mut on_heap = FrameBuf::from(vec);
    on_heap.trim_front(20).expect("20 bytes");
    [pooled, on_heap]
}

#[derive(Debug, Clone)]
enum Op {
    SplitTo(Index, Index),
    SplitOff(Index, Index),
    Segments(Index, Index),
    Flip(Index, Index),
    TrimFront(Index, Index),
    TrimBack(Index, Index),
    Reclaim(Index),
    Drop(Index),
}

fn op() -> impl Strategy<Value = Op> {
    let two = || any::<(Index, Index)>();
    prop_oneof![
        3 => two().prop_map(|(frame, at)| Op::SplitTo(frame, at)),
        3 => two().prop_map(|(frame, at)| Op::SplitOff(frame, at)),
        1 => two().prop_map(|(frame, size)| Op::Segments(frame, size)),
        4 => two().prop_map(|(frame, at)| Op::Flip(frame, at)),
        1 => two().prop_map(|(frame, n)| Op::TrimFront(frame, n)),
        1 => two().prop_map(|(frame, n)| Op::TrimBack(frame, n)),
        2 => any::<Index>().prop_map(Op::Reclaim),
        2 => any::<Index>().prop_map(Op::Drop),
    ]
}

/// What a frame should be.
struct Part {
    frame: FrameBuf,
    bytes: Vec<u8>,
    has_storage: bool,
}

impl Part {
    fn split_to(&mut self, at: usize) -> Part {
        let frame = self.frame.split_to(at).expect("no more than there is");
        let bytes: Vec<u8> = self.bytes.drain(..at).collect();
        let has_storage = !bytes.is_empty();
        self.has_storage &= bytes.is_empty() || !self.bytes.is_empty();
        Part {
            frame,
            bytes,
            has_storage,
        }
    }

    fn split_off(&mut self, at: usize) -> Part {
        let frame = self.frame.split_off(at).expect("no more than there is");
        let bytes = self.bytes.split_off(at);
        let has_storage = !bytes.is_empty();
        self.has_storage &= bytes.is_empty() || !self.bytes.is_empty();
        Part {
            frame,
            bytes,
            has_storage,
        }
    }
}

fn apply(op: &Op, parts: &mut Vec<Part>) {
    let (Op::SplitTo(which, _)
    | Op::SplitOff(which, _)
    | Op::Segments(which, _)
    | Op::Flip(which, _)
    | Op::TrimFront(which, _)
    | Op::TrimBack(which, _)
    | Op::Reclaim(which)
    | Op::Drop(which)) = op;
    let which = which.index(parts.len());
    let sharers = parts.iter().filter(|part| part.has_storage).count();
    let part = &mut parts[which];
    let len = part.bytes.len();
    match op {
        Op::SplitTo(_, at) => {
            let front = part.split_to(at.index(len + 1));
            parts.push(front);
        }
        Op::SplitOff(_, at) => {
            let rest = part.split_off(at.index(len + 1));
            parts.push(rest);
        }
        // One segment is the frame itself, and an empty frame has none, so that nothing would be left to go on with.
        Op::Segments(_, size) if len > 1 => {
            let size = 1 + size.index(len - 1);
            let Part { frame, bytes, .. } = parts.swap_remove(which);
            let frames = frame.into_segments(size);
            assert_eq!(frames.len(), bytes.len().div_ceil(size));
            parts.extend(frames.zip(bytes.chunks(size)).map(|(frame, bytes)| Part {
                frame,
                bytes: bytes.to_vec(),
                has_storage: true,
            }));
        }
        Op::Segments(..) => {}
        Op::Flip(_, at) if len > 0 => {
            let at = at.index(len);
            part.frame[at] ^= 0xff;
            part.bytes[at] ^= 0xff;
        }
        Op::Flip(..) => {}
        Op::TrimFront(_, n) => {
            let n = n.index(len + 1).min(3);
            part.bytes.drain(..n);
            part.frame.trim_front(n).expect("no more than there is");
        }
        Op::TrimBack(_, n) => {
            let n = n.index(len + 1).min(3);
            part.bytes.truncate(len - n);
            part.frame.trim_back(n).expect("no more than there is");
        }
        Op::Reclaim(_) => {
            let is_alone = part.frame.reclaim();
            assert_eq!(is_alone, !part.has_storage || sharers == 1);
            assert_eq!(part.frame.is_part(), !is_alone);
            assert_eq!(part.frame.capacity() > len, is_alone && part.has_storage);
        }
        Op::Drop(_) if parts.len() > 1 => drop(parts.swap_remove(which)),
        Op::Drop(_) => {}
    }
}

fn run(bytes: &[u8], ops: &[Op]) {
    let pool = pool(1);
    for frame in two_frames(&pool, bytes) {
        let mut parts = vec![Part {
            frame,
            bytes: bytes.to_vec(),
            has_storage: true,
        }];
        for op in ops {
            apply(op, &mut parts);
            for part in &parts {
                assert_eq!(&part.frame, &part.bytes);
            }
        }
        let mut last = parts.swap_remove(0);
        drop(parts);
        assert!(last.frame.reclaim(), "the last one is alone");
        assert_eq!(last.frame, last.bytes);
    }
    assert_eq!(pool.in_use(), 0);
}

/// What the fuzz target `framebuf_parts` does with an input.
pub(crate) fn replay(input: &[u8]) {
    let bytes: Vec<u8> = (0..200).collect();
    inputs::replay(input, op(), |ops| run(&bytes, &ops));
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn kept_inputs_pass() {
    inputs::replay_kept("framebuf_parts", replay);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 200 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn parts_are_vectors_that_know_nothing_of_each_other(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ops in proptest::collection::vec(op(), 1..60),
    ) {
        run(&bytes, &ops);
    }
}
