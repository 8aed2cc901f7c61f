//! What a frame becomes, each without copying a byte.

use alloc::vec::Vec;
use core::ops::Range;

use bytes::Bytes;
use pool_core::Lease;

use crate::FrameBuf;
use crate::body::Right;
use crate::extent::Keeper;

impl<M> FrameBuf<M> {
    /// Lowers a pooled frame to its lease and the range of its live bytes. The metadata is dropped:
    /// [`split_meta`](Self::split_meta) keeps it.
    ///
    /// # Errors
    ///
    /// Gives the frame back if its bytes lie on the heap (see [`into_vec`](Self::into_vec)), or if other parts of its slot live.
    ///
    /// ```compile_fail
    /// # let pool = pool_core::Pool::builder().slots(1).slot_bytes(64).build().unwrap();
    /// let frame = framebuf::FrameBuf::from_pool(&pool, b"once");
    /// let lease = frame.into_lease();
    /// drop(frame); // the slot is the lease's
    /// ```
    #[inline]
    pub fn into_lease(mut self) -> Result<(Lease, Range<usize>), Self> {
        self.body.reclaim();
        if self.body.keeper() != Keeper::Slot {
            return Err(self);
        }
        let range = self.range();
        match self.drop_meta().into_right() {
            Right::Slot(lease) => Ok((lease, range)),
            _ => unreachable!("asked above"),
        }
    }

    /// Lowers a heap frame to its vector, without a copy, and the range of its live bytes. The vector is as long as the frame's
    /// capacity. The metadata is dropped: [`split_meta`](Self::split_meta) keeps it.
    ///
    /// # Errors
    ///
    /// Gives the frame back if its bytes lie in a pool's slot (see [`into_lease`](Self::into_lease)), or if other parts of its block live.
    pub fn into_vec(mut self) -> Result<(Vec<u8>, Range<usize>), Self> {
        self.body.reclaim();
        if self.body.keeper() != Keeper::Block {
            return Err(self);
        }
        let range = self.range();
        match self.drop_meta().into_right() {
            Right::Block(block) => Ok((block.into_vec(), range)),
            _ => unreachable!("asked above"),
        }
    }

    /// Turns the frame into [`Bytes`] of the same memory: no byte is copied, and one small box is allocated. The slot
    /// comes home when the last clone of the `Bytes` is dropped. The metadata lives as long.
    #[must_use]
    pub fn into_bytes(self) -> Bytes
    where
        M: Send + 'static,
    {
        Bytes::from_owner(self)
    }
}

/// As [`FrameBuf::into_bytes`].
impl<M: Send + 'static> From<FrameBuf<M>> for Bytes {
    fn from(frame: FrameBuf<M>) -> Self {
        frame.into_bytes()
    }
}
