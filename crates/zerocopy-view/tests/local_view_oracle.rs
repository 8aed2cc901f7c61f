//! Any sequence of operations on views of one thread, against a `Vec<u8>` and a `Bytes` that have the same done to them.

#[path = "../../../fuzz/inputs.rs"]
mod inputs;

use bytes::{Buf, Bytes};
use pool_core::Pool;
use proptest::prelude::*;
use zerocopy_view::{LocalView, View};

fn pool() -> Pool {
    Pool::builder().slots(2).slot_bytes(64).build().unwrap()
}

/// Numbers choose among what there is when the operation is run.
#[derive(Debug, Clone)]
enum Operation {
    Make(Vec<u8>),
    Slot,
    Clone(usize),
    Slice(usize, usize, usize),
    SplitTo(usize, usize),
    SplitOff(usize, usize),
    Truncate(usize, usize),
    Advance(usize, usize),
    Read(usize, usize),
    CopyToBytes(usize, usize),
    ThroughView(usize),
    Drop(usize),
}

struct Handle {
    ours: LocalView,
    theirs: Bytes,
    vec: Vec<u8>,
    /// Which `LocalView::from` it descends from.
    family: usize,
}

impl Handle {
    fn new(view: View, family: usize) -> Self {
        Self {
            theirs: Bytes::copy_from_slice(&view),
            vec: view.to_vec(),
            ours: view.into(),
            family,
        }
    }

    fn up_to_len(&self, number: usize) -> usize {
        number % (self.vec.len() + 1)
    }

    /// Does to it what makes another handle.
    fn cut(&mut self, operation: &Operation) -> Self {
        let (ours, theirs, vec) = match operation {
            Operation::Slice(_, from, to) => {
                let (from, to) = (self.up_to_len(*from), self.up_to_len(*to));
                let range = from.min(to)..from.max(to);
                let (ours, theirs) = (
                    self.ours.slice(range.clone()),
                    self.theirs.slice(range.clone()),
                );
                (ours, theirs, self.vec[range].to_vec())
            }
            Operation::SplitTo(_, at) => {
                let at = self.up_to_len(*at);
                let rest = self.vec.split_off(at);
                let front = core::mem::replace(&mut self.vec, rest);
                (self.ours.split_to(at), self.theirs.split_to(at), front)
            }
            Operation::SplitOff(_, at) => {
                let at = self.up_to_len(*at);
                (
                    self.ours.split_off(at),
                    self.theirs.split_off(at),
                    self.vec.split_off(at),
                )
            }
            _ => (self.ours.clone(), self.theirs.clone(), self.vec.clone()),
        };
        Self {
            ours,
            theirs,
            vec,
            family: self.family,
        }
    }

    /// Does to it what makes it shorter.
    fn shorten(&mut self, operation: &Operation) {
        match operation {
            Operation::Truncate(_, len) => {
                let len = len % 80;
                self.ours.truncate(len);
                self.theirs.truncate(len);
                self.vec.truncate(len);
            }
            Operation::Advance(_, count) => {
                let count = self.up_to_len(*count);
                self.ours.advance(count);
                self.theirs.advance(count);
                self.vec.drain(..count);
            }
            Operation::Read(_, count) => {
                let mut read = vec![0; self.up_to_len(*count)];
                self.ours.copy_to_slice(&mut read);
                self.theirs.advance(read.len());
                assert!(self.vec.drain(..read.len()).eq(read));
            }
            Operation::CopyToBytes(_, count) => {
                let count = self.up_to_len(*count);
                assert_eq!(
                    self.ours.copy_to_bytes(count),
                    self.theirs.copy_to_bytes(count)
                );
                self.vec.drain(..count);
            }
            other => unreachable!("run elsewhere: {other:?}"),
        }
    }
}

fn step(handles: &mut Vec<Handle>, pool: &Pool, families: &mut usize, operation: &Operation) {
    use Operation as Op;
    let (Op::Clone(of)
    | Op::Slice(of, ..)
    | Op::SplitTo(of, _)
    | Op::SplitOff(of, _)
    | Op::Truncate(of, _)
    | Op::Advance(of, _)
    | Op::Read(of, _)
    | Op::CopyToBytes(of, _)
    | Op::ThroughView(of)
    | Op::Drop(of)) = operation
    else {
        *families += 1;
        match operation {
            Op::Make(bytes) => handles.push(Handle::new(bytes.clone().into(), *families)),
            _ => handles.extend(
                pool.alloc()
                    .map(|lease| Handle::new(lease.into(), *families)),
            ),
        }
        return;
    };
    let Some(at) = of.checked_rem(handles.len()) else {
        return;
    };
    match operation {
        Op::Clone(_) | Op::Slice(..) | Op::SplitTo(..) | Op::SplitOff(..) => {
            let other = handles[at].cut(operation);
            handles.push(other);
        }
        Op::ThroughView(_) => {
            *families += 1;
            let Handle { ours, .. } = handles.swap_remove(at);
            let address = ours.as_ptr();
            let view = ours.into_view();
            assert!(view.is_empty() || view.as_ptr() == address, "a byte moved");
            handles.push(Handle::new(view, *families));
        }
        Op::Drop(_) => drop(handles.swap_remove(at)),
        shorten => handles[at].shorten(shorten),
    }
}

fn check(handles: &[Handle]) {
    for handle in handles {
        assert_eq!(handle.ours, handle.vec);
        assert_eq!(handle.ours, handle.theirs);
        let kin = |other: &&Handle| other.family == handle.family && !other.vec.is_empty();
        let members = if handle.vec.is_empty() {
            0
        } else {
            handles.iter().filter(kin).count()
        };
        assert_eq!(handle.ours.members(), members);
    }
}

fn operations() -> impl Strategy<Value = Operation> {
    use Operation as Op;
    let n = any::<usize>;
    prop_oneof![
        2 => prop::collection::vec(any::<u8>(), 0..64).prop_map(Op::Make),
        1 => Just(Op::Slot),
        3 => n().prop_map(Op::Clone),
        2 => (n(), n(), n()).prop_map(|(a, b, c)| Op::Slice(a, b, c)),
        2 => (n(), n()).prop_map(|(a, b)| Op::SplitTo(a, b)),
        2 => (n(), n()).prop_map(|(a, b)| Op::SplitOff(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Op::Truncate(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Op::Advance(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Op::Read(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Op::CopyToBytes(a, b)),
        2 => n().prop_map(Op::ThroughView),
        2 => n().prop_map(Op::Drop),
    ]
}

fn run(sequence: Vec<Operation>) {
    let (pool, mut handles, mut families) = (pool(), Vec::new(), 0);
    for operation in sequence {
        step(&mut handles, &pool, &mut families, &operation);
        check(&handles);
    }
    drop(handles);
    assert_eq!(
        pool.in_use(),
        0,
        "the last member gives the slot back, once"
    );
}

/// What the fuzz target `zerocopy_view_local_view` does with an input.
pub(crate) fn replay(input: &[u8]) {
    inputs::replay(input, operations(), run);
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn kept_inputs_pass() {
    inputs::replay_kept("zerocopy_view_local_view", replay);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 300 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn local_views_do_as_vec_and_bytes_do(sequence in prop::collection::vec(operations(), 1..60)) {
        run(sequence);
    }
}
