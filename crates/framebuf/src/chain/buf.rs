//! `bytes::Buf` eats a chain from the front; slots go home as it goes.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::FrameChain;
use crate::FrameBuf;

impl<M> Buf for FrameChain<M> {
    fn remaining(&self) -> usize {
        self.len
    }

    /// The first frame that has bytes.
    fn chunk(&self) -> &[u8] {
        self.chunks().next().unwrap_or_default()
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, into: &mut [std::io::IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (place, slice) in into.iter_mut().zip(self.io_slices()) {
            *place = slice;
            filled += 1;
        }
        filled
    }

    /// As [`FrameChain::trim_front`].
    ///
    /// # Panics
    ///
    /// If the chain has fewer than `n` bytes.
    fn advance(&mut self, n: usize) {
        if let Err(why) = self.need("advance", n) {
            panic!("{why}");
        }
        self.drop_front(n);
    }

    /// No byte is copied if they lie in one frame: see [`FrameBuf`](crate::FrameBuf)'s. No bytes change nothing.
    ///
    /// # Panics
    ///
    /// If the chain has fewer than `len` bytes.
    fn copy_to_bytes(&mut self, len: usize) -> Bytes {
        if let Err(why) = self.need("copy_to_bytes", len) {
            panic!("{why}");
        }
        if len == 0 {
            return Bytes::new();
        }
        while self.frames.front().is_some_and(FrameBuf::is_empty) {
            self.frames.pop_front();
        }
        match self.frames.front_mut() {
            Some(first) if len <= first.len() => {
                let bytes = first.copy_to_bytes(len);
                self.len -= len;
                bytes
            }
            _ => {
                let mut bytes = BytesMut::with_capacity(len);
                bytes.put(self.take(len));
                bytes.freeze()
            }
        }
    }
}
