//! Equality and hashing: of the live bytes, so that a frame finds what its bytes find in a map.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::FrameBuf;

impl<M, N> PartialEq<FrameBuf<N>> for FrameBuf<M> {
    fn eq(&self, other: &FrameBuf<N>) -> bool {
        **self == **other
    }
}

impl<M> Eq for FrameBuf<M> {}

impl<M> Hash for FrameBuf<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<M> PartialEq<[u8]> for FrameBuf<M> {
    fn eq(&self, other: &[u8]) -> bool {
        **self == *other
    }
}

impl<M> PartialEq<&[u8]> for FrameBuf<M> {
    fn eq(&self, other: &&[u8]) -> bool {
        **self == **other
    }
}

impl<M, const N: usize> PartialEq<[u8; N]> for FrameBuf<M> {
    fn eq(&self, other: &[u8; N]) -> bool {
        **self == *other
    }
}

impl<M, const N: usize> PartialEq<&[u8; N]> for FrameBuf<M> {
    fn eq(&self, other: &&[u8; N]) -> bool {
        **self == **other
    }
}

impl<M> PartialEq<Vec<u8>> for FrameBuf<M> {
    fn eq(&self, other: &Vec<u8>) -> bool {
        **self == **other
    }
}

impl<M> PartialEq<FrameBuf<M>> for [u8] {
    fn eq(&self, other: &FrameBuf<M>) -> bool {
        *self == **other
    }
}
