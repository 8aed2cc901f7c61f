//! Between one run of bytes and a chain: these two copy, and their names say so.

use alloc::vec::Vec;

use pool_core::Pool;

use super::FrameChain;
use crate::FrameBuf;
use crate::body::reach;
use crate::error::FrameError;

impl FrameChain {
    /// Copies `data` into as many slots of `pool` as it needs. The first frame has no headroom: [`prepend`](Self::prepend) needs a frame
    /// [before](Self::push_front) it.
    ///
    /// Allocates nothing but the list of frames.
    ///
    /// # Errors
    ///
    /// [`FrameError`], with every slot home again, if the pool has not that many (another thread may give one back before the caller sees it) or is closed.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn try_from_pool(pool: &Pool, data: &[u8]) -> Result<Self, FrameError> {
        let pieces = data.chunks(reach(pool.slot_bytes()));
        let mut chain = Self::with_capacity(pieces.len());
        for piece in pieces {
            chain.push_back(FrameBuf::try_from_pool(pool, piece)?);
        }
        Ok(chain)
    }
}

impl<M> FrameChain<M> {
    /// Makes one frame of the chain. Never fails.
    ///
    /// A single frame is given as it is. Several are copied, once, into a slot of `pool`, or onto the heap if it has none or too small ones, which is
    /// counted in the pool's [`fallbacks`](pool_core::PoolStats::fallbacks). In a slot, the copy has as much of the first frame's headroom as fits; on the heap, none.
    ///
    /// # Panics
    ///
    /// If the chain has 1 GiB or more.
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn linearize(self, pool: &Pool) -> FrameBuf<M> {
        match self.try_linearize(pool) {
            Ok(frame) => frame,
            Err((_, chain)) => chain.linearize_on_heap(pool),
        }
    }

    /// As [`linearize`](Self::linearize), without the heap. Allocates nothing.
    ///
    /// # Errors
    ///
    /// [`FrameError`], and the chain as it was: it is larger than a slot, or the pool is exhausted or closed.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn try_linearize(mut self, pool: &Pool) -> Result<FrameBuf<M>, (FrameError, Self)> {
        if self.frames.len() == 1 {
            if let Some(frame) = self.frames.pop_front() {
                return Ok(frame.with_meta(self.meta));
            }
        }
        let bound = reach(pool.slot_bytes());
        let Some(spare) = bound.checked_sub(self.len) else {
            return Err((FrameError::too_large(self.len, bound), self));
        };
        let mut lease = match pool.try_alloc() {
            Ok(lease) => lease,
            Err(why) => return Err((why.into(), self)),
        };
        let headroom = self.frames.front().map_or(0, FrameBuf::headroom).min(spare);
        let mut end = headroom;
        for chunk in self.chunks() {
            lease[end..end + chunk.len()].copy_from_slice(chunk);
            end += chunk.len();
        }
        match FrameBuf::from_lease(lease, headroom..end) {
            Ok(frame) => Ok(frame.with_meta(self.into_meta())),
            Err(why) => unreachable!("headroom and chain fit the slot: {why}"),
        }
    }

    #[cold]
    fn linearize_on_heap(self, pool: &Pool) -> FrameBuf<M> {
        pool.count_fallback(self.len);
        let mut bytes = Vec::with_capacity(self.len);
        self.chunks()
            .for_each(|chunk| bytes.extend_from_slice(chunk));
        FrameBuf::from(bytes).with_meta(self.into_meta())
    }

    /// What is left without the frames. They go before anything is the answer: who is woken by a slot that comes home may panic.
    fn into_meta(self) -> M {
        drop(self.frames);
        self.meta
    }
}
