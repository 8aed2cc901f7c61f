//! A packet in several frames: what is larger than a slot, or was put together from pieces that stay where they are.

mod buf;
mod edit;
#[cfg(feature = "std")]
mod io;
mod linearize;
mod unfilled;

use alloc::collections::VecDeque;
use alloc::collections::vec_deque;
use core::fmt;

use crate::FrameBuf;
pub use unfilled::UnfilledChain;

/// One packet whose bytes lie in several frames, one behind the other.
///
/// Putting one together moves frames, never their bytes. It is read as a whole through [`bytes::Buf`], goes to the kernel as `IoSlice`s
/// ([`io_slices`](Self::io_slices), or [`Buf::chunks_vectored`](bytes::Buf::chunks_vectored)), and becomes one frame with [`linearize`](Self::linearize).
///
/// ```
/// use bytes::Buf;
/// use framebuf::{FrameBuf, FrameChain};
///
/// let pool = pool_core::Pool::builder().slots(8).slot_bytes(2048).build()?;
/// let payload = FrameChain::try_from_pool(&pool, &[7; 9000])?;      // five slots
/// let mut packet = FrameChain::from(FrameBuf::from_pool(&pool, b"header"));
/// packet.extend(payload);
/// assert_eq!((packet.len(), packet.frame_count()), (9006, 6));
/// packet.advance(6 + 2048);
/// assert_eq!(pool.in_use(), 4, "what was consumed is home");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `M` is metadata of the whole packet; the frames have none of their own. The list of frames is on the heap: [`with_capacity`](Self::with_capacity)
/// takes it at once, and it is kept while frames come and go.
///
/// - **CHAIN-1** `len` is the sum of the frames' lengths.
pub struct FrameChain<M = ()> {
    frames: VecDeque<FrameBuf>,
    len: usize,
    meta: M,
}

impl FrameChain {
    /// Without frames and without a list of them.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// Without frames, with a list that takes so many without growing.
    #[must_use]
    pub fn with_capacity(frames: usize) -> Self {
        Self {
            frames: VecDeque::with_capacity(frames),
            len: 0,
            meta: (),
        }
    }
}

impl<M> FrameChain<M> {
    /// How many live bytes the frames have together.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no frame has a live byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many frames there are, those without bytes included.
    #[must_use]
    pub fn frame_count(&self) -> usize {
        self.frames.len()
    }

    /// The frames, in order.
    pub fn frames(&self) -> impl DoubleEndedIterator<Item = &FrameBuf> + ExactSizeIterator {
        self.frames.iter()
    }

    /// The bytes, frame by frame, without the frames that have none.
    fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let chunks = self.frames.iter().map(|frame| &**frame);
        chunks.filter(|chunk| !chunk.is_empty())
    }

    /// Puts a frame behind the others. Its rooms stay: those of the first and the last are the chain's.
    pub fn push_back(&mut self, frame: FrameBuf) {
        self.len += frame.len();
        self.frames.push_back(frame);
    }

    /// Puts a frame before the others: headers, say.
    pub fn push_front(&mut self, frame: FrameBuf) {
        self.len += frame.len();
        self.frames.push_front(frame);
    }

    /// Takes the first frame out.
    pub fn pop_front(&mut self) -> Option<FrameBuf> {
        let frame = self.frames.pop_front()?;
        self.len -= frame.len();
        Some(frame)
    }

    /// Takes the last frame out.
    pub fn pop_back(&mut self) -> Option<FrameBuf> {
        let frame = self.frames.pop_back()?;
        self.len -= frame.len();
        Some(frame)
    }

    /// Lets metadata travel with the chain, in place of what travelled so far.
    #[must_use]
    pub fn with_meta<N>(self, meta: N) -> FrameChain<N> {
        let (bare, before) = self.split_meta();
        // First of all: its drop may panic, and what a function was about to return is lost then.
        drop(before);
        FrameChain {
            frames: bare.frames,
            len: bare.len,
            meta,
        }
    }

    /// Parts the chain from its metadata.
    #[must_use]
    pub fn split_meta(self) -> (FrameChain, M) {
        let bare = FrameChain {
            frames: self.frames,
            len: self.len,
            meta: (),
        };
        (bare, self.meta)
    }

    /// The metadata.
    pub fn meta(&self) -> &M {
        &self.meta
    }

    /// The metadata, to change it.
    pub fn meta_mut(&mut self) -> &mut M {
        &mut self.meta
    }

    /// Whether the chain has exactly these bytes.
    fn has_bytes(&self, mut bytes: &[u8]) -> bool {
        self.len == bytes.len()
            && self.chunks().all(|chunk| {
                let (front, rest) = bytes.split_at(chunk.len());
                bytes = rest;
                chunk == front
            })
    }
}

impl Default for FrameChain {
    fn default() -> Self {
        Self::new()
    }
}

/// A chain of one frame, with the frame's metadata.
impl<M> From<FrameBuf<M>> for FrameChain<M> {
    fn from(frame: FrameBuf<M>) -> Self {
        let (frame, meta) = frame.split_meta();
        FrameChain::from_iter([frame]).with_meta(meta)
    }
}

impl FromIterator<FrameBuf> for FrameChain {
    fn from_iter<I: IntoIterator<Item = FrameBuf>>(frames: I) -> Self {
        let frames = VecDeque::from_iter(frames);
        Self {
            len: frames.iter().map(FrameBuf::len).sum(),
            frames,
            meta: (),
        }
    }
}

/// Puts frames, or those of another chain, behind the others.
impl<M> Extend<FrameBuf> for FrameChain<M> {
    fn extend<I: IntoIterator<Item = FrameBuf>>(&mut self, frames: I) {
        let frames = frames.into_iter();
        self.frames.reserve(frames.size_hint().0);
        frames.for_each(|frame| self.push_back(frame));
    }
}

/// The frames, in order. The metadata is dropped.
impl<M> IntoIterator for FrameChain<M> {
    type Item = FrameBuf;
    type IntoIter = vec_deque::IntoIter<FrameBuf>;

    fn into_iter(self) -> Self::IntoIter {
        self.with_meta(()).frames.into_iter()
    }
}

impl<M> PartialEq<[u8]> for FrameChain<M> {
    fn eq(&self, other: &[u8]) -> bool {
        self.has_bytes(other)
    }
}

impl<M> PartialEq<&[u8]> for FrameChain<M> {
    fn eq(&self, other: &&[u8]) -> bool {
        self.has_bytes(other)
    }
}

impl<M, const N: usize> PartialEq<[u8; N]> for FrameChain<M> {
    fn eq(&self, other: &[u8; N]) -> bool {
        self.has_bytes(other)
    }
}

impl<M, const N: usize> PartialEq<&[u8; N]> for FrameChain<M> {
    fn eq(&self, other: &&[u8; N]) -> bool {
        self.has_bytes(*other)
    }
}

/// Never prints the bytes.
impl<M> fmt::Debug for FrameChain<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameChain")
            .field("len", &self.len)
            .field("frames", &self.frames.len())
            .finish_non_exhaustive()
    }
}
