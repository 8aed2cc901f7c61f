//! One frame becomes two in the same storage.

use crate::FrameBuf;
use crate::error::TooShort;

/// # Parts
///
/// Splitting copies nothing. Both sides keep their bytes where they are, in a slot or block that is freed when the last of its
/// parts goes, on whatever thread; each may be changed while others are read and changed elsewhere. In a slot they are counted in the slot's own
/// record and nothing is allocated; the first split of a heap frame allocates one small box.
///
/// A part has no room: `prepend` and `append` refuse, and what is trimmed off is lost to it. Put headers on first, then split; or put them in a
/// frame of their own and make a [`FrameChain`](crate::FrameChain). The last part that lives gets the whole storage back with
/// [`reclaim`](Self::reclaim).
///
/// That holds for the first part and the last one too, though nobody else has the rooms beside them. A program that prepends to parts would
/// otherwise work with the first segment of a receive and fail with the second, and the same frame would have room or not by the place that it was
/// cut from.
///
/// A side without bytes gets no storage, and the other stays what it was, room and all. (Of two without bytes the frame stays what it was.)
///
/// Metadata is cloned, so that both sides have it.
impl<M: Clone> FrameBuf<M> {
    /// Takes the first `at` bytes out as a frame of their own, and keeps the others. ([Parts](#parts) share the storage.)
    ///
    /// # Errors
    ///
    /// [`TooShort`], with nothing changed, if the frame has fewer.
    ///
    /// # Panics
    ///
    /// If a slot has 2^29 parts.
    ///
    /// ```
    /// use framebuf::FrameBuf;
    ///
    /// let pool = pool_core::Pool::builder().slots(4).slot_bytes(2048).build()?;
    /// let mut stream = FrameBuf::from_pool(&pool, b"\x05hello\x05world");
    /// let mut words = Vec::new();
    /// while !stream.is_empty() {
    ///     let len = usize::from(stream[0]);
    ///     stream.trim_front(1)?;
    ///     words.push(stream.split_to(len)?);
    /// }
    /// assert_eq!(words, [b"hello", b"world"]);
    /// assert_eq!(pool.in_use(), 1, "both lie in one slot");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn split_to(&mut self, at: usize) -> Result<Self, TooShort> {
        self.need("split", at)?;
        let meta = self.meta.clone();
        let body = self.body.split_to(at);
        Ok(Self { body, meta })
    }

    /// Takes the bytes from `at` on out as a frame of their own, and keeps those before. ([Parts](#parts) share the storage.)
    ///
    /// # Errors
    ///
    /// [`TooShort`], with nothing changed, if the frame has fewer.
    ///
    /// # Panics
    ///
    /// If a slot has 2^29 parts.
    pub fn split_off(&mut self, at: usize) -> Result<Self, TooShort> {
        self.need("split", at)?;
        let meta = self.meta.clone();
        let body = self.body.split_off(at);
        Ok(Self { body, meta })
    }
}

impl<M> FrameBuf<M> {
    /// Whether the frame is one of several parts of a storage: made by [`split_to`](Self::split_to) or its like, and not
    /// [reclaimed](Self::reclaim) since.
    #[inline]
    #[must_use]
    pub fn is_part(&self) -> bool {
        !self.body.keeper().is_alone()
    }

    /// Gets headroom and tailroom back if no other part of the storage lives any more. Tells whether the frame is alone with its storage now;
    /// always so for a frame that is no [part](Self::is_part).
    ///
    /// Other threads may drop the last other part right after this said no.
    pub fn reclaim(&mut self) -> bool {
        self.body.reclaim()
    }
}
