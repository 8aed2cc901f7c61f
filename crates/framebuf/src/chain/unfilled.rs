//! The step between empty slots and a chain that something outside has filled.

use alloc::collections::VecDeque;
use core::fmt;

use pool_core::Pool;

use super::FrameChain;
use crate::FrameBuf;
use crate::body::reach;
use crate::error::NoRoom;

/// Empty slots that are about to be filled by one vectored, `readv`-like call: not yet readable as a chain.
///
/// As [`Unfilled`](crate::Unfilled), for packets that are larger than a slot: nothing is zeroed, and a call that lies about what it wrote makes bytes readable that
/// the slots' last users left.
///
/// ```
/// use std::io::Read;
/// use framebuf::UnfilledChain;
///
/// let pool = pool_core::Pool::builder().slots(8).slot_bytes(2048).build()?;
/// let mut socket: &[u8] = &[7; 3000]; // anything with `read_vectored`
/// let room = UnfilledChain::from_pool(&pool, 64, 9000).expect("eight slots are free");
/// let packet = room.fill_with(|rooms| socket.read_vectored(rooms)).map_err(|(why, _room)| why)?;
/// assert_eq!((packet.len(), packet.frame_count()), (3000, 2));
/// assert_eq!(pool.in_use(), 2, "what was not needed is home");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UnfilledChain {
    frames: VecDeque<FrameBuf>,
    room: usize,
}

impl UnfilledChain {
    /// Takes as many slots as have room for `bytes` behind `headroom`, which the first one keeps for headers to come.
    ///
    /// `None`, with every slot home again, if the pool has not that many or is closed, or `headroom` is larger than a slot. Allocates the list of frames and
    /// nothing else.
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn from_pool(pool: &Pool, headroom: usize, bytes: usize) -> Option<Self> {
        let needed = bytes
            .checked_add(headroom)?
            .div_ceil(reach(pool.slot_bytes()))
            .max(1);
        if needed > pool.capacity() {
            return None;
        }
        let mut frames = VecDeque::with_capacity(needed);
        frames.push_back(FrameBuf::with_headroom(pool, headroom)?);
        while frames.len() < needed {
            frames.push_back(FrameBuf::with_headroom(pool, 0)?);
        }
        let room = frames.iter().map(FrameBuf::tailroom).sum();
        Some(Self { frames, room })
    }

    /// How many bytes there are to fill: as many as were asked for, or the rest of the last slot more.
    #[must_use]
    pub fn room(&self) -> usize {
        self.room
    }

    /// The bytes to fill, slot by slot, in the order in which they will be read. A slot without room is left out.
    pub fn rooms_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let rooms = self.frames.iter_mut().map(|frame| frame.body.tail_mut());
        rooms.filter(|room| !room.is_empty())
    }

    /// Makes live the first `written` bytes of the [rooms](Self::rooms_mut). Slots that none of them lies in go home, but for the first.
    ///
    /// # Errors
    ///
    /// Gives the room back if it has fewer bytes.
    pub fn filled(self, written: usize) -> Result<FrameChain, (NoRoom, Self)> {
        if written > self.room {
            return Err((NoRoom::new("tailroom", written, self.room), self));
        }
        let mut chain = FrameChain::with_capacity(0);
        chain.frames = self.frames;
        for frame in &mut chain.frames {
            chain.len += frame.body.grow_back_up_to(written - chain.len);
        }
        while chain.frames.len() > 1 && chain.frames.back().is_some_and(FrameBuf::is_empty) {
            chain.frames.pop_back();
        }
        Ok(chain)
    }
}

/// Never prints the bytes.
impl fmt::Debug for UnfilledChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnfilledChain")
            .field("room", &self.room)
            .field("frames", &self.frames.len())
            .finish_non_exhaustive()
    }
}
