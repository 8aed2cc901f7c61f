//! Making a chain shorter, and several of one. No byte is copied; a segment that lies across the cut is sliced.

use core::mem;
use core::ops::RangeBounds;

use crate::bounds::{check_position, refuse, resolve};
use crate::error::OutOfRange;

use super::ViewChain;

impl ViewChain {
    /// A chain of a part of the bytes. Cost: one clone for each segment that it touches, and the list.
    ///
    /// # Panics
    ///
    /// If the range does not lie in `0..len`; [`try_slice`](Self::try_slice) does not.
    #[must_use]
    #[track_caller]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        match self.try_slice(range) {
            Ok(chain) => chain,
            Err(error) => refuse(error),
        }
    }

    /// A chain of a part of the bytes, or why there is none.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if the range does not lie in `0..len`.
    pub fn try_slice(&self, range: impl RangeBounds<usize>) -> Result<Self, OutOfRange> {
        let range = resolve(&range, self.len)?;
        let mut slice = Self::new();
        let mut start = 0;
        for segment in &self.segments {
            let end = start + segment.len();
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from < to {
                slice.push(segment.slice(from - start..to - start));
            }
            start = end;
        }
        Ok(slice)
    }

    /// Cuts off and returns the first `at` bytes; this chain keeps the rest.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[must_use = "to drop the first bytes, use `advance`"]
    #[track_caller]
    pub fn split_to(&mut self, at: usize) -> Self {
        let back = self.split_off(at);
        mem::replace(self, back)
    }

    /// Cuts off and returns what lies behind the first `at` bytes, which this chain keeps.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[must_use = "to drop the last bytes, use `truncate`"]
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self {
        check_position(at, self.len);
        let (whole, kept) = self.segment_at(at);
        let cut = (kept > 0).then(|| self.segments[whole].split_off(kept));
        let mut segments = self.segments.split_off(whole + usize::from(kept > 0));
        if let Some(first) = cut {
            segments.push_front(first);
        }
        let len = mem::replace(&mut self.len, at) - at;
        Self { segments, len }
    }

    /// Keeps the first `len` bytes; does nothing if there are not so many.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        let (whole, kept) = self.segment_at(len);
        if kept > 0 {
            self.segments[whole].truncate(kept);
        }
        self.len = len;
        self.segments.truncate(whole + usize::from(kept > 0));
    }

    /// Drops the first `count` bytes.
    ///
    /// # Panics
    ///
    /// If `count` is more than the length.
    #[track_caller]
    pub fn advance(&mut self, count: usize) {
        check_position(count, self.len);
        let (whole, cut) = self.segment_at(count);
        if cut > 0 {
            self.segments[whole].advance(cut);
        }
        self.len -= count;
        self.segments.drain(..whole);
    }

    /// How many segments end at or before the position, and how many bytes of the next one lie before it.
    fn segment_at(&self, at: usize) -> (usize, usize) {
        let mut before = at;
        for (index, segment) in self.segments.iter().enumerate() {
            if before < segment.len() {
                return (index, before);
            }
            before -= segment.len();
        }
        (self.segments.len(), before)
    }
}
