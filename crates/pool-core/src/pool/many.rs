//! Taking and giving back many slots at once.

use alloc::vec::Vec;
use core::iter;

use super::Pool;
use crate::batch::LeaseBatch;
use crate::hand::Hand;
use crate::lease::Lease;
use crate::lease_chain::LeaseChain;
use crate::run::{self, By};
use crate::site::{self, Site};
use crate::slots::Slots;

impl Pool {
    /// Takes up to `want` slots and adds them to `into`; tells how many.
    ///
    /// Fewer than `want` only if at some instant of the call no more were free; none at all counts as one refusal. If `into` panics, the slots it did not
    /// take go back. Cost: a look at this thread's cache for each 56 of them; from a pool without caches they are taken with one exchange.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_many(&self, want: usize, into: &mut impl Extend<Lease>) -> usize {
        let site = site::caller();
        if self.slots().faults().is_some() {
            return self.alloc_one_by_one(want, into, site);
        }
        if self.slots().caches().is_some() {
            return run::take_many(self, By::Thread, site, want, into);
        }
        self.slots().advance_clock();
        match self
            .slots()
            .list()
            .pop_many(u32::try_from(want).unwrap_or(u32::MAX))
        {
            Ok(chain) => {
                let mut leases = LeaseChain::taken_at_once(self, chain, site);
                into.extend(leases.by_ref());
                leases.given()
            }
            Err(why) => {
                self.count(why);
                0
            }
        }
    }

    /// For a pool with faults, each of which is decided by itself.
    fn alloc_one_by_one(&self, want: usize, into: &mut impl Extend<Lease>, site: Site) -> usize {
        let mut given = 0;
        into.extend(
            iter::from_fn(|| {
                if given == want {
                    return None;
                }
                let taken = self.take_here();
                if given > 0 && taken.is_err() {
                    return None; // No refusal: the caller got some.
                }
                let lease = self.lease_or_count(taken, site).ok()?;
                given += 1;
                Some(lease)
            })
            .fuse(),
        );
        given
    }

    /// Gives back many leases in a fraction of the time that dropping them takes. Leases of other pools go to their own.
    ///
    /// Up to 56 are collected before they are home together, at the end of the call at the latest; until then nobody else can take them. So this is for leases that are at
    /// hand: an iterator that waits between two of them keeps others waiting. One whose [`size_hint`](Iterator::size_hint) promises none, as a channel's, has each of its
    /// leases dropped as it comes.
    ///
    /// If the iterator panics, the leases that it gave before are home, and those it did not give are the iterator's to drop.
    ///
    /// ```
    /// let pool = pool_core::Pool::builder().slots(1024).slot_bytes(2048).build()?;
    /// let mut leases = Vec::new();
    /// assert_eq!(pool.alloc_many(32, &mut leases), 32);
    /// pool.free_many(leases.drain(..));
    /// assert_eq!(pool.in_use(), 0);
    /// # Ok::<(), pool_core::BuildError>(())
    /// ```
    pub fn free_many(&self, leases: impl IntoIterator<Item = Lease>) {
        run::give_many(self, By::Thread, leases);
    }

    /// Gives back all leases of a `Vec`, which keeps its room: faster than [`free_many`](Self::free_many) of its `drain(..)`, because no code of the caller's runs
    /// in between. Leases of other pools go to their own.
    ///
    /// ```
    /// let pool = pool_core::Pool::builder().slots(1024).slot_bytes(2048).build()?;
    /// let mut leases = Vec::with_capacity(32);
    /// pool.alloc_many(32, &mut leases);
    /// pool.free_all(&mut leases);
    /// assert!(leases.is_empty() && pool.in_use() == 0);
    /// # Ok::<(), pool_core::BuildError>(())
    /// ```
    #[inline]
    pub fn free_all(&self, leases: &mut Vec<Lease>) {
        run::give_all(self, By::Thread, leases);
    }

    /// Takes a whole magazine of slots with one exchange; `None` if there is no full one, or the pool has no caches. Then
    /// [`alloc_many`](Self::alloc_many) may still find slots.
    ///
    /// How many there are is the pool's affair: at most 56, at most a 16th of the pool.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_batch(&self) -> Option<LeaseBatch> {
        self.alloc_batch_by(By::Thread, site::caller())
    }

    #[inline(always)]
    pub(crate) fn alloc_batch_by(&self, by: By<'_>, site: Site) -> Option<LeaseBatch> {
        match by.with_simple_hand(self, |hand| self.slots().take_spare(hand)) {
            Some(Some((magazine, len))) => Some(LeaseBatch::new(self.slots, magazine, len, site)),
            _ => self.alloc_batch_slowly(by, site),
        }
    }

    #[cold]
    #[inline(never)]
    fn alloc_batch_slowly(&self, by: By<'_>, site: Site) -> Option<LeaseBatch> {
        let (magazine, len) = by.with_hand(self, |hand| self.slots().take_batch(hand))?;
        let batch = LeaseBatch::new(self.slots, magazine, len, site);
        let is_refused = self.slots().has_policy() && self.slots().refuse_by_fault();
        (!is_refused).then_some(batch)
    }

    /// Gives back what is left of a batch. A batch of another pool goes to its own.
    #[inline]
    pub fn free_batch(&self, batch: LeaseBatch) {
        self.free_batch_by(By::Thread, batch);
    }

    #[inline(always)]
    pub(crate) fn free_batch_by(&self, by: By<'_>, batch: LeaseBatch) {
        if !batch.belongs_to(self) {
            return free_batch_elsewhere(batch);
        }
        let Some((magazine, len)) = batch.into_parts() else {
            return;
        };
        let store = |hand: &Hand| {
            // SAFETY: this handle keeps the body (SLOTS-1), the hand is the caller's, of this pool, and magazine and slots were the batch's (BATCH-1).
            unsafe { Slots::store_batch(self.slots, hand, magazine, len.get()) }
        };
        if by.with_simple_hand(self, store) != Some(true) {
            self.free_batch_slowly(by, magazine, len.get());
        }
    }

    #[cold]
    #[inline(never)]
    fn free_batch_slowly(&self, by: By<'_>, magazine: u32, len: u32) {
        let give = |hand: Option<&Hand>| {
            // SAFETY: this handle keeps the body (SLOTS-1), the hand is the caller's, of this pool, and magazine and slots were a batch's that ended (BATCH-1).
            unsafe { Slots::give_back_batch(self.slots, hand, magazine, len) }
        };
        by.with_hand(self, give);
    }
}

#[cold]
#[inline(never)]
fn free_batch_elsewhere(batch: LeaseBatch) {
    drop(batch);
}
