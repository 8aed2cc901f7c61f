//! Slots that are kept back: out of the pool's sight, for a layer that decides when more of them come into use.

use alloc::vec::Vec;
use core::fmt;
use core::iter;

use crate::budget::lock::Lock;
use crate::free_list::OwnedSlot;
use crate::lease::Lease;
use crate::pool::Pool;
use crate::run;
use crate::site;

/// Slots of a pool that are kept back, for a layer that decides how much of the pool is in use: those whose memory the system has, for instance.
///
/// The pool sees them as taken. So everybody who asks the pool itself, or waits there, gets the others only; and reports of feature `track` leave them out.
/// To the pool's policies they are free: bytes are scrubbed and checked on the way in and out as on the way to the pool and from it.
///
/// All calls take a lock for a few instructions (where a policy has something to do to the bytes, as long as that takes), and allocate nothing.
///
/// - **STOCK-1** Each number on the shelf is a slot of the pool that the stock has taken, and that exists as nothing else (LIST-1). Its bytes are as the policies want
///   those of a free slot.
/// - **STOCK-2** While somebody [wants](Self::want) a slot of the pool, nothing is put on the shelf, which was empty when they began.
pub struct Stock {
    shelf: Lock<Shelf>,
    pool: Pool,
}

struct Shelf {
    slots: Vec<u32>,
    wants: usize,
    counts: StockCounts,
}

impl Shelf {
    /// Within the room that there is: a pool has no more slots.
    fn put(&mut self, mut lease: Lease) {
        lease.mark_stocked();
        self.put_slot(OwnedSlot::assume(lease.into_raw().slot));
    }

    fn put_slot(&mut self, slot: OwnedSlot) {
        self.slots.push(slot.into_index());
        self.counts.put += 1;
    }
}

/// What a stock has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StockCounts {
    /// Slots that lie in it now.
    pub slots: usize,
    /// Slots put in so far, those of the beginning among them.
    pub put: u64,
    /// Slots taken out so far.
    pub taken: u64,
}

impl Stock {
    /// Takes all slots of `pool` that are free, [faults](crate::PoolBuilder::faults) or not. The stock never has more than there are. No slot's memory is touched.
    ///
    /// # Panics
    ///
    /// If there is no memory for their numbers, 4 bytes each.
    #[must_use]
    pub fn of(pool: &Pool) -> Self {
        let stock = Self::empty(pool);
        let taken = stock.shelf.with(|shelf| {
            // Not one more than there are: looking for it would make the pool one that has run out.
            let slots = iter::from_fn(|| pool.take_here().ok());
            slots
                .take(pool.capacity())
                .for_each(|slot| shelf.put_slot(slot));
            // The slot that was handed out first is to be so again.
            shelf.slots.reverse();
            shelf.slots.len()
        });
        let taken = u32::try_from(taken).expect("no more than the pool has");
        pool.slots().count_stocked(taken);
        stock
    }

    /// A stock of `pool` with nothing in it.
    #[must_use]
    pub fn empty(pool: &Pool) -> Self {
        let counts = StockCounts {
            slots: 0,
            put: 0,
            taken: 0,
        };
        Self {
            shelf: Lock::new(Shelf {
                slots: Vec::with_capacity(pool.capacity()),
                wants: 0,
                counts,
            }),
            pool: pool.clone(),
        }
    }

    /// Takes a slot out of the stock, the one put in last; `None` if it is empty, or if the pool [refuses on purpose](crate::PoolBuilder::faults).
    ///
    /// # Panics
    ///
    /// As [`Pool::alloc`]; the slot is the pool's then.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn take(&self) -> Option<Lease> {
        let site = site::caller();
        let refuses = || self.pool.slots().refuse_by_fault();
        let slot = self.shelf.with(|shelf| {
            let slot = shelf.slots.last().copied().filter(|_| !refuses())?;
            shelf.slots.pop();
            shelf.counts.taken += 1;
            Some(slot)
        })?;
        self.pool.slots().count_unstocked(1);
        // It was on the shelf, and is there no more (STOCK-1).
        Some(self.pool.lease(OwnedSlot::assume(slot), site))
    }

    /// Puts a slot into the stock.
    ///
    /// # Errors
    ///
    /// Gives the lease back if it is of another pool, or if somebody [wants](Self::want) a slot of this one: drop it, and they may have it.
    ///
    /// # Panics
    ///
    /// If the pool [checks](crate::PoolBuilder::check_free_slots) and something was written beside the slot; it is in the stock then.
    pub fn put(&self, lease: Lease) -> Result<(), Lease> {
        if !lease.belongs_to(&self.pool) {
            return Err(lease);
        }
        let slots = self.pool.slots();
        let found = self.shelf.with(|shelf| {
            if shelf.wants > 0 {
                return Err(lease);
            }
            let found = slots
                .has_policy()
                .then(|| slots.retire_to_stock(lease.index()));
            shelf.put(lease);
            Ok(found.flatten())
        })?;
        slots.count_stocked(1);
        if let Some(found) = found {
            found.report();
        }
        Ok(())
    }

    /// Says that the caller is about to wait for a slot of the pool itself: as long as the answer lives, nothing is put into the stock. `None` if the
    /// stock has a slot.
    #[must_use]
    pub fn want(&self) -> Option<Wanted<'_>> {
        let is_empty = self.shelf.with(|shelf| {
            let is_empty = shelf.slots.is_empty();
            shelf.wants += usize::from(is_empty);
            is_empty
        });
        is_empty.then(|| Wanted(self))
    }

    /// How many slots lie in the stock. Others may change it at once.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shelf.with(|shelf| shelf.slots.len())
    }

    /// Whether no slot lies in the stock. Others may change it at once.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What was counted so far, at one instant.
    #[must_use]
    pub fn counts(&self) -> StockCounts {
        self.shelf.with(|shelf| StockCounts {
            slots: shelf.slots.len(),
            ..shelf.counts
        })
    }
}

impl Drop for Stock {
    /// Gives the slots back to the pool, all of them before a waker runs.
    fn drop(&mut self) {
        let slots = self.shelf.with(|shelf| core::mem::take(&mut shelf.slots));
        self.pool
            .slots()
            .count_unstocked(u32::try_from(slots.len()).expect("no more than the pool has"));
        // They were on the shelf, and are there no more (STOCK-1).
        run::put_back(&self.pool, &slots);
    }
}

impl fmt::Debug for Stock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stock")
            .field("pool", &self.pool)
            .field("slots", &self.len())
            .finish_non_exhaustive()
    }
}

/// Somebody is about to wait for a slot of a pool, until this is dropped; see [`Stock::want`].
#[derive(Debug)]
#[must_use = "as long as it lives, nothing is put into the stock"]
pub struct Wanted<'a>(&'a Stock);

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.shelf.with(|shelf| shelf.wants -= 1);
    }
}
