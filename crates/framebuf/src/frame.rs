//! The frame itself: live bytes between headroom and tailroom.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut, Range};

use bytes::Bytes;
use pool_core::{Lease, Pool};

use crate::error::{BadRange, FrameError, NoRoom, TooShort, VecTooLarge};
use crate::heap_block::HeapBlock;
use crate::storage::{Owner, Storage};
use crate::unfilled::Unfilled;

/// Most bytes of a slot that a frame reaches: positions are 32 bits wide.
const MAX_CAPACITY: usize = u32::MAX as usize;

/// One owned packet frame: live bytes with room before and behind them, in a pool's slot or in a heap block.
///
/// ```text
///     |<---------------- capacity ---------------->|
///     |  headroom  |   len: the frame  |  tailroom |
///     0          start                end
/// ```
///
/// It dereferences to the live bytes. Headroom and tailroom hold whatever the slot's last owner left, and no safe call makes them live
/// without writing them first, except [`Unfilled`], which says so.
///
/// `M` is metadata of the user's own type that travels with the frame (a port, a timestamp); with the default `()` a frame is at most 24 bytes, and
/// `Option<FrameBuf>` no larger. Dropping it gives the slot back, from any thread.
///
/// Comparing, hashing and borrowing a frame look at the live bytes only.
///
/// - **FRAME-1** `start <= end <= capacity()`.
///
/// No field is public, so a frame cannot be made up from a slot's number or another's parts:
///
/// ```compile_fail
/// let forged = framebuf::FrameBuf { start: 0, end: 64, ..framebuf::FrameBuf::from(vec![0; 64]) };
/// ```
pub struct FrameBuf<M = ()> {
    storage: Storage,
    start: u32,
    end: u32,
    meta: M,
}

const _: () = assert!(size_of::<FrameBuf>() <= 24);
const _: () = assert!(size_of::<Option<FrameBuf>>() == size_of::<FrameBuf>());

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
    /// If `data` has more than `u32::MAX` bytes.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn from_pool(pool: &Pool, data: &[u8]) -> Self {
        match Self::try_from_pool(pool, data) {
            Ok(frame) => frame,
            Err(_) => Self::fall_back_to_heap(pool, data),
        }
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
        let bound = pool.slot_bytes().min(MAX_CAPACITY);
        if data.len() > bound {
            return Err(FrameError::too_large(data.len(), bound));
        }
        let mut lease = pool.try_alloc()?;
        lease[..data.len()].copy_from_slice(data);
        Ok(Self::in_slot(lease, 0, data.len()))
    }

    #[cold]
    fn fall_back_to_heap(pool: &Pool, data: &[u8]) -> Self {
        pool.count_fallback(data.len());
        Self::from(data.to_vec())
    }

    /// An empty frame in a slot of `pool`, with `headroom` bytes before it for headers to come.
    ///
    /// `None` if the pool is exhausted or closed, or `headroom` is larger than a slot.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn with_headroom(pool: &Pool, headroom: usize) -> Option<Self> {
        if headroom > pool.slot_bytes().min(MAX_CAPACITY) {
            return None;
        }
        let lease = pool.alloc()?;
        Some(Self::in_slot(lease, headroom, headroom))
    }

    /// Makes a frame of a lease whose bytes in `range` are live; what lies before and behind becomes headroom and tailroom.
    ///
    /// Copies nothing. The bytes of `range` are taken as they are: with a slot fresh from its pool, they are the last owner's.
    ///
    /// # Errors
    ///
    /// [`BadRange`], which holds the lease, if the range does not ascend, or ends behind the slot or behind `u32::MAX`.
    pub fn from_lease(lease: Lease, range: Range<usize>) -> Result<Self, BadRange> {
        let bound = lease.len().min(MAX_CAPACITY);
        if range.start > range.end || range.end > bound {
            return Err(BadRange::new(lease, range, bound));
        }
        Ok(Self::in_slot(lease, range.start, range.end))
    }

    #[inline]
    fn in_slot(lease: Lease, start: usize, end: usize) -> Self {
        Self {
            storage: Storage::of_slot(lease),
            start: narrow(start),
            end: narrow(end),
            meta: (),
        }
    }

    /// Makes a frame of a vector's memory, without copying or allocating: no headroom, the spare capacity as tailroom.
    ///
    /// Cost: the spare capacity is overwritten with zeros, once, because a vector may leave it uninitialised; a vector without spare
    /// capacity (`vec![..]`, `to_vec`) costs nothing.
    ///
    /// # Errors
    ///
    /// [`VecTooLarge`], which holds the vector, if its capacity is more than `u32::MAX` bytes.
    pub fn try_from_vec(vec: Vec<u8>) -> Result<Self, VecTooLarge> {
        match HeapBlock::from_vec(vec) {
            Ok((block, end)) => Ok(Self {
                storage: Storage::of_block(block),
                start: 0,
                end,
                meta: (),
            }),
            Err(vec) => Err(VecTooLarge::new(vec)),
        }
    }
}

impl<M> FrameBuf<M> {
    /// How many live bytes the frame has.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether the frame has no live bytes.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether the bytes lie in a pool's slot.
    #[inline]
    #[must_use]
    pub fn is_pooled(&self) -> bool {
        self.storage.is_slot()
    }

    /// How many bytes the storage has: headroom, live bytes and tailroom. Of a slot, at most the first `u32::MAX` are used.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.storage.bytes().len().min(MAX_CAPACITY)
    }

    /// How many bytes [`prepend`](Self::prepend) has room for.
    #[inline]
    #[must_use]
    pub fn headroom(&self) -> usize {
        self.start as usize
    }

    /// How many bytes [`append`](Self::append) has room for.
    #[inline]
    #[must_use]
    pub fn tailroom(&self) -> usize {
        self.capacity() - self.end as usize
    }

    /// Where the live bytes lie in the storage.
    #[inline]
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Copies `bytes` before the frame.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], with nothing changed, if the headroom is smaller.
    #[inline]
    pub fn prepend(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        let old = self.headroom();
        let Some(new) = old.checked_sub(bytes.len()) else {
            return Err(NoRoom::new("headroom", bytes.len(), old));
        };
        self.storage.bytes_mut()[new..old].copy_from_slice(bytes);
        self.start = narrow(new);
        Ok(())
    }

    /// Copies `bytes` behind the frame.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], with nothing changed, if the tailroom is smaller.
    #[inline]
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        let tail = self.tail_mut();
        let Some(room) = tail.get_mut(..bytes.len()) else {
            return Err(NoRoom::new("tailroom", bytes.len(), tail.len()));
        };
        room.copy_from_slice(bytes);
        self.end += narrow(bytes.len());
        Ok(())
    }

    /// Takes `n` bytes off the front; they become headroom.
    ///
    /// # Errors
    ///
    /// [`TooShort`], with nothing changed, if the frame has fewer.
    #[inline]
    pub fn trim_front(&mut self, n: usize) -> Result<(), TooShort> {
        if n > self.len() {
            return Err(TooShort::new(n, self.len()));
        }
        self.start += narrow(n);
        Ok(())
    }

    /// Takes `n` bytes off the back; they become tailroom.
    ///
    /// # Errors
    ///
    /// [`TooShort`], with nothing changed, if the frame has fewer.
    #[inline]
    pub fn trim_back(&mut self, n: usize) -> Result<(), TooShort> {
        if n > self.len() {
            return Err(TooShort::new(n, self.len()));
        }
        self.end -= narrow(n);
        Ok(())
    }

    /// Keeps the first `len` bytes; nothing happens if the frame is not longer.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.end = self.start + narrow(len);
        }
    }

    /// Removes all live bytes. The headroom stays what it is; [`reset`](Self::reset) chooses a new one.
    #[inline]
    pub fn clear(&mut self) {
        self.end = self.start;
    }

    /// Removes all live bytes and sets the headroom, to use the same storage for another frame.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], with nothing changed, if `headroom` is more than the capacity.
    pub fn reset(&mut self, headroom: usize) -> Result<(), NoRoom> {
        if headroom > self.capacity() {
            return Err(NoRoom::new("capacity", headroom, self.capacity()));
        }
        self.start = narrow(headroom);
        self.end = self.start;
        Ok(())
    }

    /// The step before bytes arrive from outside: hands the tailroom to a `recv`-like call, without zeroing it.
    #[inline]
    #[must_use]
    pub fn unfilled(self) -> Unfilled<M> {
        Unfilled::new(self)
    }

    /// The tailroom's bytes: initialised, and whatever the storage's last user left.
    #[inline]
    pub(crate) fn tail_mut(&mut self) -> &mut [u8] {
        let (end, capacity) = (self.end as usize, self.capacity());
        &mut self.storage.bytes_mut()[end..capacity]
    }

    /// Makes `n` bytes of the tailroom live, as they are.
    #[inline]
    pub(crate) fn grow_back(&mut self, n: usize) -> Result<(), NoRoom> {
        if n > self.tailroom() {
            return Err(NoRoom::new("tailroom", n, self.tailroom()));
        }
        self.end += narrow(n);
        Ok(())
    }

    /// Lowers a pooled frame to its lease and the range of its live bytes. The metadata is dropped.
    ///
    /// # Errors
    ///
    /// Gives the frame back if its bytes lie on the heap: see [`into_vec`](Self::into_vec).
    pub fn into_lease(self) -> Result<(Lease, Range<usize>), Self> {
        let range = self.range();
        if !self.storage.is_slot() {
            return Err(self);
        }
        match self.storage.into_owner() {
            Owner::Slot(lease) => Ok((lease, range)),
            Owner::Block(_) => unreachable!("asked above"),
        }
    }

    /// Lowers a heap frame to its vector, without a copy, and the range of its live bytes. The vector is as long as the frame's
    /// capacity. The metadata is dropped.
    ///
    /// # Errors
    ///
    /// Gives the frame back if its bytes lie in a pool's slot: see [`into_lease`](Self::into_lease).
    pub fn into_vec(self) -> Result<(Vec<u8>, Range<usize>), Self> {
        let range = self.range();
        if self.storage.is_slot() {
            return Err(self);
        }
        match self.storage.into_owner() {
            Owner::Block(block) => Ok((block.into_vec(), range)),
            Owner::Slot(_) => unreachable!("asked above"),
        }
    }

    /// Turns the frame into [`Bytes`] of the same memory: no byte is copied, and one small box is allocated. The slot
    /// comes home when the last clone of the `Bytes` is dropped.
    #[must_use]
    pub fn into_bytes(self) -> Bytes
    where
        M: Send + 'static,
    {
        Bytes::from_owner(self)
    }

    /// Lets metadata travel with the frame, in place of what travelled so far.
    #[inline]
    #[must_use]
    pub fn with_meta<N>(self, meta: N) -> FrameBuf<N> {
        FrameBuf {
            storage: self.storage,
            start: self.start,
            end: self.end,
            meta,
        }
    }

    /// Parts the frame from its metadata.
    #[inline]
    #[must_use]
    pub fn split_meta(self) -> (FrameBuf, M) {
        let bare = FrameBuf {
            storage: self.storage,
            start: self.start,
            end: self.end,
            meta: (),
        };
        (bare, self.meta)
    }

    /// The metadata.
    #[inline]
    pub fn meta(&self) -> &M {
        &self.meta
    }

    /// The metadata, to change it.
    #[inline]
    pub fn meta_mut(&mut self) -> &mut M {
        &mut self.meta
    }
}

/// A position or length within a capacity (FRAME-1), which fits 32 bits.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "positions are checked against MAX_CAPACITY where they enter"
)]
fn narrow(position: usize) -> u32 {
    debug_assert!(position <= MAX_CAPACITY, "position {position}");
    position as u32
}

impl From<Vec<u8>> for FrameBuf {
    /// As [`FrameBuf::try_from_vec`].
    ///
    /// # Panics
    ///
    /// If the capacity is more than `u32::MAX` bytes.
    fn from(vec: Vec<u8>) -> Self {
        match Self::try_from_vec(vec) {
            Ok(frame) => frame,
            Err(refused) => panic!("FrameBuf from a vector: {refused}"),
        }
    }
}

impl<M: Send + 'static> From<FrameBuf<M>> for Bytes {
    fn from(frame: FrameBuf<M>) -> Self {
        frame.into_bytes()
    }
}

impl<M> Deref for FrameBuf<M> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.storage.bytes()[self.range()]
    }
}

impl<M> DerefMut for FrameBuf<M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        let live = self.range();
        &mut self.storage.bytes_mut()[live]
    }
}
