//! The frame itself: live bytes between headroom and tailroom.

use core::ops::{Deref, DerefMut, Range};

use crate::body::Body;

/// One owned packet frame: live bytes with room before and behind them, in a pool's slot or in a heap block.
///
/// ```text
///     |<---------------- capacity ---------------->|
///     |  headroom  |   len: the frame  |  tailroom |
///     0          start                end
/// ```
///
/// It dereferences to the live bytes. Headroom and tailroom hold whatever the slot's last owner left, and no safe call makes them live
/// without writing them first, except [`Unfilled`](crate::Unfilled), which says so.
///
/// `M` is metadata of the user's own type that travels with the frame (a port, a timestamp); with the default `()` a frame is at most 24 bytes, and
/// `Option<FrameBuf>` no larger. Dropping it gives the slot back, from any thread.
///
/// Comparing, hashing and borrowing a frame look at the live bytes only.
///
/// A frame has its storage alone, until [`split_to`](Self::split_to) and its like make parts of it, which share the storage
/// and none of its bytes. Of a storage of 1 GiB or more it uses the first 1 GiB less one byte.
///
/// No field is public, so a frame cannot be made up from a slot's number or another's parts:
///
/// ```compile_fail
/// let forged = framebuf::FrameBuf { body: framebuf::FrameBuf::from(vec![0; 64]).body, meta: () };
/// ```
pub struct FrameBuf<M = ()> {
    pub(crate) body: Body,
    pub(crate) meta: M,
}

const _: () = assert!(size_of::<FrameBuf>() <= 24);
const _: () = assert!(size_of::<Option<FrameBuf>>() == size_of::<FrameBuf>());

impl FrameBuf {
    #[inline]
    pub(crate) fn bare(body: Body) -> Self {
        Self { body, meta: () }
    }
}

impl<M> FrameBuf<M> {
    /// How many live bytes the frame has.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Whether the frame has no live bytes.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the bytes lie in a pool's slot.
    #[inline]
    #[must_use]
    pub fn is_pooled(&self) -> bool {
        self.body.keeper().is_slot()
    }

    /// How many bytes of the storage are this frame's: headroom, live bytes and tailroom.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.body.capacity()
    }

    /// How many bytes [`prepend`](Self::prepend) has room for. 0 for a [part](Self::is_part).
    #[inline]
    #[must_use]
    pub fn headroom(&self) -> usize {
        self.body.headroom()
    }

    /// How many bytes [`append`](Self::append) has room for. 0 for a [part](Self::is_part).
    #[inline]
    #[must_use]
    pub fn tailroom(&self) -> usize {
        self.body.tailroom()
    }

    /// Where the live bytes lie among those of the [`capacity`](Self::capacity).
    #[inline]
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        let start = self.headroom();
        start..start + self.len()
    }
}

impl<M> Deref for FrameBuf<M> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.body.bytes()
    }
}

impl<M> DerefMut for FrameBuf<M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        self.body.bytes_mut()
    }
}
