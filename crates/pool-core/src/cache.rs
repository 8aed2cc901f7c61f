//! A cache that the caller holds: the implicit one without the look-up, and the only one without `std`.

use alloc::vec::Vec;
use core::fmt;

use crate::batch::LeaseBatch;
use crate::free_list::OwnedSlot;
use crate::hand::Hand;
use crate::lease::Lease;
use crate::pool::Pool;
use crate::run::{self, By};
use crate::site::{self, Site};
use crate::slots::Slots;

/// A cache of a pool's slots in the caller's hand: alloc and free without a locked instruction and without a thread-local.
///
/// The slots in it are free: any thread's alloc finds them before it says "exhausted". Dropping it gives them back.
///
/// `Send`, not `Sync`: one thread at a time.
///
/// ```
/// let pool = pool_core::Pool::builder().slots(64).slot_bytes(2048).build()?;
/// let cache = pool.cache();
/// let lease = cache.alloc().expect("64 slots are free");
/// cache.free(lease);
/// # Ok::<(), pool_core::BuildError>(())
/// ```
pub struct Cache {
    pool: Pool,
    /// Vacant if the pool gives out no more: then this is no faster than the pool.
    hand: Hand,
    is_cached: bool,
    /// Whether there is a hand, and it may be used without looking for a policy of the pool.
    is_plain: bool,
}

// SAFETY: a hand's magazines belong to whoever has the hand (HAND-1), and are reached through `&self` on one thread at a time, because a cache is not
// `Sync`; the pool's handle is `Send`.
unsafe impl Send for Cache {}

impl Cache {
    pub(crate) fn new(pool: Pool) -> Self {
        let hand = Hand::vacant();
        let filled = pool
            .slots()
            .caches()
            .is_some_and(|caches| caches.fill_hand(&hand));
        Self {
            // With `track`, each free has an event to note.
            is_plain: filled && !pool.slots().has_policy() && !cfg!(feature = "track"),
            is_cached: filled,
            pool,
            hand,
        }
    }

    /// As [`Pool::alloc`], through this cache.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc(&self) -> Option<Lease> {
        let site = site::caller();
        match self.alloc_fast(site) {
            Some(lease) => Some(lease),
            None => self.alloc_slowly(site),
        }
    }

    #[inline(always)]
    fn alloc_fast(&self, site: Site) -> Option<Lease> {
        let hand = self.plain_hand()?;
        let slots = self.pool.slots();
        let slot = hand.pop_fast(slots.mode())?;
        slots.remember(slot.index(), site);
        Some(Lease::new(self.pool.slots_ptr(), slot))
    }

    #[inline(always)]
    fn plain_hand(&self) -> Option<&Hand> {
        self.is_plain.then_some(&self.hand)
    }

    fn hand(&self) -> Option<&Hand> {
        self.is_cached.then_some(&self.hand)
    }

    #[cold]
    #[inline(never)]
    fn alloc_slowly(&self, site: Site) -> Option<Lease> {
        self.pool.alloc_by(self.hand(), site).ok()
    }

    /// Gives a slot back through this cache. A lease of another pool goes to its own.
    #[inline]
    pub fn free(&self, lease: Lease) {
        if !lease.is_of(self.pool.slots_ptr()) {
            return free_elsewhere(lease);
        }
        let slot = OwnedSlot::assume(lease.into_raw().slot);
        let pushed = match self.plain_hand() {
            // SAFETY: the slot is ours by the lease that ended just now; the handle keeps the body, and the hand is of this pool.
            Some(hand) => unsafe { Slots::push_fast(self.pool.slots_ptr(), hand, slot) },
            None => Err(slot),
        };
        if let Err(slot) = pushed {
            self.free_slowly(slot);
        }
    }

    #[cold]
    #[inline(never)]
    fn free_slowly(&self, slot: OwnedSlot) {
        // SAFETY: the slot is ours by the lease that ended just now; the handle keeps the body, and the hand is of this pool.
        unsafe { Slots::give_back(self.pool.slots_ptr(), self.hand(), slot) }
    }

    /// As [`Pool::alloc_many`], through this cache.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_many(&self, want: usize, into: &mut impl Extend<Lease>) -> usize {
        let faults = self.pool.slots().faults();
        let Some(hand) = self.hand().filter(|_| faults.is_none()) else {
            return self.pool.alloc_many(want, into);
        };
        run::take_many(&self.pool, By::Cache(hand), site::caller(), want, into)
    }

    /// As [`Pool::free_many`], through this cache.
    pub fn free_many(&self, leases: impl IntoIterator<Item = Lease>) {
        let Some(hand) = self.hand() else {
            return self.pool.free_many(leases);
        };
        run::give_many(&self.pool, By::Cache(hand), leases);
    }

    /// As [`Pool::free_all`], through this cache.
    #[inline]
    pub fn free_all(&self, leases: &mut Vec<Lease>) {
        let Some(hand) = self.hand() else {
            return self.pool.free_all(leases);
        };
        run::give_all(&self.pool, By::Cache(hand), leases);
    }

    /// As [`Pool::alloc_batch`], through this cache.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_batch(&self) -> Option<LeaseBatch> {
        let by = self.hand().map_or(By::Thread, By::Cache);
        self.pool.alloc_batch_by(by, site::caller())
    }

    /// As [`Pool::free_batch`], through this cache.
    #[inline]
    pub fn free_batch(&self, batch: LeaseBatch) {
        let by = self.hand().map_or(By::Thread, By::Cache);
        self.pool.free_batch_by(by, batch);
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Whether this holds slots of its own: a pool gives out a bounded number of caches, and small pools have none.
    #[must_use]
    pub fn is_cached(&self) -> bool {
        self.is_cached
    }
}

#[cold]
#[inline(never)]
fn free_elsewhere(lease: Lease) {
    drop(lease);
}

impl Drop for Cache {
    fn drop(&mut self) {
        if let (Some(hand), Some(caches)) = (self.hand(), self.pool.slots().caches()) {
            caches.empty_hand(hand);
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}
