//! The owner's handle.

use alloc::rc::Rc;

use pool_core::{Lease, RegionSpan};

use crate::builder::CoreSlabBuilder;
use crate::error::{BuildError, PageIdError};
use crate::local::Local;
use crate::page::Page;
use crate::page_id::PageId;
use crate::stats::SlabStats;

/// One core's pages.
///
/// For one thread: neither `Send` nor `Sync`, so that taking a page and dropping it there need no atomic instruction. Other threads
/// read and return pages as [`RemotePage`](crate::RemotePage)s.
///
/// ```compile_fail
/// let slab = percore_slab::CoreSlab::new(0, 64, 1).unwrap();
/// std::thread::spawn(move || drop(slab)); // SLAB-1
/// ```
///
/// Pages outlive the slab: the memory goes when the last of them comes home, on whichever core.
#[derive(Debug)]
pub struct CoreSlab {
    local: Rc<Local>,
}

impl CoreSlab {
    /// Builds a slab of `pages` pages (1 to 2^32 - 2) of `page_bytes` bytes each (1 to 2^32 - 1) for the calling thread.
    ///
    /// `core` is the number its ids carry; it pins nothing (see `pin_to_core`). Cost: as [`CoreSlabBuilder::build`].
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the field, its bound and the value; or says that the system has no such memory.
    pub fn new(core: usize, page_bytes: usize, pages: usize) -> Result<Self, BuildError> {
        Self::builder(core)
            .page_bytes(page_bytes)
            .pages(pages)
            .build()
    }

    /// Starts building a slab; 256 pages of 64 KiB unless told otherwise.
    pub fn builder(core: usize) -> CoreSlabBuilder {
        CoreSlabBuilder::new(core)
    }

    pub(crate) fn from_local(local: Local) -> Self {
        Self {
            local: Rc::new(local),
        }
    }

    /// Takes a page and copies `data` into it; `None` if at some instant of the call every page was in use.
    ///
    /// Data larger than a page gets memory of its own, which is counted, given back when dropped anywhere, and refused
    /// (`None`) only if the system has none, or if it is 4 GiB or more. Never blocks; allocates nothing for data that fits.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc(&self, data: &[u8]) -> Option<Page> {
        self.alloc_with(data.len(), |bytes| bytes.copy_from_slice(data))
    }

    /// Takes a page of `len` bytes and lets `fill` write them in place. As [`alloc`](Self::alloc) otherwise.
    ///
    /// The bytes that `fill` finds are what earlier pages of this slab left there, or zero; write them all, or
    /// [shorten](Page::set_len) the page to what was written. If `fill` panics, the page goes home like one that was
    /// returned.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_with(&self, len: usize, fill: impl FnOnce(&mut [u8])) -> Option<Page> {
        if len > self.local.geometry().page_bytes {
            return self.alloc_oversize(len, fill);
        }
        let mut lease = self.local.take()?;
        // Before there is a page: one that was borrowed would be moved through memory afterwards.
        fill(&mut lease[..len]);
        Some(self.page(lease, len))
    }

    #[cold]
    #[inline(never)]
    fn alloc_oversize(&self, len: usize, fill: impl FnOnce(&mut [u8])) -> Option<Page> {
        let (mut lease, card) = self.local.take_oversize(len)?;
        fill(&mut lease[..len]);
        // SAFETY: made for it.
        Some(unsafe { Page::new(lease, len, card, self.local.clone()) })
    }

    /// Of one of the slab's own slots.
    #[inline]
    fn page(&self, lease: Lease, len: usize) -> Page {
        let card = self.local.card_of(&lease);
        // SAFETY: the slab's table, and the slot's number in it.
        unsafe { Page::new(lease, len, card, self.local.clone()) }
    }

    /// Takes in every page that other cores returned, in one step; tells how many. Allocates nothing.
    ///
    /// Nothing depends on it: an [`alloc`](Self::alloc) that finds no page at hand does the same. Calling it when there is time
    /// moves that work out of the alloc. Cost: one exchange, and a few nanoseconds per page.
    #[expect(
        clippy::must_use_candidate,
        reason = "called for what it does; the number is for the curious"
    )]
    pub fn tick(&self) -> usize {
        self.local.take_home()
    }

    /// Takes back the page of an id, for the first who presents it.
    ///
    /// Any number from anywhere may be presented: one that is not now out of this slab is refused and changes nothing.
    ///
    /// # Errors
    ///
    /// [`PageIdError`]: another core's, not an id, or not now out (redeemed before, another slab's, made up).
    pub fn redeem(&self, id: PageId) -> Result<Page, PageIdError> {
        let (lease, len) = self.local.redeem(id)?;
        Ok(self.page(lease, len))
    }

    /// The number the slab was built with.
    #[must_use]
    pub fn core(&self) -> usize {
        self.local.geometry().core as usize
    }

    /// How many pages the slab was built with.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.local.geometry().pages
    }

    /// How many bytes each page offers.
    #[must_use]
    pub fn page_bytes(&self) -> usize {
        self.local.geometry().page_bytes
    }

    /// How many pages nobody held at some instant of the call. Other cores may return some at any time, so the true number may be
    /// higher; only this thread can lower it.
    #[must_use]
    pub fn available(&self) -> usize {
        self.local.available()
    }

    /// How many pages were handed out so far, oversize ones not among them.
    #[must_use]
    pub fn alloc_count(&self) -> u64 {
        self.local.allocs()
    }

    /// The share of pages in use, 0.0 to 1.0, as stale as [`available`](Self::available).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a page count is below 2^32")]
    pub fn utilization(&self) -> f64 {
        self.local.in_use() as f64 / self.pages() as f64
    }

    /// What the slab has counted so far.
    #[must_use]
    pub fn stats(&self) -> SlabStats {
        self.local.stats()
    }

    /// The pages in use, on any core, grouped by the line that took them, most pages first; oversize ones are not among them. As
    /// [`pool_core::Pool::outstanding`].
    #[cfg(feature = "track")]
    #[must_use]
    pub fn outstanding(&self) -> alloc::vec::Vec<pool_core::Outstanding> {
        self.local.outstanding()
    }

    /// The slab's whole memory, to register with a kernel. Valid while the slab or a page of it lives.
    #[must_use]
    pub fn region(&self) -> RegionSpan {
        self.local.region()
    }
}
