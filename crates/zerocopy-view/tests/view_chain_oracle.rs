//! Any sequence of operations on a message in pieces, against a `Vec<u8>` and a `BytesMut` that have the same done to them.

#[path = "../../../fuzz/inputs.rs"]
mod inputs;

use bytes::{Buf, BytesMut};
use pool_core::Pool;
use proptest::prelude::*;
use zerocopy_view::{View, ViewChain};

fn pool(slots: usize, slot_bytes: usize) -> Pool {
    let built = Pool::builder().slots(slots).slot_bytes(slot_bytes).build();
    built.unwrap()
}

#[derive(Debug, Clone)]
enum Operation {
    Push(Vec<u8>),
    Prepend(Vec<u8>),
    Extend(Vec<Vec<u8>>),
    Slice(usize, usize),
    SplitTo(usize),
    SplitOff(usize),
    Truncate(usize),
    Advance(usize),
    Read(usize),
    CopyToBytes(usize),
    Linearize,
    Clone,
}

struct Model {
    ours: ViewChain,
    theirs: BytesMut,
    vec: Vec<u8>,
    pool: Pool,
}

impl Model {
    fn view(&self, bytes: &[u8]) -> View {
        framebuf::FrameBuf::from_pool(&self.pool, bytes).into()
    }

    fn run(&mut self, operation: Operation) {
        use Operation as Op;
        let up_to_len = |number: usize| number % (self.vec.len() + 1);
        match operation {
            Op::Push(bytes) => {
                self.ours.push(self.view(&bytes));
                self.theirs.extend_from_slice(&bytes);
                self.vec.extend(bytes);
            }
            Op::Prepend(bytes) => {
                self.ours.prepend(self.view(&bytes));
                self.vec.splice(0..0, bytes);
                self.theirs = BytesMut::from(&self.vec[..]);
            }
            Op::Extend(pieces) => {
                let views: Vec<View> = pieces.iter().map(|bytes| self.view(bytes)).collect();
                self.ours.extend(views);
                self.theirs.extend(pieces.concat());
                self.vec.extend(pieces.concat());
            }
            Op::Slice(from, to) => {
                let (from, to) = (up_to_len(from), up_to_len(to));
                let range = from.min(to)..from.max(to);
                self.ours = self.ours.slice(range.clone());
                self.theirs = BytesMut::from(&self.theirs[range.clone()]);
                self.vec = self.vec[range].to_vec();
            }
            Op::SplitTo(at) => {
                let at = up_to_len(at);
                let (front, back) = (self.ours.split_to(at), self.vec.split_off(at));
                assert_eq!(front, self.theirs.split_to(at)[..]);
                assert_eq!(front, core::mem::replace(&mut self.vec, back));
            }
            Op::SplitOff(at) => {
                let at = up_to_len(at);
                let back = self.ours.split_off(at);
                assert_eq!(back, self.theirs.split_off(at)[..]);
                assert_eq!(back, self.vec.split_off(at));
            }
            Op::Truncate(len) => {
                self.ours.truncate(len % 200);
                self.theirs.truncate(len % 200);
                self.vec.truncate(len % 200);
            }
            Op::Advance(count) => {
                let count = up_to_len(count);
                self.ours.advance(count);
                self.theirs.advance(count);
                self.vec.drain(..count);
            }
            Op::Read(count) => {
                let mut read = vec![0; up_to_len(count)];
                self.ours.copy_to_slice(&mut read);
                self.theirs.advance(read.len());
                assert!(self.vec.drain(..read.len()).eq(read));
            }
            Op::CopyToBytes(count) => {
                let count = up_to_len(count);
                let bytes = self.ours.copy_to_bytes(count);
                assert_eq!(bytes, self.theirs.copy_to_bytes(count));
                assert!(self.vec.drain(..count).eq(bytes));
            }
            Op::Linearize => {
                let whole = self.ours.to_view();
                assert_eq!(whole, self.vec);
                let chain = core::mem::take(&mut self.ours);
                self.ours = chain.linearize(&self.pool).into();
                assert!(self.ours.segments().len() <= 1);
            }
            Op::Clone => {
                let again = self.ours.clone();
                assert_eq!(again, self.ours);
            }
        }
    }

    fn check(&self) {
        assert_eq!(self.ours, self.vec);
        assert_eq!(self.ours, self.theirs[..]);
        assert_eq!(
            (self.ours.len(), self.ours.remaining()),
            (self.vec.len(), self.vec.len())
        );
        assert_eq!(self.ours.is_empty(), self.vec.is_empty());
        assert!(self.ours.segments().all(|view| !view.is_empty()));
        assert_eq!(self.ours.chunk().is_empty(), self.vec.is_empty());
    }
}

fn operations() -> impl Strategy<Value = Operation> {
    use Operation as Op;
    let n = any::<usize>;
    let bytes = || prop::collection::vec(any::<u8>(), 0..48);
    prop_oneof![
        3 => bytes().prop_map(Op::Push),
        2 => bytes().prop_map(Op::Prepend),
        2 => prop::collection::vec(bytes(), 0..4).prop_map(Op::Extend),
        1 => (n(), n()).prop_map(|(a, b)| Op::Slice(a, b)),
        1 => n().prop_map(Op::SplitTo),
        1 => n().prop_map(Op::SplitOff),
        1 => n().prop_map(Op::Truncate),
        1 => n().prop_map(Op::Advance),
        1 => n().prop_map(Op::Read),
        1 => n().prop_map(Op::CopyToBytes),
        1 => Just(Op::Linearize),
        1 => Just(Op::Clone),
    ]
}

fn run(sequence: Vec<Operation>) {
    let mut model = Model {
        ours: ViewChain::new(),
        theirs: BytesMut::new(),
        vec: Vec::new(),
        pool: pool(4, 32),
    };
    for operation in sequence {
        model.run(operation);
        model.check();
    }
    model.ours.clear();
    assert_eq!(model.pool.in_use(), 0, "each slot comes home, once");
}

/// What the fuzz target `zerocopy_view_view_chain` does with an input.
pub(crate) fn replay(input: &[u8]) {
    inputs::replay(input, operations(), run);
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn kept_inputs_pass() {
    inputs::replay_kept("zerocopy_view_view_chain", replay);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 300 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_chain_does_as_vec_and_bytes_mut_do(sequence in prop::collection::vec(operations(), 1..60)) {
        run(sequence);
    }
}
