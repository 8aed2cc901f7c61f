//! A frame of segments that knows their size: what a GRO receive gives, and what a GSO send takes.

use core::fmt;
use core::ops::Deref;
use core::slice::{Chunks, ChunksMut};

use crate::error::{NoRoom, SegmentError, SegmentErrorKind};
use crate::{FrameBuf, IntoSegments};

/// A frame with the size of its [segments](FrameBuf#segments): each but the last has so many bytes, and the last no more.
///
/// Filling one for a send with GSO:
///
/// ```
/// use framebuf::FrameBuf;
///
/// let pool = pool_core::Pool::builder().slots(4).slot_bytes(65_536).build()?;
/// let frame = FrameBuf::with_headroom(&pool, 0).expect("four slots are free");
/// let mut datagrams = frame.segmented(1200);
/// datagrams.push(&[1; 1200])?;
/// datagrams.push(&[2; 1200])?;
/// datagrams.push(&[3; 100])?;             // a short one is the last
/// assert!(datagrams.push(&[4; 1]).is_err());
/// assert_eq!((datagrams.segment_count(), datagrams.len()), (3, 2500));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The socket option `UDP_SEGMENT` takes [`segment_bytes`](Self::segment_bytes), one send the live bytes. How many segments, and how many bytes in all, one call may have is
/// the kernel's to say (Linux: 64 or 128, and a datagram's 65 507).
pub struct SegmentedFrame<M = ()> {
    frame: FrameBuf<M>,
    segment_bytes: usize,
}

impl<M> FrameBuf<M> {
    /// Keeps the size of the frame's [segments](#segments) with it. 0 stands for the frame's length: one segment.
    #[must_use]
    pub fn segmented(self, segment_bytes: usize) -> SegmentedFrame<M> {
        let segment_bytes = self.segment_bytes(segment_bytes);
        SegmentedFrame {
            frame: self,
            segment_bytes,
        }
    }
}

impl<M> SegmentedFrame<M> {
    /// How many bytes each segment but the last has. At least 1.
    #[must_use]
    pub fn segment_bytes(&self) -> usize {
        self.segment_bytes
    }

    /// How many segments there are.
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.frame.len().div_ceil(self.segment_bytes)
    }

    /// The segments, in order.
    pub fn segments(&self) -> Chunks<'_, u8> {
        self.frame.segments(self.segment_bytes)
    }

    /// The segments, to change them in place.
    pub fn segments_mut(&mut self) -> ChunksMut<'_, u8> {
        self.frame.segments_mut(self.segment_bytes)
    }

    /// Copies `segment` behind the others.
    ///
    /// # Errors
    ///
    /// [`SegmentError`], with nothing changed, if `segment` is empty or larger than a segment is, if the one before is shorter and so the last, or if the
    /// tailroom is smaller.
    pub fn push(&mut self, segment: &[u8]) -> Result<(), SegmentError> {
        self.admit(segment.len())?;
        self.frame.append(segment).map_err(no_room)
    }

    /// Lets `write` write a segment in place, into as much room as a segment may have and the frame has left, and makes live as many bytes from its front as `write`
    /// says.
    ///
    /// The room holds initialised bytes, those that the storage's last user left, as for [`Unfilled`](crate::Unfilled).
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push): before `write` is called if the segment before is the last or no room is left, after it if it says 0, or more than it was given.
    pub fn push_with(
        &mut self,
        write: impl FnOnce(&mut [u8]) -> usize,
    ) -> Result<(), SegmentError> {
        self.admit(1)?;
        let tail = self.frame.body.tail_mut();
        let room = tail.len().min(self.segment_bytes);
        if room == 0 {
            return self.frame.body.grow_back(1).map_err(no_room);
        }
        let written = write(&mut tail[..room]);
        self.admit(written)?;
        self.frame.body.grow_back(written).map_err(no_room)
    }

    /// Refuses what cannot be the next segment, whatever the room.
    fn admit(&self, bytes: usize) -> Result<(), SegmentError> {
        let last = self.frame.len() % self.segment_bytes;
        if last != 0 {
            return Err(SegmentErrorKind::Ended {
                last,
                full: self.segment_bytes,
            }
            .into());
        }
        if bytes == 0 || bytes > self.segment_bytes {
            return Err(SegmentErrorKind::Size {
                bytes,
                bound: self.segment_bytes,
            }
            .into());
        }
        Ok(())
    }

    /// The frame, to look at.
    pub fn frame(&self) -> &FrameBuf<M> {
        &self.frame
    }

    /// The frame alone.
    #[must_use]
    pub fn into_frame(self) -> FrameBuf<M> {
        self.frame
    }
}

#[cold]
fn no_room(why: NoRoom) -> SegmentError {
    SegmentErrorKind::NoRoom(why).into()
}

/// All segments, one behind the other.
impl<M> Deref for SegmentedFrame<M> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.frame
    }
}

/// As [`FrameBuf::into_segments`].
impl<M: Clone> IntoIterator for SegmentedFrame<M> {
    type Item = FrameBuf<M>;
    type IntoIter = IntoSegments<M>;

    fn into_iter(self) -> IntoSegments<M> {
        self.frame.into_segments(self.segment_bytes)
    }
}

/// Never prints the bytes.
impl<M> fmt::Debug for SegmentedFrame<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentedFrame")
            .field("segment_bytes", &self.segment_bytes)
            .field("frame", &self.frame)
            .finish()
    }
}
