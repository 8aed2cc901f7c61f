//! Any sequence of operations on views, against a `Vec<u8>` and a `Bytes` that have the same done to them.
//!
//! The model knows for each handle its storage and where in it the handle begins, and so what must be true of its address, of the
//! number of sharers, and of which neighbours join.

#[path = "../../../fuzz/inputs.rs"]
mod inputs;

use bytes::{Buf, Bytes};
use framebuf::FrameBuf;
use pool_core::Pool;
use proptest::prelude::*;
use zerocopy_view::{Kind, View};

const KINDS: [Kind; 3] = [Kind::RAW, Kind::JSON, Kind::OPUS];
static TEXT: [u8; 40] = *b"static bytes: nobody owns them, ever. 40";

#[derive(Debug, Clone)]
enum Make {
    Vec(Vec<u8>),
    Boxed(Vec<u8>),
    Bytes(Vec<u8>),
    Slot(u8),
    Frame(Vec<u8>),
    Static,
}

/// Numbers choose among what there is when the operation is run.
#[derive(Debug, Clone)]
enum Operation {
    Make(Make),
    Clone(usize),
    Slice(usize, usize, usize),
    SliceRef(usize, usize, usize),
    SplitTo(usize, usize),
    SplitOff(usize, usize),
    Truncate(usize, usize),
    Advance(usize, usize),
    Read(usize, usize),
    Join(usize, usize),
    Rejoin(usize, usize),
    Retag(usize, usize),
    ThroughBytes(usize),
    Unshare(usize),
    Drop(usize),
}

/// One view and what it must be equal to.
struct Handle {
    view: View,
    bytes: Bytes,
    vec: Vec<u8>,
    storage: usize,
    is_static: bool,
    /// Where in its storage the first byte lies.
    start: usize,
    kind: Kind,
}

struct Model {
    pool: Pool,
    handles: Vec<Handle>,
    storages: usize,
    /// The address of each storage's first byte.
    bases: Vec<usize>,
}

impl Model {
    fn new() -> Self {
        let pool = Pool::builder().slots(4).slot_bytes(32).build().unwrap();
        Self {
            pool,
            handles: Vec::new(),
            storages: 0,
            bases: Vec::new(),
        }
    }

    fn make(&mut self, make: Make) {
        let is_static = matches!(make, Make::Static);
        let view = match make {
            Make::Vec(bytes) => View::from(bytes),
            Make::Boxed(bytes) => View::from(bytes.into_boxed_slice()),
            Make::Bytes(bytes) => View::from(Bytes::from(bytes)),
            Make::Slot(seed) => {
                let Some(mut lease) = self.pool.alloc() else {
                    return;
                };
                (0..)
                    .zip(lease.iter_mut())
                    .for_each(|(at, byte): (u8, _)| *byte = seed.wrapping_add(at));
                View::from(lease)
            }
            Make::Frame(bytes) => View::from(FrameBuf::from_pool(&self.pool, &bytes)),
            Make::Static => View::from_static(&TEXT),
        };
        self.bases.push(view.as_ptr().addr());
        let handle = Handle {
            bytes: Bytes::copy_from_slice(&view),
            vec: view.to_vec(),
            view,
            storage: self.storages,
            is_static,
            start: 0,
            kind: Kind::RAW,
        };
        self.storages += 1;
        self.handles.push(handle);
    }

    fn run(&mut self, operation: Operation) {
        use Operation as Op;
        if let Op::Make(make) = operation {
            return self.make(make);
        }
        if self.handles.is_empty() {
            return;
        }
        let count = self.handles.len();
        let chosen = |number: usize| number % count;
        match operation {
            Op::Make(_) => unreachable!("made above"),
            Op::Clone(of) => {
                let clone = self.handles[chosen(of)].copy();
                self.handles.push(clone);
            }
            Op::Slice(of, from, to) => {
                let piece =
                    self.handles[chosen(of)].cut(from, to, |view, from, to| view.slice(from..to));
                self.handles.push(piece);
            }
            Op::SliceRef(of, from, to) => {
                let piece = self.handles[chosen(of)]
                    .cut(from, to, |view, from, to| view.slice_ref(&view[from..to]));
                self.handles.push(piece);
            }
            Op::SplitTo(of, at) => {
                let front = self.handles[chosen(of)].split_to(at);
                self.handles.push(front);
            }
            Op::SplitOff(of, at) => {
                let back = self.handles[chosen(of)].split_off(at);
                self.handles.push(back);
            }
            Op::Truncate(of, len) => {
                let handle = &mut self.handles[chosen(of)];
                let len = len % (handle.vec.len() + 5);
                handle.view.truncate(len);
                handle.bytes.truncate(len);
                handle.vec.truncate(len);
            }
            Op::Advance(of, bytes) => self.handles[chosen(of)].advance(bytes),
            Op::Read(of, bytes) => self.handles[chosen(of)].read(bytes),
            Op::Join(a, b) => {
                let a = self.handles.swap_remove(chosen(a));
                if self.handles.is_empty() {
                    self.handles.push(a);
                    return;
                }
                let b = self.handles.swap_remove(b % self.handles.len());
                self.handles.extend(a.join(b));
            }
            Op::Rejoin(of, at) => {
                let mut head = self.handles.swap_remove(chosen(of));
                let tail = head.split_off(at);
                self.handles.extend(head.join(tail));
            }
            Op::Retag(of, kind) => {
                let handle = &mut self.handles[chosen(of)];
                handle.kind = KINDS[kind % KINDS.len()];
                handle.view = handle.view.clone().retag(handle.kind);
            }
            Op::ThroughBytes(of) => {
                // The way out and in again: a storage around the storage, with the same addresses.
                let handle = &mut self.handles[chosen(of)];
                let bytes = Bytes::from(handle.view.clone());
                assert_eq!(View::from(bytes), handle.view);
            }
            Op::Unshare(of) => {
                let at = chosen(of);
                let mut handle = self.handles.swap_remove(at);
                let sharers = handle.view.sharers();
                handle.view = match handle.view.try_into_lease() {
                    Ok((lease, range)) => {
                        assert_eq!((sharers, &lease[range.clone()]), (1, &handle.vec[..]));
                        View::from(lease).slice(range).retag(handle.kind)
                    }
                    Err(view) => view,
                };
                self.handles.push(handle);
            }
            Op::Drop(of) => drop(self.handles.swap_remove(chosen(of))),
        }
    }

    fn check(&self) {
        for handle in &self.handles {
            handle.check(self.bases[handle.storage]);
            let shares = |other: &&Handle| other.storage == handle.storage && !other.vec.is_empty();
            let expected = if handle.is_static || handle.vec.is_empty() {
                0
            } else {
                self.handles.iter().filter(shares).count()
            };
            assert_eq!(handle.view.sharers(), expected);
            assert!(
                expected == 0 || handle.view.retained_bytes() >= handle.start + handle.vec.len()
            );
        }
    }
}

impl Handle {
    fn check(&self, base: usize) {
        assert_eq!(self.view, self.vec);
        assert_eq!(self.view, self.bytes);
        assert_eq!(self.view.kind(), self.kind);
        if !self.vec.is_empty() {
            assert_eq!(self.view.as_ptr().addr(), base + self.start, "a byte moved");
        }
    }

    fn copy(&self) -> Self {
        self.cut(0, self.vec.len(), |view, _, _| view.clone())
    }

    fn cut(&self, from: usize, to: usize, cut: impl Fn(&View, usize, usize) -> View) -> Self {
        let (from, to) = (from % (self.vec.len() + 1), to % (self.vec.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        Self {
            view: cut(&self.view, from, to),
            bytes: self.bytes.slice(from..to),
            vec: self.vec[from..to].to_vec(),
            start: self.start + from,
            ..*self
        }
    }

    fn split_to(&mut self, at: usize) -> Self {
        let at = at % (self.vec.len() + 1);
        let rest = self.vec.split_off(at);
        let front = Self {
            view: self.view.split_to(at),
            bytes: self.bytes.split_to(at),
            vec: core::mem::replace(&mut self.vec, rest),
            ..*self
        };
        self.start += at;
        front
    }

    fn split_off(&mut self, at: usize) -> Self {
        let at = at % (self.vec.len() + 1);
        Self {
            view: self.view.split_off(at),
            bytes: self.bytes.split_off(at),
            vec: self.vec.split_off(at),
            start: self.start + at,
            ..*self
        }
    }

    fn advance(&mut self, count: usize) {
        let count = count % (self.vec.len() + 1);
        self.view.advance(count);
        self.bytes.advance(count);
        self.vec.drain(..count);
        self.start += count;
    }

    fn read(&mut self, count: usize) {
        let count = count % (self.vec.len() + 1);
        let (mut ours, mut theirs) = (vec![0; count], vec![0; count]);
        self.view.copy_to_slice(&mut ours);
        self.bytes.copy_to_slice(&mut theirs);
        assert_eq!(ours, theirs);
        self.vec.drain(..count);
        self.start += count;
    }

    /// One handle if they must join, else both.
    fn join(self, next: Self) -> Vec<Self> {
        let meets = self.storage == next.storage && self.start + self.vec.len() == next.start;
        let an_empty_one = self.vec.is_empty() || next.vec.is_empty();
        let expected = self.kind == next.kind && (an_empty_one || meets && !self.is_static);
        let (first, second) = (self.view, next.view);
        let whole = match first.try_join(second) {
            Ok(view) => view,
            Err((first, second)) => {
                assert!(!expected, "neighbours did not join");
                return vec![
                    Self {
                        view: first,
                        ..self
                    },
                    Self {
                        view: second,
                        ..next
                    },
                ];
            }
        };
        assert!(expected, "strangers joined");
        let vec = [self.vec, next.vec].concat();
        let place = if vec.len() == whole.len() && self.bytes.is_empty() {
            (next.storage, next.is_static, next.start)
        } else {
            (self.storage, self.is_static, self.start)
        };
        vec![Self {
            view: whole,
            bytes: Bytes::copy_from_slice(&vec),
            vec,
            storage: place.0,
            is_static: place.1,
            start: place.2,
            kind: self.kind,
        }]
    }
}

fn makes() -> impl Strategy<Value = Make> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..48);
    prop_oneof![
        bytes().prop_map(Make::Vec),
        bytes().prop_map(Make::Boxed),
        bytes().prop_map(Make::Bytes),
        any::<u8>().prop_map(Make::Slot),
        bytes().prop_map(Make::Frame),
        Just(Make::Static),
    ]
}

fn operations() -> impl Strategy<Value = Operation> {
    let n = any::<usize>;
    prop_oneof![
        3 => makes().prop_map(Operation::Make),
        2 => n().prop_map(Operation::Clone),
        2 => (n(), n(), n()).prop_map(|(a, b, c)| Operation::Slice(a, b, c)),
        1 => (n(), n(), n()).prop_map(|(a, b, c)| Operation::SliceRef(a, b, c)),
        2 => (n(), n()).prop_map(|(a, b)| Operation::SplitTo(a, b)),
        2 => (n(), n()).prop_map(|(a, b)| Operation::SplitOff(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Operation::Truncate(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Operation::Advance(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Operation::Read(a, b)),
        3 => (n(), n()).prop_map(|(a, b)| Operation::Join(a, b)),
        2 => (n(), n()).prop_map(|(a, b)| Operation::Rejoin(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Operation::Retag(a, b)),
        1 => n().prop_map(Operation::ThroughBytes),
        1 => n().prop_map(Operation::Unshare),
        3 => n().prop_map(Operation::Drop),
    ]
}

fn run(sequence: Vec<Operation>) {
    let mut model = Model::new();
    for operation in sequence {
        model.run(operation);
        model.check();
    }
    model.handles.clear();
    assert_eq!(
        model.pool.in_use(),
        0,
        "the last view gives the slot back, once"
    );
}

/// What the fuzz target `zerocopy_view_view` does with an input.
pub(crate) fn replay(input: &[u8]) {
    inputs::replay(input, operations(), run);
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn kept_inputs_pass() {
    inputs::replay_kept("zerocopy_view_view", replay);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 400 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn views_do_as_vec_and_bytes_do(sequence in prop::collection::vec(operations(), 1..60)) {
        run(sequence);
    }
}
