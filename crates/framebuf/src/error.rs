//! What can go wrong, each error naming the field, the bound and the value. None allocates.

use alloc::vec::Vec;
use core::ops::Range;

use pool_core::{AllocError, Lease};
use thiserror::Error;

use crate::extent::MAX_CAPACITY;

/// Why [`FrameBuf::try_from_pool`](crate::FrameBuf::try_from_pool) made no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct FrameError(#[from] FrameErrorKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum FrameErrorKind {
    #[error("data: must be at most {bound} bytes, got {bytes}")]
    TooLarge { bytes: usize, bound: usize },
    #[error(transparent)]
    Alloc(AllocError),
}

impl FrameError {
    #[cold]
    pub(crate) fn too_large(bytes: usize, bound: usize) -> Self {
        FrameErrorKind::TooLarge { bytes, bound }.into()
    }

    /// Whether the data is larger than the pool's slots: no waiting helps.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self.0, FrameErrorKind::TooLarge { .. })
    }

    /// Whether every slot was in use; one may come home before the caller sees this.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        matches!(&self.0, FrameErrorKind::Alloc(why) if why.is_exhausted())
    }

    /// Whether the pool was closed: no waiting helps.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(&self.0, FrameErrorKind::Alloc(why) if why.is_closed())
    }
}

impl From<AllocError> for FrameError {
    fn from(why: AllocError) -> Self {
        FrameErrorKind::Alloc(why).into()
    }
}

/// Why bytes were not added: the frame has not that much room on that side. The frame is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{side}: wanted {wanted} bytes, {available} are there")]
pub struct NoRoom {
    side: &'static str,
    wanted: usize,
    available: usize,
}

impl NoRoom {
    #[cold]
    pub(crate) fn new(side: &'static str, wanted: usize, available: usize) -> Self {
        Self {
            side,
            wanted,
            available,
        }
    }

    /// How many bytes the call wanted to place.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.wanted
    }

    /// How many bytes of room there are on that side.
    #[must_use]
    pub fn available(&self) -> usize {
        self.available
    }
}

/// Why [`SegmentedFrame`](crate::SegmentedFrame) took no further segment. Nothing is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct SegmentError(#[from] SegmentErrorKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum SegmentErrorKind {
    #[error("segment: must be 1 to {bound} bytes, got {bytes}")]
    Size { bytes: usize, bound: usize },
    #[error("segment: must follow one of {full} bytes, the one before has {last}")]
    Ended { last: usize, full: usize },
    #[error(transparent)]
    NoRoom(NoRoom),
}

impl SegmentError {
    /// Whether the segment was empty or larger than the frame's segments are.
    #[must_use]
    pub fn is_wrong_size(&self) -> bool {
        matches!(self.0, SegmentErrorKind::Size { .. })
    }

    /// Whether the segment before was shorter, and so the last: send this frame and begin another.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.0, SegmentErrorKind::Ended { .. })
    }

    /// Whether the tailroom was too small: send this frame and begin another.
    #[must_use]
    pub fn is_no_room(&self) -> bool {
        matches!(self.0, SegmentErrorKind::NoRoom(_))
    }
}

/// Why bytes were not taken away or split off: there are not that many. Nothing is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{call}: wanted {wanted} bytes, {len} are there")]
pub struct TooShort {
    call: &'static str,
    wanted: usize,
    len: usize,
}

impl TooShort {
    #[cold]
    pub(crate) fn new(call: &'static str, wanted: usize, len: usize) -> Self {
        Self { call, wanted, len }
    }

    /// How many bytes the call wanted.
    #[must_use]
    pub fn wanted(&self) -> usize {
        self.wanted
    }

    /// How many bytes there are.
    #[must_use]
    pub fn available(&self) -> usize {
        self.len
    }
}

/// Why [`FrameBuf::from_lease`](crate::FrameBuf::from_lease) made no frame. It holds the lease.
#[derive(Debug, Error)]
#[error("range: {}..{} must ascend and end within {bound} bytes", range.start, range.end)]
pub struct BadRange {
    range: Range<usize>,
    bound: usize,
    lease: Lease,
}

impl BadRange {
    #[cold]
    pub(crate) fn new(lease: Lease, range: Range<usize>, bound: usize) -> Self {
        Self {
            range,
            bound,
            lease,
        }
    }

    /// The lease that was refused.
    #[must_use]
    pub fn into_lease(self) -> Lease {
        self.lease
    }
}

/// Why [`FrameBuf::try_from_vec`](crate::FrameBuf::try_from_vec) made no frame. It holds the vector.
#[derive(Error)]
#[error("capacity: must be at most {MAX_CAPACITY} bytes, got {}", vec.capacity())]
pub struct VecTooLarge {
    vec: Vec<u8>,
}

impl VecTooLarge {
    #[cold]
    pub(crate) fn new(vec: Vec<u8>) -> Self {
        Self { vec }
    }

    /// The vector that was refused, untouched.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.vec
    }
}

/// Never prints the bytes.
impl core::fmt::Debug for VecTooLarge {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("VecTooLarge")
            .field("len", &self.vec.len())
            .field("capacity", &self.vec.capacity())
            .finish_non_exhaustive()
    }
}

/// Why [`Unfilled::fill_with`](crate::Unfilled::fill_with) made no frame.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct FillError<E>(FillErrorKind<E>);

#[derive(Debug, Error)]
enum FillErrorKind<E> {
    #[error("fill: the call failed: {0}")]
    Call(E),
    #[error("fill: the call claims more than it was given: {0}")]
    Claim(NoRoom),
}

impl<E> FillError<E> {
    #[cold]
    pub(crate) fn call(error: E) -> Self {
        Self(FillErrorKind::Call(error))
    }

    #[cold]
    pub(crate) fn claim(error: NoRoom) -> Self {
        Self(FillErrorKind::Claim(error))
    }

    /// The error that the call itself gave; `None` if the call claimed to have written more bytes than it was given.
    #[must_use]
    pub fn into_call(self) -> Option<E> {
        match self.0 {
            FillErrorKind::Call(error) => Some(error),
            FillErrorKind::Claim(_) => None,
        }
    }

    /// Whether the call claimed to have written more bytes than it was given.
    #[must_use]
    pub fn is_false_claim(&self) -> bool {
        matches!(self.0, FillErrorKind::Claim(_))
    }
}
