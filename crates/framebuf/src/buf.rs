//! `bytes::Buf` eats a frame from the front, `bytes::BufMut` fills its tailroom; both in place.

use bytes::buf::UninitSlice;
use bytes::{Buf, BufMut, Bytes};

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
        if let Err(why) = self.need("advance", n) {
            panic!("{why}");
        }
        self.body.drop_front(n);
    }

    /// The first `len` bytes as [`Bytes`] in the same memory, as if [split](FrameBuf::split_to) off: none is copied, one small box is allocated (for the first
    /// part of a heap frame, two; for no bytes, none).
    ///
    /// The slot does not come home before the `Bytes` are dropped. To keep a few bytes of many for long, copy them out.
    ///
    /// # Panics
    ///
    /// If the frame has fewer than `len` bytes.
    fn copy_to_bytes(&mut self, len: usize) -> Bytes {
        if let Err(why) = self.need("copy_to_bytes", len) {
            panic!("{why}");
        }
        if len == 0 {
            return Bytes::new();
        }
        FrameBuf::bare(self.body.split_to(len)).into_bytes()
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
        UninitSlice::new(self.body.tail_mut())
    }

    /// # Panics
    ///
    /// If the tailroom is smaller than `n`.
    #[inline]
    unsafe fn advance_mut(&mut self, n: usize) {
        if let Err(why) = self.body.grow_back(n) {
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
