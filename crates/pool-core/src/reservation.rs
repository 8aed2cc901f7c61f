//! Slots taken now for leases that are made later.

use core::fmt;
use core::mem;

use crate::free_list::Chain;
use crate::lease::Lease;
use crate::lease_chain::LeaseChain;
use crate::pool::Pool;
use crate::site::{self, Site};
use crate::slots::Slots;

/// Many at once, or none.
impl Pool {
    /// Takes `count` slots for allocations that cannot fail later; `None` if there are not as many, or the pool is closed.
    ///
    /// All or nothing. `None` only if at some instant of the call all other slots were in use, and what this had collected was
    /// not enough; so of two calls that together want more than there is both may be refused, and an alloc beside a
    /// call that will be refused may be refused too. More than [`capacity`](Self::capacity) touches nothing.
    ///
    /// Never blocks and allocates nothing. Cost: that of `count` allocs.
    ///
    /// ```
    /// let pool = pool_core::Pool::builder().slots(4).slot_bytes(2048).build()?;
    /// let mut reserved = pool.reserve(3).expect("four slots are free");
    /// assert!(pool.reserve(2).is_none());
    /// assert_eq!(pool.free_count(), 1);
    /// let lease = reserved.alloc().expect("three were reserved");
    /// assert_eq!(reserved.remaining(), 2);
    /// # Ok::<(), pool_core::BuildError>(())
    /// ```
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn reserve(&self, count: usize) -> Option<Reservation> {
        let chain = self.collect(count, site::caller())?;
        let pool = self.clone();
        let reserved = Reservation { pool, chain };
        (count == 0 || !self.slots().refuse_by_fault()).then_some(reserved)
    }

    /// Takes `count` slots and adds them to `into`; or takes none, as [`reserve`](Self::reserve) has it, and tells so with `false`.
    ///
    /// Slots that `into` does not take go back, also when it panics.
    #[must_use = "`false` means that nothing was taken"]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_many_exact(&self, count: usize, into: &mut impl Extend<Lease>) -> bool {
        let site = site::caller();
        let Some(chain) = self.collect(count, site) else {
            return false;
        };
        if count > 0 && self.slots().refuse_by_fault() {
            // SAFETY: the chain is ours, and the handle is another reason for the body to live.
            unsafe { Slots::put_chain_home(self.slots_ptr(), chain) }
            return false;
        }
        // By reference: what is not taken goes back also if the collection forgets the iterator.
        let mut leases = LeaseChain::collected(self, chain, site);
        into.extend(leases.by_ref());
        true
    }

    /// Takes `count` slots, or none.
    fn collect(&self, count: usize, site: Site) -> Option<Chain> {
        let slots = self.slots();
        let want = u32::try_from(count)
            .ok()
            .filter(|want| *want <= slots.geometry().slots)?;
        // `None` once it is closed, which taking no slot would not find out.
        slots.list().len()?;
        let mut chain = Chain::empty();
        while chain.left() < want {
            match self.take_here() {
                Ok(slot) => {
                    slots.remember(slot.index(), site);
                    slots.list().link(&mut chain, slot);
                }
                Err(why) => {
                    self.count(why);
                    // SAFETY: the chain is ours, and the handle is another reason for the body to live.
                    unsafe { Slots::put_chain_home(self.slots_ptr(), chain) }
                    return None;
                }
            }
        }
        Some(chain)
    }
}

/// A number of allocations that cannot fail any more: see [`Pool::reserve`].
///
/// It holds the slots themselves, and keeps the pool. They count as in use, and stay good when the pool is [closed](Pool::close). Dropping
/// it gives back what is left.
///
/// A lease that was taken from it goes back to the pool when it is dropped, not to the reservation.
pub struct Reservation {
    pool: Pool,
    chain: Chain,
}

impl Reservation {
    /// Takes one of the reserved slots; `None` once all are taken: the pool itself is not asked.
    ///
    /// Cost: two loads.
    ///
    /// # Panics
    ///
    /// As any alloc of a pool that [protects](crate::PoolBuilder::protect_free_slots) or [checks](crate::PoolBuilder::check_free_slots) its free slots: if the kernel has
    /// no room for another mapping, or the slot was written while it lay here. It is home then, and no longer reserved.
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc(&mut self) -> Option<Lease> {
        let slot = self.pool.slots().list().next_of(&mut self.chain)?;
        Some(self.pool.lease(slot, site::caller()))
    }

    /// How many allocations are left.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.chain.left() as usize
    }

    /// The pool.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let rest = mem::replace(&mut self.chain, Chain::empty());
        // SAFETY: the chain is ours, and the handle is another reason for the body to live.
        unsafe { Slots::put_chain_home(self.pool.slots_ptr(), rest) }
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation")
            .field("pool", &self.pool)
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}
