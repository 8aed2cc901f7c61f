//! `bytes::BufMut`: adds at the end, growing like a `Vec`.

use bytes::BufMut;
use bytes::buf::UninitSlice;

use crate::PooledBuffer;

// SAFETY: `chunk_mut` is the memory behind the buffer's end, never empty, and `advance_mut` makes exactly the bytes at its front part
// of the buffer, and refuses more than there are.
unsafe impl BufMut for PooledBuffer {
    /// As much as a buffer can grow by; it moves to larger storage when it must.
    #[inline]
    fn remaining_mut(&self) -> usize {
        isize::MAX.unsigned_abs() - self.len()
    }

    #[inline]
    fn chunk_mut(&mut self) -> &mut UninitSlice {
        if self.len() == self.capacity() {
            self.move_to(self.len() + 1);
        }
        UninitSlice::new(self.tail_mut())
    }

    /// # Panics
    ///
    /// If `n` is more than the last [`chunk_mut`](Self::chunk_mut) has.
    #[inline]
    unsafe fn advance_mut(&mut self, n: usize) {
        self.grow_in_place(n);
    }

    /// As [`PooledBuffer::extend_from_slice`].
    #[inline]
    fn put_slice(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}
