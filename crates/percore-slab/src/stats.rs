//! What a slab has counted.

use core::fmt;

/// A snapshot of a slab's counts, taken by its owner.
///
/// In every snapshot `available + in_use == pages` and `allocs == local_frees + remote_frees + in_use`; a page that
/// another core returns during the call is in both sums on one side or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SlabStats {
    /// Pages the slab was built with.
    pub pages: usize,
    /// Bytes each page offers.
    pub page_bytes: usize,
    /// Pages that nobody held at some instant of the call, those that came home and were not yet taken in among them.
    pub available: usize,
    /// Pages held in any form: `pages - available`.
    pub in_use: usize,
    /// Pages handed out so far, oversize ones not among them.
    pub allocs: u64,
    /// Pages that the owner dropped as a [`Page`](crate::Page).
    pub local_frees: u64,
    /// Pages that came home by a mailbox or the shared list: dropped as a [`RemotePage`](crate::RemotePage), a lease or a share (or when a
    /// [fill](crate::CoreSlab::alloc_with) panicked).
    pub remote_frees: u64,
    /// Allocations refused because every page was in use.
    pub exhausted: u64,
    /// Buffers larger than a page, given from elsewhere.
    pub oversize: u64,
    /// Bytes of those buffers.
    pub oversize_bytes: u64,
    /// The most pages that were in use after an allocation; below 16 exact, above at most a sixteenth too low.
    pub high_water: usize,
}

impl fmt::Display for SlabStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} pages of {} B in use (at most {}), freed {} here and {} elsewhere, {} times exhausted, {} oversize ({} B)",
            self.in_use,
            self.pages,
            self.page_bytes,
            self.high_water,
            self.local_frees,
            self.remote_frees,
            self.exhausted,
            self.oversize,
            self.oversize_bytes
        )
    }
}
