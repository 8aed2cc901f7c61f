//! Chains by the traits that readers, collectors and comparers know.

use alloc::collections::vec_deque;
use alloc::vec::Vec;

use bytes::{Buf, BufMut, Bytes};

use crate::view::View;

use super::ViewChain;

/// The segments are its chunks. Reading drops what was read, and gives up each storage with its last byte.
impl Buf for ViewChain {
    fn remaining(&self) -> usize {
        self.len()
    }

    fn chunk(&self) -> &[u8] {
        self.first_segment()
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, into: &mut [std::io::IoSlice<'a>]) -> usize {
        let slices = into.iter_mut().zip(self.io_slices());
        slices.map(|(place, slice)| *place = slice).count()
    }

    fn advance(&mut self, count: usize) {
        ViewChain::advance(self, count);
    }

    /// Copies no byte if they all lie in the first segment, and else each once.
    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        self.split_to(count).into()
    }
}

/// One small allocation for a single segment, as from a [`View`]; a copy of the bytes for several.
impl From<ViewChain> for Bytes {
    fn from(mut chain: ViewChain) -> Self {
        if chain.segments.len() > 1 {
            let mut whole = Vec::with_capacity(chain.len);
            whole.put(&mut chain);
            return whole.into();
        }
        chain.segments.pop_front().unwrap_or_default().into()
    }
}

impl From<View> for ViewChain {
    fn from(view: View) -> Self {
        Self::from_iter([view])
    }
}

impl FromIterator<View> for ViewChain {
    fn from_iter<I: IntoIterator<Item = View>>(views: I) -> Self {
        let mut chain = Self::new();
        chain.extend(views);
        chain
    }
}

/// Adds each view at the end; of another chain, each segment.
impl Extend<View> for ViewChain {
    fn extend<I: IntoIterator<Item = View>>(&mut self, views: I) {
        views.into_iter().for_each(|view| self.push(view));
    }
}

/// The segments, from the front.
impl IntoIterator for ViewChain {
    type Item = View;
    type IntoIter = vec_deque::IntoIter<View>;

    fn into_iter(self) -> Self::IntoIter {
        self.segments.into_iter()
    }
}

impl Eq for ViewChain {}

impl PartialEq for ViewChain {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.bytes().eq(other.bytes())
    }
}

impl PartialEq<[u8]> for ViewChain {
    fn eq(&self, mut other: &[u8]) -> bool {
        for segment in self.segments() {
            match other.split_at_checked(segment.len()) {
                Some((front, back)) if *segment == *front => other = back,
                _ => return false,
            }
        }
        other.is_empty()
    }
}

impl<T: ?Sized> PartialEq<&T> for ViewChain
where
    Self: PartialEq<T>,
{
    fn eq(&self, other: &&T) -> bool {
        *self == **other
    }
}

/// By their bytes.
macro_rules! equal_bytes {
    ($([$($generics:tt)*] $other:ty),+ $(,)?) => {$(
        impl<$($generics)*> PartialEq<$other> for ViewChain {
            fn eq(&self, other: &$other) -> bool {
                let bytes: &[u8] = other.as_ref();
                *self == *bytes
            }
        }
    )+};
}

equal_bytes! { [const N: usize] [u8; N], [] Vec<u8>, [] str, [] View, [] Bytes }
