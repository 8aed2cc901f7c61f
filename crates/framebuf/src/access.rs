//! What generic code, a kernel and a log see of a frame: the live bytes, their stable address, and never the payload in text.

use core::borrow::{Borrow, BorrowMut};
use core::fmt;

use pool_core::StableBytes;

use crate::FrameBuf;

// SAFETY: the bytes lie in a pool's region or in a heap block; neither moves when the frame value does, and both live as long as it keeps a right
// to them (BODY-1, BODY-2). Nobody else writes them (BODY-3). No method moves them; those that take `&mut` may give them away, with the right,
// which is up to who holds the frame (rule 2).
unsafe impl<M> StableBytes for FrameBuf<M> {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

impl<M> AsRef<[u8]> for FrameBuf<M> {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl<M> AsMut<[u8]> for FrameBuf<M> {
    #[inline]
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

impl<M> Borrow<[u8]> for FrameBuf<M> {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl<M> BorrowMut<[u8]> for FrameBuf<M> {
    fn borrow_mut(&mut self) -> &mut [u8] {
        self
    }
}

/// Never prints the bytes.
impl<M> fmt::Debug for FrameBuf<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameBuf")
            .field("len", &self.len())
            .field("headroom", &self.headroom())
            .field("tailroom", &self.tailroom())
            .field("pooled", &self.is_pooled())
            .finish_non_exhaustive()
    }
}
