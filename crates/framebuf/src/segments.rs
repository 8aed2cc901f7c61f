//! Several datagrams in one frame, as the kernel coalesces them on receive (GRO) and takes them apart on send (GSO).

use core::iter::FusedIterator;
use core::slice::{Chunks, ChunksMut};

use crate::FrameBuf;

/// # Segments
///
/// A receive with GRO, and a send with GSO, move several datagrams of one size with one call; the last may be shorter. The size is a number
/// beside the bytes. 0, as the kernel says it of what is not segmented, makes the whole frame one segment. An empty frame has no segments.
///
/// [`SegmentedFrame`](crate::SegmentedFrame) keeps the size with the frame, and fills one for a send.
impl<M> FrameBuf<M> {
    /// The live bytes in segments of `size` bytes, in order; the last may be shorter.
    ///
    /// ```
    /// let received = framebuf::FrameBuf::from(b"onetwothreefour"[..].to_vec());
    /// let datagrams: Vec<&[u8]> = received.segments(4).collect();
    /// assert_eq!(datagrams, [&b"onet"[..], b"woth", b"reef", b"our"]);
    /// ```
    pub fn segments(&self, size: usize) -> Chunks<'_, u8> {
        self.chunks(self.segment_bytes(size))
    }

    /// As [`segments`](Self::segments), to change them in place.
    pub fn segments_mut(&mut self, size: usize) -> ChunksMut<'_, u8> {
        let size = self.segment_bytes(size);
        self.chunks_mut(size)
    }

    /// How many bytes a segment has, when the kernel says `size`.
    pub(crate) fn segment_bytes(&self, size: usize) -> usize {
        if size == 0 { self.len().max(1) } else { size }
    }
}

impl<M: Clone> FrameBuf<M> {
    /// Each segment of `size` bytes a frame of its own, none copied: [parts](#parts) of this one's storage. A single segment is no part, and keeps its rooms.
    ///
    /// What the iterator has not yet given when it is dropped is dropped with it.
    pub fn into_segments(self, size: usize) -> IntoSegments<M> {
        let size = self.segment_bytes(size);
        let rest = Some(self).filter(|frame| !frame.is_empty());
        IntoSegments { rest, size }
    }
}

/// The segments of a frame, each a frame of its own: see [`FrameBuf::into_segments`].
#[derive(Debug)]
pub struct IntoSegments<M = ()> {
    /// Not empty.
    rest: Option<FrameBuf<M>>,
    size: usize,
}

impl<M: Clone> Iterator for IntoSegments<M> {
    type Item = FrameBuf<M>;

    fn next(&mut self) -> Option<FrameBuf<M>> {
        let rest = self.rest.as_mut()?;
        if rest.len() > self.size {
            return rest.split_to(self.size).ok();
        }
        self.rest.take()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let rest = self.rest.as_ref().map_or(0, FrameBuf::len);
        let segments = rest.div_ceil(self.size);
        (segments, Some(segments))
    }
}

impl<M: Clone> ExactSizeIterator for IntoSegments<M> {}

impl<M: Clone> FusedIterator for IntoSegments<M> {}
