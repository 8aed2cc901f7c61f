//! The metadata that travels with a frame.

use crate::FrameBuf;
use crate::body::Body;

impl<M> FrameBuf<M> {
    /// Lets metadata travel with the frame, in place of what travelled so far.
    #[inline]
    #[must_use]
    pub fn with_meta<N>(self, meta: N) -> FrameBuf<N> {
        FrameBuf {
            body: self.drop_meta(),
            meta,
        }
    }

    /// What is left without metadata. That is dropped first of all: its drop may panic, and what a function was about to return is lost then.
    #[inline]
    pub(crate) fn drop_meta(self) -> Body {
        let Self { body, meta } = self;
        drop(meta);
        body
    }

    /// Lets other metadata travel, made of what travelled so far. If `map` panics, the frame's storage is freed.
    #[inline]
    #[must_use]
    pub fn map_meta<N>(self, map: impl FnOnce(M) -> N) -> FrameBuf<N> {
        let (frame, meta) = self.split_meta();
        frame.with_meta(map(meta))
    }

    /// Parts the frame from its metadata.
    #[inline]
    #[must_use]
    pub fn split_meta(self) -> (FrameBuf, M) {
        (FrameBuf::bare(self.body), self.meta)
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
