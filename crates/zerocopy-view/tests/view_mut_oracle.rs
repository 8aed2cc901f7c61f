//! Any sequence of operations on growing buffers and what they freeze to, against a `Vec<u8>` and a `BytesMut` that have the same done to them.
//!
//! After each step every buffer and every view must still have its bytes, whatever was written elsewhere, and no two of them may lie in the same
//! memory, a buffer's room included.

#[path = "../../../fuzz/inputs.rs"]
mod inputs;

mod two_buffers;

use std::ops::Range;

use bytes::BytesMut;
use pool_core::{Pool, Source};
use proptest::prelude::*;
use two_buffers::{Buffer, Frozen, Operation, chosen, operations};
use zerocopy_view::{Heap, ViewMut};

#[derive(Default)]
struct Model<'a> {
    sources: Vec<&'a dyn Source>,
    buffers: Vec<Buffer<'a>>,
    views: Vec<Frozen>,
}

impl<'a> Model<'a> {
    fn run(&mut self, operation: Operation) {
        use Operation as Op;
        match operation {
            Op::New(source) => {
                let source = self.sources[source % self.sources.len()];
                self.buffers.push(Buffer {
                    ours: ViewMut::new(source),
                    theirs: BytesMut::new(),
                    vec: Vec::new(),
                });
            }
            Op::Thaw(of) => self.thaw(of),
            Op::CloneView(of) => {
                if let Some(at) = chosen(of, &self.views) {
                    let Frozen { ours, theirs } = &self.views[at];
                    let (ours, theirs) = (ours.clone(), theirs.clone());
                    self.views.push(Frozen { ours, theirs });
                }
            }
            Op::DropView(of) => {
                if let Some(at) = chosen(of, &self.views) {
                    self.views.swap_remove(at);
                }
            }
            Op::Join(of, other) => {
                if let Some(first) = self.take(of) {
                    match self.take(other) {
                        Some(second) => self.buffers.extend(first.join(second)),
                        None => self.buffers.push(first),
                    }
                }
            }
            Op::Rejoin(of, at) => {
                if let Some(mut first) = self.take(of) {
                    let second = first.split_off(at);
                    let joined = first.join(second);
                    assert_eq!(joined.len(), 1, "neighbours did not join");
                    self.buffers.extend(joined);
                }
            }
            Op::Freeze(of) => {
                if let Some(buffer) = self.take(of) {
                    let address = buffer.ours.as_ptr();
                    self.views.push(buffer.freeze());
                    let view = &self.views.last().unwrap().ours;
                    assert!(view.is_empty() || view.as_ptr() == address, "a byte moved");
                }
            }
            Op::Drop(of) => drop(self.take(of)),
            other => self.run_on_one(other),
        }
    }

    /// What concerns one buffer, and may make another of it.
    fn run_on_one(&mut self, operation: Operation) {
        use Operation as Op;
        let (Op::Put(of, _)
        | Op::PutBytes(of, ..)
        | Op::PutChain(of, ..)
        | Op::Fill(of, _)
        | Op::Reserve(of, _)
        | Op::TryReserve(of, _)
        | Op::Resize(of, ..)
        | Op::Flip(of, _)
        | Op::Truncate(of, _)
        | Op::Clear(of)
        | Op::Advance(of, _)
        | Op::Read(of, _)
        | Op::CopyToBytes(of, _)
        | Op::SplitTo(of, _)
        | Op::SplitOff(of, _)
        | Op::Split(of)
        | Op::FreezeTo(of, _)) = operation
        else {
            unreachable!("run above")
        };
        let Some(at) = chosen(of, &self.buffers) else {
            return;
        };
        let buffer = &mut self.buffers[at];
        match operation {
            Op::SplitTo(_, at) => {
                let front = buffer.split_to(at);
                self.buffers.push(front);
            }
            Op::SplitOff(_, at) => {
                let back = buffer.split_off(at);
                self.buffers.push(back);
            }
            Op::Split(_) => {
                let all = buffer.split_to(buffer.vec.len());
                self.buffers.push(all);
            }
            Op::FreezeTo(_, at) => {
                let at = at % (buffer.vec.len() + 1);
                buffer.vec.drain(..at);
                let frozen = Frozen {
                    ours: buffer.ours.freeze_to(at),
                    theirs: buffer.theirs.split_to(at).freeze(),
                };
                self.views.push(frozen);
            }
            other => buffer.change(other),
        }
    }

    /// A view becomes a buffer again if it is the only one of its storage.
    fn thaw(&mut self, of: usize) {
        let Some(at) = chosen(of, &self.views) else {
            return;
        };
        let Frozen { ours, theirs } = self.views.swap_remove(at);
        let (address, sharers) = (ours.as_ptr(), ours.sharers());
        match ours.try_into_mut() {
            Ok(buffer) => {
                assert!(sharers < 2);
                assert!(
                    buffer.is_empty() || buffer.as_ptr() == address,
                    "a byte moved"
                );
                self.buffers.push(Buffer {
                    ours: buffer.with_source(self.sources[0]),
                    theirs: BytesMut::from(&theirs[..]),
                    vec: theirs.to_vec(),
                });
            }
            Err(ours) => {
                assert!(sharers > 1, "every storage here can be written");
                self.views.push(Frozen { ours, theirs });
            }
        }
    }

    fn take(&mut self, of: usize) -> Option<Buffer<'a>> {
        Some(self.buffers.swap_remove(chosen(of, &self.buffers)?))
    }

    fn check(&self) {
        let mut written: Vec<Range<usize>> = Vec::new();
        for buffer in &self.buffers {
            assert_eq!(buffer.ours, buffer.vec);
            assert_eq!(buffer.theirs, buffer.vec);
            assert_eq!(buffer.ours.len(), buffer.vec.len());
            written.push(memory(buffer.ours.as_ptr(), buffer.ours.capacity()));
        }
        for frozen in &self.views {
            assert_eq!(frozen.ours, frozen.theirs, "a frozen byte changed");
            let read = memory(frozen.ours.as_ptr(), frozen.ours.len());
            assert!(!written.iter().any(|range| overlap(range, &read)));
        }
        written.retain(|range| !range.is_empty());
        written.sort_unstable_by_key(|range| range.start);
        assert!(!written.windows(2).any(|two| overlap(&two[0], &two[1])));
    }
}

fn memory(first: *const u8, len: usize) -> Range<usize> {
    first.addr()..first.addr() + len
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start.max(other.start) < one.end.min(other.end)
}

fn run(sequence: Vec<Operation>) {
    let pools = [(4, 64), (1, 256)].map(|(slots, slot_bytes)| {
        let builder = Pool::builder().slots(slots).slot_bytes(slot_bytes);
        builder.build().unwrap()
    });
    let mut model = Model {
        sources: vec![&pools[0], &pools[1], &Heap],
        ..Model::default()
    };
    for operation in sequence {
        model.run(operation);
        model.check();
    }
    drop(model);
    assert_eq!(
        pools.map(|pool| pool.in_use()),
        [0; 2],
        "each slot comes home, once"
    );
}

/// What the fuzz target `zerocopy_view_view_mut` does with an input.
pub(crate) fn replay(input: &[u8]) {
    inputs::replay(input, operations(), run);
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn kept_inputs_pass() {
    inputs::replay_kept("zerocopy_view_view_mut", replay);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 400 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn buffers_do_as_vec_and_bytes_mut_do(sequence in prop::collection::vec(operations(), 1..60)) {
        run(sequence);
    }
}
