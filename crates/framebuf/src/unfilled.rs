//! The step between an empty tailroom and a frame that something outside has filled.

use core::fmt;

use crate::error::{FillError, NoRoom};
use crate::{FrameBuf, SegmentedFrame};

/// A frame whose tailroom is about to be filled by a `recv`-like call: not yet readable as a frame.
///
/// Made by [`FrameBuf::unfilled`]. Nothing is zeroed: the room holds initialised bytes, those that the storage's last user left unless
/// the pool [scrubs](pool_core::Scrub). What the call says it has written becomes live, so a call that lies makes such bytes
/// readable; it can never make a byte outside the room readable.
///
/// ```
/// use std::io::Read;
/// use framebuf::FrameBuf;
///
/// let pool = pool_core::Pool::builder().slots(4).slot_bytes(2048).build()?;
/// let mut socket: &[u8] = b"a datagram"; // anything with `read`
/// let frame = FrameBuf::with_headroom(&pool, 14).expect("four slots are free");
/// let frame = frame.unfilled().fill_with(|room| socket.read(room)).map_err(|(why, _room)| why)?;
/// assert_eq!(frame, b"a datagram");
/// assert_eq!(frame.headroom(), 14);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Unfilled<M = ()> {
    frame: FrameBuf<M>,
}

impl<M> Unfilled<M> {
    #[inline]
    pub(crate) fn new(frame: FrameBuf<M>) -> Self {
        Self { frame }
    }

    /// The bytes to fill: the frame's whole tailroom.
    #[inline]
    pub fn room(&mut self) -> &mut [u8] {
        self.frame.body.tail_mut()
    }

    /// Lets `call` fill the room, and makes live as many bytes from its front as `call` says it has written, behind those
    /// the frame has already. 0 is fine.
    ///
    /// # Errors
    ///
    /// With the room, to try again: what `call` failed with, or that it claims to have written more than the room holds. Nothing
    /// is live then that was not before. If `call` panics, the storage is freed.
    #[inline]
    pub fn fill_with<E>(
        mut self,
        call: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<FrameBuf<M>, (FillError<E>, Self)> {
        match call(self.room()) {
            Ok(written) => self
                .filled(written)
                .map_err(|(why, room)| (FillError::claim(why), room)),
            Err(why) => Err((FillError::call(why), self)),
        }
    }

    /// As [`fill_with`](Self::fill_with), for a receive with GRO: `call` says how many bytes it has written, and how many each
    /// [segment](FrameBuf#segments) has, or 0 if it is one. Segments are counted from the frame's first live byte: begin with an empty frame.
    ///
    /// ```
    /// # use framebuf::FrameBuf;
    /// # let pool = pool_core::Pool::builder().slots(4).slot_bytes(2048).build()?;
    /// # let recvmsg = |room: &mut [u8]| { room[..10].copy_from_slice(b"abcdefghij"); std::io::Result::Ok((10, 4)) };
    /// let frame = FrameBuf::with_headroom(&pool, 0).expect("four slots are free");
    /// let received = frame.unfilled().fill_segments_with(recvmsg).map_err(|(why, _)| why)?;
    /// let datagrams: Vec<FrameBuf> = received.into_iter().collect(); // three frames in one slot
    /// assert_eq!(datagrams, [&b"abcd"[..], b"efgh", b"ij"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`fill_with`](Self::fill_with).
    #[inline]
    pub fn fill_segments_with<E>(
        self,
        call: impl FnOnce(&mut [u8]) -> Result<(usize, usize), E>,
    ) -> Result<SegmentedFrame<M>, (FillError<E>, Self)> {
        let mut segment_bytes = 0;
        let frame = self.fill_with(|room| {
            let (written, said) = call(room)?;
            segment_bytes = said;
            Ok(written)
        })?;
        Ok(frame.segmented(segment_bytes))
    }

    /// Makes live the first `written` bytes of the [`room`](Self::room), behind those the frame has already.
    ///
    /// # Errors
    ///
    /// Gives the room back if it has fewer bytes.
    #[inline]
    pub fn filled(mut self, written: usize) -> Result<FrameBuf<M>, (NoRoom, Self)> {
        match self.frame.body.grow_back(written) {
            Ok(()) => Ok(self.frame),
            Err(why) => Err((why, self)),
        }
    }

    /// The frame as it was, with nothing added.
    #[inline]
    #[must_use]
    pub fn cancel(self) -> FrameBuf<M> {
        self.frame
    }
}

/// Never prints the bytes.
impl<M> fmt::Debug for Unfilled<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unfilled")
            .field("room", &self.frame.tailroom())
            .finish_non_exhaustive()
    }
}
