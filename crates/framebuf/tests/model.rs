//! A frame against the simplest thing it could be: a vector of live bytes and two numbers.

#[path = "../../../fuzz/inputs.rs"]
mod inputs;

use bytes::{Buf, BufMut};
use framebuf::FrameBuf;
use pool_core::Pool;
use proptest::prelude::*;

const SLOT_BYTES: usize = 200;

#[derive(Debug, Clone)]
enum Op {
    Prepend(Vec<u8>),
    Append(Vec<u8>),
    Put(Vec<u8>),
    Fill(Vec<u8>),
    TrimFront(usize),
    TrimBack(usize),
    Advance(usize),
    Truncate(usize),
    Clear,
    Reset(usize),
    Flip(usize),
    Lower,
}

fn op() -> impl Strategy<Value = Op> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..90);
    let count = 0..120_usize;
    prop_oneof![
        bytes().prop_map(Op::Prepend),
        bytes().prop_map(Op::Append),
        bytes().prop_map(Op::Put),
        bytes().prop_map(Op::Fill),
        count.clone().prop_map(Op::TrimFront),
        count.clone().prop_map(Op::TrimBack),
        count.clone().prop_map(Op::Advance),
        count.clone().prop_map(Op::Truncate),
        Just(Op::Clear),
        (0..SLOT_BYTES + 20).prop_map(Op::Reset),
        count.prop_map(Op::Flip),
        Just(Op::Lower),
    ]
}

/// The oracle.
#[derive(Debug, Default)]
struct Model {
    headroom: usize,
    live: Vec<u8>,
    tailroom: usize,
}

impl Model {
    /// Whether `done` says the same as the model's own bound.
    fn agree<E>(fits: bool, done: Result<(), E>) -> bool {
        assert_eq!(
            done.is_ok(),
            fits,
            "the model and the frame disagree on room"
        );
        fits
    }

    fn append(&mut self, bytes: &[u8]) {
        self.live.extend_from_slice(bytes);
        self.tailroom -= bytes.len();
    }

    fn apply(&mut self, op: Op, mut frame: FrameBuf) -> FrameBuf {
        match op {
            Op::Prepend(bytes) => {
                if Self::agree(bytes.len() <= self.headroom, frame.prepend(&bytes)) {
                    self.headroom -= bytes.len();
                    self.live.splice(0..0, bytes);
                }
            }
            Op::Append(bytes) => {
                if Self::agree(bytes.len() <= self.tailroom, frame.append(&bytes)) {
                    self.append(&bytes);
                }
            }
            Op::Put(bytes) => {
                assert_eq!(frame.remaining_mut(), self.tailroom);
                if bytes.len() <= self.tailroom {
                    frame.put(&bytes[..]);
                    self.append(&bytes);
                }
            }
            Op::Fill(bytes) => {
                let given = frame.unfilled().fill_with(|room| {
                    let taken = bytes.len().min(room.len());
                    room[..taken].copy_from_slice(&bytes[..taken]);
                    Ok::<_, ()>(bytes.len())
                });
                frame = match given {
                    Ok(frame) => {
                        self.append(&bytes);
                        frame
                    }
                    Err((why, room)) => {
                        assert!(why.is_false_claim() && bytes.len() > self.tailroom);
                        room.cancel()
                    }
                };
            }
            Op::TrimFront(n) => {
                if Self::agree(n <= self.live.len(), frame.trim_front(n)) {
                    self.trim_front(n);
                }
            }
            Op::TrimBack(n) => {
                if Self::agree(n <= self.live.len(), frame.trim_back(n)) {
                    self.truncate(self.live.len() - n);
                }
            }
            Op::Advance(n) => {
                assert_eq!(frame.remaining(), self.live.len());
                if n <= self.live.len() {
                    frame.advance(n);
                    self.trim_front(n);
                }
            }
            Op::Truncate(len) => {
                frame.truncate(len);
                self.truncate(len);
            }
            Op::Clear => {
                frame.clear();
                self.truncate(0);
            }
            Op::Reset(headroom) => {
                let capacity = self.headroom + self.live.len() + self.tailroom;
                if Self::agree(headroom <= capacity, frame.reset(headroom)) {
                    self.live.clear();
                    self.headroom = headroom;
                    self.tailroom = capacity - headroom;
                }
            }
            Op::Flip(at) => {
                if let Some(byte) = self.live.get_mut(at) {
                    *byte ^= 0xff;
                    frame[at] ^= 0xff;
                }
            }
            Op::Lower => frame = lower_and_raise(frame),
        }
        frame
    }

    fn trim_front(&mut self, n: usize) {
        self.live.drain(..n);
        self.headroom += n;
    }

    fn truncate(&mut self, len: usize) {
        self.tailroom += self.live.len().saturating_sub(len);
        self.live.truncate(len);
    }

    fn check(&self, frame: &FrameBuf) {
        assert_eq!(frame, &self.live[..]);
        assert_eq!(
            (frame.headroom(), frame.len(), frame.tailroom()),
            (self.headroom, self.live.len(), self.tailroom)
        );
        assert_eq!(frame.is_empty(), self.live.is_empty());
        assert_eq!(
            frame.capacity(),
            self.headroom + self.live.len() + self.tailroom
        );
    }
}

/// To the storage and back again; the bytes stay where they are.
fn lower_and_raise(frame: FrameBuf) -> FrameBuf {
    let (address, pooled) = (frame.as_ptr(), frame.is_pooled());
    let raised = match frame.into_lease() {
        Ok((lease, range)) => FrameBuf::from_lease(lease, range).expect("the range it came with"),
        Err(frame) => {
            let (vec, range) = frame.into_vec().expect("neither slot nor heap");
            let mut frame = FrameBuf::from(vec);
            frame
                .trim_back(frame.len() - range.end)
                .expect("ends within");
            frame.trim_front(range.start).expect("starts within");
            frame
        }
    };
    assert_eq!((raised.as_ptr(), raised.is_pooled()), (address, pooled));
    raised
}

fn run_in_a_slot(headroom: usize, ops: Vec<Op>) {
    let builder = Pool::builder().slots(1).slot_bytes(SLOT_BYTES);
    let pool = builder.build().expect("small");
    let mut frame = FrameBuf::with_headroom(&pool, headroom).expect("one slot");
    let mut model = Model {
        headroom,
        tailroom: SLOT_BYTES - headroom,
        ..Model::default()
    };
    for op in ops {
        frame = model.apply(op, frame);
        model.check(&frame);
    }
    assert_eq!(pool.in_use(), 1);
    drop(frame);
    assert_eq!(pool.in_use(), 0);
}

fn run_on_the_heap(live: Vec<u8>, ops: Vec<Op>) {
    let mut vec = Vec::with_capacity(SLOT_BYTES);
    vec.extend_from_slice(&live);
    let mut model = Model {
        headroom: 0,
        tailroom: vec.capacity() - live.len(),
        live,
    };
    let mut frame = FrameBuf::from(vec);
    for op in ops {
        frame = model.apply(op, frame);
        model.check(&frame);
    }
}

/// What the fuzz target `framebuf_frame` does with an input.
pub(crate) fn replay(input: &[u8]) {
    inputs::replay(input, op(), |ops| {
        run_in_a_slot(SLOT_BYTES / 4, ops.clone());
        run_on_the_heap(vec![7; SLOT_BYTES / 2], ops);
    });
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn kept_inputs_pass() {
    inputs::replay_kept("framebuf_frame", replay);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 200 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_frame_in_a_slot_is_its_live_bytes_between_two_rooms(
        headroom in 0..=SLOT_BYTES,
        ops in proptest::collection::vec(op(), 1..40),
    ) {
        run_in_a_slot(headroom, ops);
    }

    #[test]
    fn a_frame_on_the_heap_is_its_live_bytes_between_two_rooms(
        live in proptest::collection::vec(any::<u8>(), 0..SLOT_BYTES),
        ops in proptest::collection::vec(op(), 1..40),
    ) {
        run_on_the_heap(live, ops);
    }
}
