//! A cache that the caller holds: the implicit one without the look-up, and the only one without `std`.

use core::fmt;

use crate::free_list::OwnedSlot;
use crate::hand::Hand;
use crate::lease::Lease;
use crate::pool::Pool;
use crate::site;
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
    /// `None` if the pool gives out no more: then this is no faster than the pool.
    hand: Option<Hand>,
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
            pool,
            hand: filled.then_some(hand),
        }
    }

    /// As [`Pool::alloc`], through this cache.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc(&self) -> Option<Lease> {
        self.pool.alloc_by(self.hand.as_ref(), site::caller()).ok()
    }

    /// Gives a slot back through this cache. A lease of another pool goes to its own.
    #[inline]
    pub fn free(&self, lease: Lease) {
        if !lease.belongs_to(&self.pool) {
            return;
        }
        let raw = lease.into_raw();
        // SAFETY: the slot is ours by the lease, which ended just now; the handle keeps the body, and the hand is of this pool.
        unsafe { Slots::give_back(raw.slots(), self.hand.as_ref(), OwnedSlot::assume(raw.slot)) }
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Whether this holds slots of its own: a pool gives out a bounded number of caches, and small pools have none.
    #[must_use]
    pub fn is_cached(&self) -> bool {
        self.hand.is_some()
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        if let (Some(hand), Some(caches)) = (&self.hand, self.pool.slots().caches()) {
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
