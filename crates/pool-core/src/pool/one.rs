//! Taking one slot.

use super::Pool;
use crate::error::{AllocError, AllocErrorKind};
use crate::free_list::{OwnedSlot, PopError};
use crate::hand::Hand;
use crate::lease::Lease;
use crate::site::{self, Site};
use crate::slots::Slots;
use crate::thread_cache;

impl Pool {
    /// Takes a slot; `None` if at some instant of the call every slot was in use, or the pool is closed.
    ///
    /// Never blocks. Lock-free: a retry means that another thread took or gave back a slot.
    ///
    /// # Panics
    ///
    /// Only in a pool that [protects](crate::PoolBuilder::protect_free_slots) or [checks](crate::PoolBuilder::check_free_slots) its free slots, as said there.
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

    /// Takes a slot, or says why not. As [`alloc`](Self::alloc) otherwise.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: exhausted (another thread may give one back before the caller sees it), or closed.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn try_alloc(&self) -> Result<Lease, AllocError> {
        let site = site::caller();
        match self.alloc_fast(site) {
            Some(lease) => Ok(lease),
            None => self.try_alloc_slowly(site),
        }
    }

    /// Takes a slot if one is at hand: in the calling thread's cache, in the depot, or in the shared list. `None` proves nothing, and counts nothing: others may have
    /// free slots in their caches, which [`alloc`](Self::alloc) would look for.
    ///
    /// For a layer above that has something better to do then. Never calls the operating system; otherwise as [`alloc`](Self::alloc).
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_at_hand(&self) -> Option<Lease> {
        let site = site::caller();
        match self.alloc_fast(site) {
            Some(lease) => Some(lease),
            None => self.alloc_at_hand_slowly(site),
        }
    }

    /// Takes a slot out of the calling thread's cache, if the magazine that it takes from holds one. `None` proves nothing, and counts nothing, as with
    /// [`alloc_at_hand`](Self::alloc_at_hand), which looks further.
    ///
    /// For a layer above that has a slow path of its own: this is the fast path of [`alloc`](Self::alloc) and nothing else, so it calls nothing. Always `None` in a pool
    /// without caches or with a policy (scrubbing, checks, faults), and without feature `std`.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_cached(&self) -> Option<Lease> {
        self.alloc_fast(site::caller())
    }

    #[cold]
    #[inline(never)]
    fn alloc_at_hand_slowly(&self, site: Site) -> Option<Lease> {
        let take = |hand: Option<&Hand>| self.slots().take_at_hand(hand);
        // SAFETY: this handle keeps the body (SLOTS-1).
        let slot = unsafe { Slots::with_hand(self.slots, take) }?;
        self.lease_or_count(Ok(slot), site).ok()
    }

    #[inline(always)]
    fn alloc_fast(&self, site: Site) -> Option<Lease> {
        // SAFETY: this handle keeps the body (SLOTS-1).
        let slot = unsafe { thread_cache::pop(self.slots) }?;
        self.slots().remember(slot.index(), site);
        Some(Lease::new(self.slots, slot))
    }

    #[cold]
    #[inline(never)]
    fn alloc_slowly(&self, site: Site) -> Option<Lease> {
        self.alloc_here(site).ok()
    }

    #[cold]
    #[inline(never)]
    fn try_alloc_slowly(&self, site: Site) -> Result<Lease, AllocError> {
        self.alloc_here(site).map_err(|why| self.describe(why))
    }

    pub(super) fn alloc_here(&self, site: Site) -> Result<Lease, PopError> {
        let taken = self.take_here();
        self.lease_or_count(taken, site)
    }

    /// Takes a slot by the calling thread's hand, if it has one.
    pub(crate) fn take_here(&self) -> Result<OwnedSlot, PopError> {
        // SAFETY: this handle keeps the body (SLOTS-1).
        unsafe { Slots::with_hand(self.slots, |hand| self.slots().take(hand)) }
    }

    /// Takes a slot by a hand. The error is what fits a register: it is described only to who asks.
    pub(crate) fn alloc_by(&self, hand: Option<&Hand>, site: Site) -> Result<Lease, PopError> {
        self.lease_or_count(self.slots().take(hand), site)
    }

    pub(super) fn lease_or_count(
        &self,
        taken: Result<OwnedSlot, PopError>,
        site: Site,
    ) -> Result<Lease, PopError> {
        let slot = match taken {
            Ok(slot) if self.slots().has_policy() => self.admit(slot)?,
            Ok(slot) => slot,
            Err(why) => {
                self.count(why);
                return Err(why);
            }
        };
        Ok(self.hand_out(slot, site))
    }

    /// What an alloc does that has a slot, in a pool with policies: refuses on purpose, which looks as the refusal of an exhausted pool and is counted apart, or
    /// prepares the slot. (What it gives fits a register, as what `take` gives: the fast path that goes around this call keeps its slot in one.)
    #[cold]
    #[inline(never)]
    fn admit(&self, slot: OwnedSlot) -> Result<OwnedSlot, PopError> {
        if self.slots().refuse_by_fault() {
            // SAFETY: the slot is ours and nobody had its bytes; this handle is another reason.
            unsafe { Slots::put_home(self.slots, None, slot) }
            return Err(PopError::Empty);
        }
        // SAFETY: this is a handle.
        Ok(unsafe { Slots::prepare(self.slots, slot) })
    }

    #[inline]
    pub(crate) fn lease(&self, slot: OwnedSlot, site: Site) -> Lease {
        // SAFETY: this is a handle.
        let slot = unsafe { Slots::prepare(self.slots, slot) };
        self.hand_out(slot, site)
    }

    /// Makes the lease of a slot that is prepared.
    #[inline]
    fn hand_out(&self, slot: OwnedSlot, site: Site) -> Lease {
        self.slots().remember(slot.index(), site);
        Lease::new(self.slots, slot)
    }

    /// Counts an alloc that was refused.
    #[cold]
    pub(crate) fn count(&self, why: PopError) {
        if why == PopError::Empty {
            self.slots().count_exhausted();
        }
    }

    #[cold]
    pub(crate) fn describe(&self, why: PopError) -> AllocError {
        let slots = self.slots().geometry().slots;
        match why {
            PopError::Empty => AllocErrorKind::Exhausted { slots }.into(),
            PopError::Closed => AllocErrorKind::Closed.into(),
        }
    }
}
