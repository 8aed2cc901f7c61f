//! One buffer of ours beside a `BytesMut` and a `Vec<u8>`, and what can be done to all three.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use pool_core::Source;
use proptest::prelude::*;
use zerocopy_view::{View, ViewMut};

/// Numbers choose among what there is when the operation is run.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    New(usize),
    Put(usize, Vec<u8>),
    PutBytes(usize, u8, usize),
    PutChain(usize, Vec<u8>, Vec<u8>),
    Fill(usize, Vec<u8>),
    Reserve(usize, usize),
    TryReserve(usize, usize),
    Resize(usize, usize, u8),
    Flip(usize, usize),
    Truncate(usize, usize),
    Clear(usize),
    Advance(usize, usize),
    Read(usize, usize),
    CopyToBytes(usize, usize),
    SplitTo(usize, usize),
    SplitOff(usize, usize),
    Split(usize),
    FreezeTo(usize, usize),
    Join(usize, usize),
    Rejoin(usize, usize),
    Freeze(usize),
    Thaw(usize),
    CloneView(usize),
    Drop(usize),
    DropView(usize),
}

pub(crate) struct Buffer<'a> {
    pub(crate) ours: ViewMut<&'a dyn Source>,
    pub(crate) theirs: BytesMut,
    pub(crate) vec: Vec<u8>,
}

pub(crate) struct Frozen {
    pub(crate) ours: View,
    pub(crate) theirs: Bytes,
}

pub(crate) fn chosen<T>(number: usize, among: &[T]) -> Option<usize> {
    number.checked_rem(among.len())
}

impl<'a> Buffer<'a> {
    pub(crate) fn change(&mut self, operation: Operation) {
        use Operation as Op;
        let Self { ours, theirs, vec } = self;
        let up_to_len = |number: usize| number % (vec.len() + 1);
        match operation {
            Op::Put(_, bytes) => {
                ours.put_slice(&bytes);
                theirs.put_slice(&bytes);
                vec.extend(&bytes);
            }
            Op::PutBytes(_, value, count) => {
                ours.put_bytes(value, count);
                theirs.put_bytes(value, count);
                vec.resize(vec.len() + count, value);
            }
            Op::PutChain(_, one, other) => {
                ours.put((&one[..]).chain(&other[..]));
                theirs.put((&one[..]).chain(&other[..]));
                vec.extend([one, other].concat());
            }
            Op::Fill(_, bytes) => {
                let fill = |room: &mut [u8]| {
                    let count = bytes.len().min(room.len());
                    room[..count].copy_from_slice(&bytes[..count]);
                    Ok::<_, ()>(count)
                };
                let count = ours.fill_with(fill).unwrap();
                theirs.put_slice(&bytes[..count]);
                vec.extend(&bytes[..count]);
            }
            Op::Reserve(_, additional) => {
                ours.reserve(additional);
                theirs.reserve(additional);
                assert!(ours.capacity() >= vec.len() + additional);
            }
            Op::TryReserve(_, additional) => {
                let before = (ours.as_ptr(), ours.capacity());
                match ours.try_reserve(additional) {
                    Ok(()) => assert!(ours.capacity() >= vec.len() + additional),
                    Err(_) => {
                        assert!(ours.as_ptr() == before.0 && ours.capacity() >= before.1);
                    }
                }
            }
            Op::Resize(_, len, value) => {
                ours.resize(len, value);
                theirs.resize(len, value);
                vec.resize(len, value);
            }
            Op::Flip(_, at) => {
                if let Some(at) = chosen(at, vec) {
                    ours[at] ^= 0xff;
                    theirs[at] ^= 0xff;
                    vec[at] ^= 0xff;
                }
            }
            Op::Truncate(_, len) => {
                ours.truncate(len);
                theirs.truncate(len);
                vec.truncate(len);
            }
            Op::Clear(_) => {
                let before = ours.capacity();
                ours.clear();
                theirs.clear();
                vec.clear();
                assert_eq!(ours.capacity(), before);
            }
            Op::Advance(_, count) => {
                let count = up_to_len(count);
                ours.advance(count);
                theirs.advance(count);
                vec.drain(..count);
            }
            Op::Read(_, count) => {
                let count = up_to_len(count);
                let mut read = vec![0; count];
                ours.copy_to_slice(&mut read);
                theirs.advance(count);
                assert!(vec.drain(..count).eq(read));
            }
            Op::CopyToBytes(_, count) => {
                let count = up_to_len(count);
                let bytes = ours.copy_to_bytes(count);
                assert_eq!(bytes, theirs.copy_to_bytes(count));
                vec.drain(..count);
            }
            other => unreachable!("run elsewhere: {other:?}"),
        }
    }

    pub(crate) fn split_to(&mut self, at: usize) -> Self {
        let at = at % (self.vec.len() + 1);
        let back = self.vec.split_off(at);
        Self {
            ours: self.ours.split_to(at),
            theirs: self.theirs.split_to(at),
            vec: core::mem::replace(&mut self.vec, back),
        }
    }

    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        let at = at % (self.vec.len() + 1);
        Self {
            ours: self.ours.split_off(at),
            theirs: self.theirs.split_off(at),
            vec: self.vec.split_off(at),
        }
    }

    /// One buffer if they join, which only neighbours and empty ones may; else both.
    pub(crate) fn join(self, next: Self) -> Vec<Self> {
        let end = self.ours.as_ptr().addr() + self.ours.len();
        let meet = end == next.ours.as_ptr().addr();
        let an_empty_one = self.vec.is_empty() || next.vec.is_empty();
        let (mut theirs, vec) = (self.theirs, [&self.vec[..], &next.vec].concat());
        match self.ours.try_join(next.ours) {
            Ok(ours) => {
                assert!(meet || an_empty_one, "strangers joined");
                theirs.unsplit(next.theirs);
                vec![Self { ours, theirs, vec }]
            }
            Err((one, other)) => {
                assert!(!an_empty_one, "an empty one did not give way");
                vec![
                    Self {
                        ours: one,
                        theirs,
                        vec: self.vec,
                    },
                    Self {
                        ours: other,
                        ..next
                    },
                ]
            }
        }
    }

    pub(crate) fn freeze(self) -> Frozen {
        Frozen {
            ours: self.ours.freeze(),
            theirs: self.theirs.freeze(),
        }
    }
}

pub(crate) fn operations() -> impl Strategy<Value = Operation> {
    use Operation as Op;
    let n = any::<usize>;
    let size = || 0..150_usize;
    let bytes = || prop::collection::vec(any::<u8>(), 0..48);
    prop_oneof![
        2 => n().prop_map(Op::New),
        4 => (n(), bytes()).prop_map(|(a, b)| Op::Put(a, b)),
        1 => (n(), any::<u8>(), size()).prop_map(|(a, b, c)| Op::PutBytes(a, b, c)),
        1 => (n(), bytes(), bytes()).prop_map(|(a, b, c)| Op::PutChain(a, b, c)),
        2 => (n(), bytes()).prop_map(|(a, b)| Op::Fill(a, b)),
        2 => (n(), size()).prop_map(|(a, b)| Op::Reserve(a, b)),
        1 => (n(), size()).prop_map(|(a, b)| Op::TryReserve(a, b)),
        1 => (n(), size(), any::<u8>()).prop_map(|(a, b, c)| Op::Resize(a, b, c)),
        1 => (n(), n()).prop_map(|(a, b)| Op::Flip(a, b)),
        1 => (n(), size()).prop_map(|(a, b)| Op::Truncate(a, b)),
        1 => n().prop_map(Op::Clear),
        2 => (n(), n()).prop_map(|(a, b)| Op::Advance(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Op::Read(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Op::CopyToBytes(a, b)),
        2 => (n(), n()).prop_map(|(a, b)| Op::SplitTo(a, b)),
        2 => (n(), n()).prop_map(|(a, b)| Op::SplitOff(a, b)),
        1 => n().prop_map(Op::Split),
        3 => (n(), n()).prop_map(|(a, b)| Op::FreezeTo(a, b)),
        2 => (n(), n()).prop_map(|(a, b)| Op::Join(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Op::Rejoin(a, b)),
        1 => n().prop_map(Op::Freeze),
        3 => n().prop_map(Op::Thaw),
        1 => n().prop_map(Op::CloneView),
        1 => n().prop_map(Op::Drop),
        3 => n().prop_map(Op::DropView),
    ]
}
