//! Ranges and positions, checked against a length.

use core::ops::{Bound, Range, RangeBounds};

use crate::error::{OutOfRange, OutOfRangeKind};

/// The range as numbers, if it lies in `0..len`.
#[inline]
pub(crate) fn resolve(
    range: &impl RangeBounds<usize>,
    len: usize,
) -> Result<Range<usize>, OutOfRange> {
    let start_at = match range.start_bound() {
        Bound::Included(at) => Some(*at),
        Bound::Excluded(at) => at.checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let end_at = match range.end_bound() {
        Bound::Included(at) => at.checked_add(1),
        Bound::Excluded(at) => Some(*at),
        Bound::Unbounded => Some(len),
    };
    match (start_at, end_at) {
        (Some(start), Some(end)) if start <= end && end <= len => Ok(start..end),
        // A bound that does not fit is shown as the nearest that does.
        _ => Err(OutOfRangeKind::Range {
            start: start_at.unwrap_or(usize::MAX),
            end: end_at.unwrap_or(usize::MAX),
            len,
        }
        .into()),
    }
}

/// # Panics
///
/// If `at` is more than `len`.
#[inline]
#[track_caller]
pub(crate) fn check_position(at: usize, len: usize) {
    if at > len {
        refuse(OutOfRangeKind::Position { at, len }.into());
    }
}

/// Panics for the callers of what has no other way to refuse.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn refuse(error: OutOfRange) -> ! {
    panic!("{error}")
}
