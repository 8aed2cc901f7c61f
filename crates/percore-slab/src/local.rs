//! What one core knows of its pages: those at hand, and the counts. No other thread reaches any of it.
//!
//! Free pages lie in three places. Those *at hand* lie in a plain `Vec`, which the owner's alloc and free use without an atomic instruction. Those
//! that *came home* lie in the mailboxes of the threads that returned them ([`mailbox`](crate::mailbox)), or in the pool's shared list, each linked through
//! its own side record: so a return can neither fail for want of room nor wait for anybody. The owner takes home what lies there when it has nothing at
//! hand, or when told to.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::fmt;
use core::ptr::NonNull;

use pool_core::{Lease, Pool, RegionSource, RegionSpan};

use crate::at_hand::AtHand;
use crate::builder::Geometry;
use crate::card::{Card, Cards};
use crate::error::{BuildError, BuildErrorKind, PageIdErrorKind};
use crate::mailbox::{Home, Inboxes};
use crate::outboxes;
use crate::page_id::PageId;
use crate::stats::SlabStats;
use crate::sync::Arc;

/// - **LOCAL-1** `at_hand` has room for every page, so filing one never allocates and never fails.
/// - **LOCAL-2** Each page is in `at_hand` once, or in one mailbox once, or in the pool's list once, or in a caller's hands. (LIST-1 of pool-core: three
///   of them hold leases.)
pub(crate) struct Local {
    /// Before `pool`: the mailboxes are closed while the pool is sure to be there, so that one that is open is never another pool's at the same address.
    inboxes: RefCell<Inboxes>,
    /// Before `at_hand`: closed first, it takes the pages at hand off its books one by one as they are dropped.
    pool: Pool,
    at_hand: AtHand,
    cards: Cards,
    /// One row per page: its length while it is out as an id. Kept here and not in the id, which anybody can forge.
    id_lens: Box<[Cell<u32>]>,
    geometry: Geometry,
    allocs: Cell<u64>,
    frees_here: Cell<u64>,
    exhausted: Cell<u64>,
    oversize: Cell<u64>,
    oversize_bytes: Cell<u64>,
    high_water: Cell<usize>,
    /// While no more pages than this are not at hand, the mark is right, or a sixteenth too low.
    look_again_above: Cell<usize>,
}

impl Local {
    pub(crate) fn new(geometry: Geometry) -> Result<Self, BuildError> {
        let out_of_memory = |_| BuildErrorKind::OutOfMemory {
            pages: geometry.pages,
        };
        let mut id_lens = Vec::new();
        id_lens
            .try_reserve_exact(geometry.pages)
            .map_err(out_of_memory)?;
        id_lens.resize(geometry.pages, Cell::new(0));
        let pool = Pool::builder()
            .slot_bytes(geometry.page_bytes)
            .region(region_source())
            .cache(0); // one owner, who takes all that came home at once
        let (pool, mut first, cards) = Cards::build(pool, geometry.pages)?;
        first.mark_stocked();
        let at_hand = AtHand::with_room_for(geometry.pages, first).map_err(out_of_memory)?;
        let home = Arc::new(Home::new(at_hand.pool(), geometry.pages));
        outboxes::announce(&home);
        let local = Self {
            inboxes: RefCell::new(Inboxes::new(home)),
            pool,
            at_hand,
            cards,
            id_lens: id_lens.into_boxed_slice(),
            geometry,
            allocs: Cell::new(0),
            frees_here: Cell::new(0),
            exhausted: Cell::new(0),
            oversize: Cell::new(0),
            oversize_bytes: Cell::new(0),
            high_water: Cell::new(0),
            look_again_above: Cell::new(0),
        };
        local.take_home();
        Ok(local)
    }

    /// Takes the page that was freed last, here if one is at hand; `None` if at some instant every page was in a caller's hands.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn take(&self) -> Option<Lease> {
        let Some(mut lease) = self.at_hand.pop() else {
            return self.take_from_home();
        };
        let most_out = self.geometry.pages - self.at_hand.len();
        add(&self.allocs, 1);
        if most_out > self.look_again_above.get() {
            self.raise_high_water();
        }
        lease.mark_taken();
        Some(lease)
    }

    #[cold]
    #[inline(never)]
    #[cfg_attr(feature = "track", track_caller)]
    fn take_from_home(&self) -> Option<Lease> {
        if self.take_home() == 0 {
            add(&self.exhausted, 1);
            return None;
        }
        self.take()
    }

    /// So many pages are not at hand that the high-water mark may have been passed. Those that came home do not count, and are at hand after this.
    ///
    /// When as many are in use as ever, this would be for each page that is taken: so it looks again only when it may be wrong by a sixteenth.
    #[cold]
    #[inline(never)]
    fn raise_high_water(&self) {
        self.take_home();
        let most_out = self.geometry.pages - self.at_hand.len();
        let most = self.high_water.get().max(most_out);
        self.high_water.set(most);
        self.look_again_above.set(most + most / 16);
    }

    /// Memory for more than a page, below 4 GiB: a pool of one slot, so that it lends out the same kind of lease.
    ///
    /// The pool's handle goes at once; the memory lives as long as the lease, on whichever core that ends.
    #[cold]
    pub(crate) fn take_oversize(&self, bytes: usize) -> Option<(Lease, NonNull<Card>)> {
        u32::try_from(bytes).ok()?;
        let (_pool, lease, cards) = Cards::build(Pool::builder().slot_bytes(bytes), 1).ok()?;
        add(&self.oversize, 1);
        add(&self.oversize_bytes, bytes as u64);
        Some((lease, cards.of(0)))
    }

    /// The card of one of this slab's pages.
    #[inline]
    pub(crate) fn card_of(&self, page: &Lease) -> NonNull<Card> {
        self.cards.of(page.slot_index())
    }

    /// Files a page that the owner dropped. No atomic instruction.
    #[inline]
    pub(crate) fn free(&self, mut lease: Lease) {
        lease.mark_stocked();
        match self.at_hand.push(lease) {
            Ok(()) => add(&self.frees_here, 1),
            Err(lease) => free_oversize(lease),
        }
    }

    /// Moves every page that came home to those at hand, of each mailbox the last to come on top. Tells how many.
    pub(crate) fn take_home(&self) -> usize {
        let before = self.at_hand.len();
        self.take_list();
        self.inboxes.borrow_mut().take_all(&self.at_hand);
        self.at_hand.len() - before
    }

    /// With one exchange.
    fn take_list(&self) {
        if self.pool.free_count() == 0 {
            return;
        }
        let before = self.at_hand.len();
        self.pool
            .alloc_many(usize::MAX, &mut Stocked(&self.at_hand));
        self.at_hand.reverse_above(before);
    }

    /// Turns a page into a name, and remembers its length.
    ///
    /// # Errors
    ///
    /// Gives the lease back if it is not one of this slab's pages.
    pub(crate) fn issue(&self, lease: Lease, len: usize) -> Result<PageId, Lease> {
        let fits = u32::try_from(len).ok();
        let (true, Some(len)) = (lease.belongs_to(&self.pool), fits) else {
            return Err(lease);
        };
        self.id_lens[lease.slot_index()].set(len);
        Ok(PageId::seal(self.geometry.core, lease.into_id()))
    }

    /// Turns a name back into a page and its length, for the first who presents it.
    pub(crate) fn redeem(&self, id: PageId) -> Result<(Lease, usize), PageIdErrorKind> {
        let (issuer, slot_id) = id.open()?;
        let core = self.geometry.core;
        if issuer != core {
            return Err(PageIdErrorKind::WrongCore { issuer, core });
        }
        let lease = self.pool.redeem(slot_id).map_err(PageIdErrorKind::NotOut)?;
        let len = self.id_lens[lease.slot_index()].get() as usize;
        Ok((lease, len))
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    #[cfg(feature = "track")]
    pub(crate) fn outstanding(&self) -> Vec<pool_core::Outstanding> {
        self.pool.outstanding()
    }

    pub(crate) fn region(&self) -> RegionSpan {
        self.pool.region()
    }

    pub(crate) fn allocs(&self) -> u64 {
        self.allocs.get()
    }

    /// Pages at hand, and pages that had come home when this looked where they lie.
    pub(crate) fn available(&self) -> usize {
        let came_home = self.pool.free_count() + self.inboxes.borrow_mut().len();
        self.at_hand.len() + came_home
    }

    pub(crate) fn in_use(&self) -> usize {
        self.geometry.pages - self.available()
    }

    pub(crate) fn stats(&self) -> SlabStats {
        let in_use = self.in_use();
        let (allocs, local_frees) = (self.allocs.get(), self.frees_here.get());
        SlabStats {
            pages: self.geometry.pages,
            page_bytes: self.geometry.page_bytes,
            available: self.geometry.pages - in_use,
            in_use,
            allocs,
            local_frees,
            // A page that was handed out and is neither out nor freed here was freed elsewhere.
            remote_frees: allocs - local_frees - in_use as u64,
            exhausted: self.exhausted.get(),
            oversize: self.oversize.get(),
            oversize_bytes: self.oversize_bytes.get(),
            high_water: self.high_water.get().max(in_use),
        }
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local")
            .field("geometry", &self.geometry)
            .field("available", &self.available())
            .finish_non_exhaustive()
    }
}

/// Memory for more than a page belongs to nobody else, and is gone with its lease.
#[cold]
#[inline(never)]
fn free_oversize(lease: Lease) {
    drop(lease);
}

/// Pages that are nobody's, for reports with feature `track`.
struct Stocked<'a>(&'a AtHand);

impl Extend<Lease> for Stocked<'_> {
    fn extend<I: IntoIterator<Item = Lease>>(&mut self, pages: I) {
        for mut page in pages {
            page.mark_stocked();
            let filed = self.0.push(page);
            debug_assert!(filed.is_ok(), "a page of another pool");
        }
    }
}

#[inline]
fn add(count: &Cell<u64>, more: u64) {
    count.set(count.get().wrapping_add(more));
}

/// Page-aligned memory that a kernel can be given, where there is any.
fn region_source() -> RegionSource {
    if cfg!(all(feature = "os", unix)) {
        RegionSource::Mmap
    } else {
        RegionSource::Heap
    }
}
