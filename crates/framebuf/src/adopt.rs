//! What becomes a frame: bytes that are copied into a slot, an empty slot, a lease, a vector.

use alloc::vec::Vec;
use core::ops::Range;

use pool_core::{Lease, Pool};

use crate::FrameBuf;
use crate::body::{Body, reach};
use crate::error::{BadRange, FrameError, VecTooLarge};
use crate::heap_block::HeapBlock;

impl FrameBuf {
    /// Copies `data` into a slot of `pool`, or onto the heap if the pool has no slot or too small ones. Never fails.
    ///
    /// A fallback is one heap allocation, counted in the pool's [`fallbacks`](pool_core::PoolStats::fallbacks). Whoever must not allocate
    /// uses [`try_from_pool`](Self::try_from_pool). A pooled frame has no headroom, and the rest of its slot as tailroom.
    ///
    /// Cost: one alloc of the pool and one copy of `data`.
    ///
    /// # Panics
    ///
    /// If `data` has 1 GiB or more.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn from_pool(pool: &Pool, data: &[u8]) -> Self {
        if data.len() <= reach(pool.slot_bytes()) {
            if let Some(lease) = pool.alloc() {
                // SAFETY: asked above, and a pool's slots are all as large.
                return Self::bare(unsafe { Body::copied(lease, data) });
            }
        }
        Self::fall_back_to_heap(pool, data)
    }

    /// Copies `data` into a slot of `pool`, or says why not. Allocates nothing, the error included.
    ///
    /// # Errors
    ///
    /// [`FrameError`]: `data` is larger than a slot, or the pool is exhausted (another thread may give a slot back before the caller
    /// sees it) or closed.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn try_from_pool(pool: &Pool, data: &[u8]) -> Result<Self, FrameError> {
        let bound = reach(pool.slot_bytes());
        if data.len() > bound {
            return Err(FrameError::too_large(data.len(), bound));
        }
        let lease = pool.try_alloc()?;
        // SAFETY: asked above, and a pool's slots are all as large.
        Ok(Self::bare(unsafe { Body::copied(lease, data) }))
    }

    #[cold]
    #[inline(never)]
    fn fall_back_to_heap(pool: &Pool, data: &[u8]) -> Self {
        pool.count_fallback(data.len());
        Self::from(data.to_vec())
    }

    /// An empty frame in a slot of `pool`, with `headroom` bytes before it for headers to come.
    ///
    /// `None` if the pool is exhausted or closed, or `headroom` is larger than a slot. [`Headroom`](crate::Headroom) has its headroom checked when
    /// compiling.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn with_headroom(pool: &Pool, headroom: usize) -> Option<Self> {
        if headroom > reach(pool.slot_bytes()) {
            return None;
        }
        let lease = pool.alloc()?;
        // SAFETY: asked above, and a pool's slots are all as large.
        Some(Self::bare(unsafe {
            Body::in_slot(lease, headroom, headroom)
        }))
    }

    /// Makes a frame of a lease whose bytes in `range` are live; what lies before and behind becomes headroom and tailroom.
    ///
    /// Copies nothing. The bytes of `range` are taken as they are: with a slot fresh from its pool, they are the last owner's.
    ///
    /// # Errors
    ///
    /// [`BadRange`], which holds the lease, if the range does not ascend, or ends behind the slot or behind its first 1 GiB less one.
    pub fn from_lease(lease: Lease, range: Range<usize>) -> Result<Self, BadRange> {
        let bound = reach(lease.len());
        if range.start > range.end || range.end > bound {
            return Err(BadRange::new(lease, range, bound));
        }
        // SAFETY: asked above.
        Ok(Self::bare(unsafe {
            Body::in_slot(lease, range.start, range.end)
        }))
    }

    /// Makes a frame of a vector's memory, without copying or allocating: no headroom, the spare capacity as tailroom.
    ///
    /// Cost: the spare capacity is overwritten with zeros, once, because a vector may leave it uninitialised; a vector without spare
    /// capacity (`vec![..]`, `to_vec`) costs nothing.
    ///
    /// # Errors
    ///
    /// [`VecTooLarge`], which holds the vector, if its capacity is 1 GiB or more.
    pub fn try_from_vec(vec: Vec<u8>) -> Result<Self, VecTooLarge> {
        match HeapBlock::from_vec(vec) {
            Ok((block, len)) => Ok(Self::bare(Body::in_block(block, len))),
            Err(vec) => Err(VecTooLarge::new(vec)),
        }
    }
}

impl From<Vec<u8>> for FrameBuf {
    /// As [`FrameBuf::try_from_vec`].
    ///
    /// # Panics
    ///
    /// If the capacity is 1 GiB or more.
    fn from(vec: Vec<u8>) -> Self {
        match Self::try_from_vec(vec) {
            Ok(frame) => frame,
            Err(refused) => panic!("FrameBuf from a vector: {refused}"),
        }
    }
}

/// An empty frame without storage: no room on either side.
impl Default for FrameBuf {
    fn default() -> Self {
        Self::bare(Body::nothing())
    }
}
