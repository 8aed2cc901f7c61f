//! One class: its slots with memory, its slots without, and what is charged for the former.

use pool_core::{Budget, Charge, ChargeError, Lease, Pool, Stock};

use crate::fallback::Fallbacks;
use crate::line::Line;
use crate::stats::ClassStats;
use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::Relaxed;

/// The pool has the slots that have memory: so whoever takes one there, by its caches, has nothing to charge and nothing to ask. The stock has the
/// others; see RESIDENT-1 and RESIDENT-2.
///
/// A class whose slots the system does not take back one by one has an empty stock, and was charged whole when it was built.
pub(crate) struct Class {
    pub(crate) pool: Pool,
    pub(crate) stock: Stock,
    /// What a slot takes from the system.
    slot_cost: usize,
    /// The address of the pool is read by everybody; what is counted lies on lines of its own.
    pub(crate) counts: Line<Counts>,
}

#[derive(Default)]
pub(crate) struct Counts {
    /// Buffers from elsewhere, because no slot was to be had.
    pub(crate) misses: Fallbacks,
    /// Buffers of this class for requests that belong to a smaller one.
    pub(crate) borrowed: AtomicU64,
    /// What was asked for by those who got a slot out of the stock, or memory from elsewhere.
    pub(crate) asked_bytes: AtomicU64,
    /// What that cost.
    pub(crate) paid_bytes: AtomicU64,
}

/// Why no slot came out of the stock.
pub(crate) enum NoSlot {
    /// The stock is empty.
    Empty,
    OverBudget(ChargeError),
}

impl Class {
    pub(crate) fn new(pool: Pool) -> Self {
        let stock = if pool.gives_back_pages() {
            Stock::of(&pool)
        } else {
            Stock::empty(&pool)
        };
        Self {
            slot_cost: pool.stride_bytes(),
            pool,
            stock,
            counts: Line::default(),
        }
    }

    /// Bytes of a buffer.
    pub(crate) fn bytes(&self) -> usize {
        self.pool.slot_bytes()
    }

    /// Bytes that are charged for a slot with memory.
    pub(crate) fn slot_cost(&self) -> usize {
        self.slot_cost
    }

    /// Takes a slot out of the stock, and charges it to `payer`, who keeps the charge if it is a tenant.
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn bring_in(
        &self,
        payer: Option<&Budget>,
    ) -> Result<(Lease, Option<Charge>), NoSlot> {
        if self.stock.is_empty() {
            return Err(NoSlot::Empty);
        }
        let charge = payer.map(|budget| budget.try_charge(self.slot_cost));
        let charge = charge.transpose().map_err(NoSlot::OverBudget)?;
        let lease = self.stock.take().ok_or(NoSlot::Empty)?;
        Ok((lease, charge))
    }

    /// As [`bring_in`](Self::bring_in), whatever the budget says; `None` if the stock is empty.
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn bring_in_overdrawn(
        &self,
        payer: Option<&Budget>,
    ) -> Option<(Lease, Option<Charge>)> {
        let lease = self.stock.take()?;
        let charge = payer.map(|budget| budget.charge_overdrawn(self.slot_cost));
        Some((lease, charge))
    }

    /// Keeps a charge for a slot that has memory, with the pool's region: it may outlive this class.
    pub(crate) fn keep_charge(&self, charge: Option<Charge>) {
        if let Some(charge) = charge {
            let kept = self.pool.add_charge(charge);
            debug_assert!(kept.is_ok(), "a class is charged to one budget");
        }
    }

    /// Gives the memory of a slot back to the system, and what is charged for it to the budget; then the slot is in the stock. `false` if the system does not
    /// take it, or if somebody waits for a slot of this class: then it goes back to the pool.
    pub(crate) fn give_up(&self, mut lease: Lease) -> bool {
        if !lease.discard_pages() {
            return false;
        }
        let charge = self.pool.take_charge(self.slot_cost);
        let was_put = self.stock.put(lease);
        if let Err(lease) = was_put {
            self.keep_charge(charge);
            drop(lease);
            return false;
        }
        // Last: those who wait for the bytes may be woken by it, and find the slot.
        drop(charge);
        true
    }

    /// Gives up slots that nobody holds until `bytes` are free; tells how many are.
    pub(crate) fn give_up_idle(&self, bytes: usize) -> usize {
        let mut freed = 0;
        while freed < bytes && self.pool.gives_back_pages() {
            let Some(lease) = self.pool.alloc() else {
                break;
            };
            if !self.give_up(lease) {
                break;
            }
            freed += self.slot_cost;
        }
        freed
    }

    /// Bytes of slots that have memory and nobody holds. Of a class that was charged whole, none: it cannot give any back.
    pub(crate) fn idle_bytes(&self) -> usize {
        if self.pool.gives_back_pages() {
            self.pool.free_count() * self.slot_cost
        } else {
            0
        }
    }

    /// Counts a request that did not find a slot with memory.
    pub(crate) fn count_asked(&self, asked: usize, paid: usize) {
        // Relaxed, both: counts on their own.
        let counts = &self.counts.0;
        counts.asked_bytes.fetch_add(asked as u64, Relaxed);
        counts.paid_bytes.fetch_add(paid as u64, Relaxed);
    }

    pub(crate) fn stats(&self) -> ClassStats {
        let stock = self.stock.counts();
        let pool = self.pool.stats();
        let counts = &self.counts.0;
        let misses = counts.misses.read();
        let vacant = stock.slots.min(pool.capacity);
        let idle = pool.free.min(pool.capacity - vacant);
        // What the stock took from the pool was not handed out; what it gave was, and the pool does not know.
        let recycles = (pool.allocs + stock.taken).saturating_sub(stock.put);
        ClassStats {
            class_bytes: pool.slot_bytes,
            slot_cost: self.slot_cost,
            slots: pool.capacity,
            in_use: pool.capacity - vacant - idle,
            idle,
            vacant,
            recycles,
            brought_in: stock.taken,
            // Relaxed, all: counts on their own.
            borrowed: counts.borrowed.load(Relaxed),
            asked_bytes: counts.asked_bytes.load(Relaxed),
            paid_bytes: counts.paid_bytes.load(Relaxed),
            misses: misses.count,
            miss_bytes: misses.bytes,
            miss_bytes_out: misses.bytes_out,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::ptr;

    /// Where a thing lies, in pairs of cache lines.
    fn line_of<T>(thing: &T) -> usize {
        ptr::from_ref(thing).addr() / 128
    }

    /// Threads that use different classes wait for no line of each other, and those that use one class write none here: what they share (the addresses
    /// of the pools) is not written; the pools' caches do the same in their own crate.
    #[test]
    fn l_class_6_classes_share_no_line_that_is_written() {
        let classes: Vec<Class> = [4096, 8192, 16_384]
            .map(|bytes| {
                let pool = Pool::builder().slots(1).slot_bytes(bytes).build();
                Class::new(pool.expect("small"))
            })
            .into();
        let mut lines: Vec<_> = classes.iter().map(|class| line_of(&class.counts)).collect();
        let written = lines.len();
        lines.extend(classes.iter().map(|class| line_of(&class.pool)));
        for (nth, line) in lines[..written].iter().enumerate() {
            let times = lines.iter().filter(|other| *other == line).count();
            assert_eq!(times, 1, "the written word {nth} shares its line");
        }
    }
}
