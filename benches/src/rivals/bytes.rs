//! The crate bytes.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::work::frame::Frames;
use crate::work::view::{AcrossThreads, Freezes, MaybeStatic, SharedBytes, Sliceable, Splits};

const NAME: &str = "bytes";

/// A new buffer each time: the crate has no pool.
#[derive(Clone)]
pub struct BytesCrate;

impl SharedBytes for Bytes {
    const NAME: &'static str = NAME;

    /// Counted from the start: a `Bytes` from a `Vec` would begin to count at its first clone only.
    #[inline]
    fn of(bytes: &[u8]) -> Self {
        let first = Self::from(bytes.to_vec());
        drop(first.clone());
        first
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        self
    }
}

impl Sliceable for Bytes {
    #[inline]
    fn part(&self, range: Range<usize>) -> Self {
        self.slice(range)
    }
}

impl AcrossThreads for Bytes {
    type Sent = Self;

    #[inline]
    fn neighbours(bytes: &[u8]) -> [Self; 2] {
        [Self::of(bytes), Self::of(bytes)]
    }

    #[inline]
    fn send(&self) -> Self {
        self.clone()
    }

    #[inline]
    fn arrive(sent: Self) -> Self {
        sent
    }
}

impl Splits for Bytes {
    #[inline]
    fn split_to(&mut self, at: usize) -> Self {
        self.split_to(at)
    }
}

impl MaybeStatic for Bytes {
    #[inline]
    fn of_static(bytes: &'static [u8]) -> Self {
        Self::from_static(bytes)
    }
}

impl Freezes for BytesCrate {
    const NAME: &'static str = NAME;

    type Frozen = Bytes;

    #[inline]
    fn new() -> Self {
        Self
    }

    #[inline]
    fn freeze(&mut self, bytes: &[u8]) -> Bytes {
        let mut buffer = BytesMut::with_capacity(2048);
        buffer.extend_from_slice(bytes);
        buffer.freeze()
    }
}

impl Frames for BytesCrate {
    const NAME: &'static str = NAME;

    type Frame<'a> = BytesMut;

    #[inline]
    fn with_slots(_: usize) -> Self {
        Self
    }

    #[inline]
    fn copy(&mut self, data: &[u8]) -> BytesMut {
        BytesMut::from(data)
    }
}
