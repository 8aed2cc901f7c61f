//! `bytes::Buf` eats a frame from the front, `bytes::BufMut` fills its tailroom; both in place.

use bytes::buf::UninitSlice;
use bytes::{Buf, BufMut};

use crate::FrameBuf;

impl<M> Buf for FrameBuf<M> {
    #[inline]
    fn remaining(&self) -> usize {
        self.len()
    }

    #[inline]
    fn chunk(&self) -> &[u8] {
        self
    }

    /// As [`FrameBuf::trim_front`].
    ///
    /// # Panics
    ///
    /// If the frame has fewer than `n` bytes.
    #[inline]
    fn advance(&mut self, n: usize) {
        if let Err(why) = self.trim_front(n) {
            panic!("advance: {why}");
        }
    }
}

// SAFETY: `chunk_mut` is the whole tailroom, `remaining_mut` its length, and `advance_mut` makes live exactly the bytes at its
// front, and refuses more than there are.
unsafe impl<M> BufMut for FrameBuf<M> {
    #[inline]
    fn remaining_mut(&self) -> usize {
        self.tailroom()
    }

    #[inline]
    fn chunk_mut(&mut self) -> &mut UninitSlice {
        UninitSlice::new(self.tail_mut())
    }

    /// # Panics
    ///
    /// If the tailroom is smaller than `n`.
    #[inline]
    unsafe fn advance_mut(&mut self, n: usize) {
        if let Err(why) = self.grow_back(n) {
            panic!("advance_mut: {why}");
        }
    }

    /// As [`FrameBuf::append`].
    ///
    /// # Panics
    ///
    /// If the tailroom is smaller.
    #[inline]
    fn put_slice(&mut self, bytes: &[u8]) {
        if let Err(why) = self.append(bytes) {
            panic!("put_slice: {why}");
        }
    }
}
