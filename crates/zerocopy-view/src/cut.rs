//! Cutting views smaller, and joining what was cut.

use core::ops::RangeBounds;

use crate::bounds::{check_position, refuse, resolve};
use crate::error::{OutOfRange, OutOfRangeKind};
use crate::view::View;

impl View {
    /// A view of a part of this one.
    ///
    /// # Panics
    ///
    /// If the range does not lie in `0..len`; [`try_slice`](Self::try_slice) does not.
    #[inline]
    #[must_use]
    #[track_caller]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        match resolve(&range, self.len()) {
            Ok(range) => Self(self.0.piece(range)),
            Err(error) => refuse(error),
        }
    }

    /// A view of a part of this one, or why there is none.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if the range does not lie in `0..len`.
    #[inline]
    pub fn try_slice(&self, range: impl RangeBounds<usize>) -> Result<Self, OutOfRange> {
        let range = resolve(&range, self.len())?;
        Ok(Self(self.0.piece(range)))
    }

    /// A view of bytes that were borrowed from this one, as a parser gives them back.
    ///
    /// ```
    /// let line = zerocopy_view::View::from_static(b"key=value");
    /// let value: &[u8] = line.split(|byte| *byte == b'=').nth(1).unwrap();
    /// assert_eq!(line.slice_ref(value), "value");
    /// ```
    ///
    /// # Panics
    ///
    /// If the bytes do not all lie in this view; [`try_slice_ref`](Self::try_slice_ref) does not.
    #[must_use]
    #[track_caller]
    pub fn slice_ref(&self, part: &[u8]) -> Self {
        match self.try_slice_ref(part) {
            Ok(view) => view,
            Err(error) => refuse(error),
        }
    }

    /// A view of bytes that were borrowed from this one, or why there is none. No bytes lie in every view.
    ///
    /// # Errors
    ///
    /// [`OutOfRange`] if the bytes do not all lie in this view; equal bytes elsewhere do not.
    pub fn try_slice_ref(&self, part: &[u8]) -> Result<Self, OutOfRange> {
        if part.is_empty() {
            return Ok(Self(self.0.piece(0..0)));
        }
        let elsewhere = OutOfRangeKind::Elsewhere {
            part_bytes: part.len(),
            len: self.len(),
        };
        let start = part.as_ptr().addr().checked_sub(self.as_ptr().addr());
        let range = start.and_then(|start| Some(start..start.checked_add(part.len())?));
        let range = range.filter(|range| range.end <= self.len());
        Ok(Self(self.0.piece(range.ok_or(elsewhere)?)))
    }

    /// Cuts off and returns the first `at` bytes; this view keeps the rest. If one of the two has no bytes, no counter is touched;
    /// if this is the only view of its storage, no locked instruction is needed.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[inline]
    #[must_use = "to drop the first bytes, use `advance`"]
    #[track_caller]
    pub fn split_to(&mut self, at: usize) -> Self {
        check_position(at, self.len());
        Self(self.0.split_to(at))
    }

    /// Cuts off and returns what lies behind the first `at` bytes, which this view keeps. If one of the two has no bytes, no
    /// counter is touched; if this is the only view of its storage, no locked instruction is needed.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[inline]
    #[must_use = "to drop the last bytes, use `truncate`"]
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self {
        check_position(at, self.len());
        Self(self.0.split_off(at))
    }

    /// Keeps the first `len` bytes; does nothing if there are not so many. Touches no counter unless no byte is left.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.0.narrow(0..len);
        }
    }

    /// Drops the first `count` bytes. Touches no counter unless no byte is left.
    ///
    /// # Panics
    ///
    /// If `count` is more than the length.
    #[inline]
    #[track_caller]
    pub fn advance(&mut self, count: usize) {
        check_position(count, self.len());
        self.0.narrow(count..self.len());
    }

    /// One view of this one and `next`, if `next` lies right behind it in the same storage and has the same kind and tenant.
    /// Copies nothing, and touches only the storage's counter. A view without bytes joins any of its kind and tenant.
    ///
    /// Static views with bytes never join: two statics that happen to be neighbours are still two.
    ///
    /// ```
    /// let mut head = zerocopy_view::View::from(b"one message".to_vec());
    /// let tail = head.split_off(3);
    /// let whole = head.try_join(tail).expect("they were one");
    /// assert_eq!(whole, "one message");
    /// assert_eq!(whole.sharers(), 1);
    /// ```
    ///
    /// # Errors
    ///
    /// Gives both back, unchanged, if they are not neighbours.
    pub fn try_join(self, next: Self) -> Result<Self, (Self, Self)> {
        match self.0.join(next.0) {
            Ok(whole) => Ok(Self(whole)),
            Err((first, second)) => Err((Self(first), Self(second))),
        }
    }
}
