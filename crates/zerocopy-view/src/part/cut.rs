//! Cutting a part smaller or in two, and joining what was cut.

use core::mem::{self, ManuallyDrop};
use core::ops::Range;

use super::{Part, STATIC};

impl Part {
    /// Another right to some of the bytes. No right is counted for no bytes.
    ///
    /// # Panics
    ///
    /// If the range does not lie in `0..len`.
    #[inline]
    pub(crate) fn piece(&self, range: Range<usize>) -> Self {
        check(&range, self.len);
        if range.is_empty() {
            return Self::from_static(&[], self.label);
        }
        // SAFETY: the range lies in `0..len`. The words of one more right are counted next; should that panic, these are forgotten.
        let words = ManuallyDrop::new(unsafe { self.words_of(&range) });
        self.count_one_more();
        ManuallyDrop::into_inner(words)
    }

    /// Cuts some of the bytes off, with a right of their own; this part is to be narrowed to others. As [`piece`](Self::piece), but
    /// if this part is the only one of its storage, counting the other costs no locked instruction.
    ///
    /// # Panics
    ///
    /// If the range does not lie in `0..len`.
    #[inline]
    fn piece_mut(&mut self, range: Range<usize>) -> Self {
        check(&range, self.len);
        if range.is_empty() {
            return Self::from_static(&[], self.label);
        }
        self.count_one_more_mut();
        // SAFETY: the range lies in `0..len`, and the words of one more right go with it.
        unsafe { self.words_of(&range) }
    }

    /// Cuts the part in two: the first `at` bytes stay. No counter is touched if one of the two has no bytes.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[inline]
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        if at == 0 {
            return mem::replace(self, Self::from_static(&[], self.label));
        }
        let back = self.piece_mut(at..self.len);
        self.len = at;
        back
    }

    /// Cuts the part in two: what lies behind the first `at` bytes stays. No counter is touched if one of the two has no bytes.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[inline]
    pub(crate) fn split_to(&mut self, at: usize) -> Self {
        if at == self.len {
            return mem::replace(self, Self::from_static(&[], self.label));
        }
        let front = self.piece_mut(0..at);
        // SAFETY: `at` is below `len` (checked by `piece_mut`), so this stays inside the storage (PART-1, PART-2).
        self.first = unsafe { self.first.add(at) };
        self.len -= at;
        front
    }

    /// Makes this part smaller. The right is given up if no byte is left.
    ///
    /// # Panics
    ///
    /// If the range does not lie in `0..len`.
    #[inline]
    pub(crate) fn narrow(&mut self, range: Range<usize>) {
        check(&range, self.len);
        if range.is_empty() {
            *self = Self::from_static(&[], self.label);
            return;
        }
        // SAFETY: the range lies in `0..len`, so the sum stays inside the storage (PART-1, PART-2).
        self.first = unsafe { self.first.add(range.start) };
        self.len = range.end - range.start;
    }

    /// The words of this part, with other bytes of it.
    ///
    /// # Safety
    ///
    /// The range lies in `0..len` and is not empty. Of all parts with these words, no more are dropped than the storage counts rights (PART-3).
    #[inline]
    unsafe fn words_of(&self, range: &Range<usize>) -> Self {
        Self {
            // SAFETY: the range lies in `0..len`, so the sum stays inside the storage (PART-1, PART-2).
            first: unsafe { self.first.add(range.start) },
            len: range.end - range.start,
            owner: self.owner,
            slot: self.slot,
            label: self.label,
        }
    }

    /// One part of two that lie one behind the other in one storage and bear the same label; else both come back.
    ///
    /// Two parts of no owner are not joined: that their addresses meet does not make two statics one.
    pub(crate) fn join(mut self, next: Self) -> Result<Self, (Self, Self)> {
        if self.label != next.label {
            return Err((self, next));
        }
        if self.len == 0 {
            return Ok(next);
        }
        if next.len == 0 {
            return Ok(self);
        }
        let same_storage =
            self.slot != STATIC && (self.slot, self.owner) == (next.slot, next.owner);
        if !same_storage || self.address() + self.len != next.address() {
            return Err((self, next));
        }
        // PART-1 for the sum: both hold a right to one storage, so its words name one storage; `next`'s bytes lie behind
        // ours in it, and `first` is good for all of it (PART-2).
        self.len += next.len;
        Ok(self)
    }
}

/// # Panics
///
/// If the range does not lie in `0..len`.
#[inline]
pub(super) fn check(range: &Range<usize>, len: usize) {
    if range.start > range.end || range.end > len {
        refuse(range.start, range.end, len);
    }
}

/// Takes numbers and no range, so that a range that is all right never has an address.
#[cold]
#[inline(never)]
fn refuse(start: usize, end: usize, len: usize) -> ! {
    panic!("range: must lie in 0..{len}, got {start}..{end}");
}
