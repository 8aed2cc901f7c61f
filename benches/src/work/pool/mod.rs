//! Pools of equal slots.

mod alone;
mod company;
mod two_cores;

pub use alone::{batch32, bulk32, held32, pair, pair_explicit};
pub use company::{Company, Neighbour};
pub use two_cores::{check_2t, cross, in_chunks, shared_2t};

use std::sync::Arc;

use crate::threads::Apart;
use crate::work::memory::check_apart;
use crate::work::{LINE_BYTES, Writable};

/// How many bytes a slot has.
pub const SLOT_BYTES: usize = 2048;
/// How many slots are out at once.
pub const HELD: usize = 32;
/// Few enough to stay in the second-level cache.
pub const SLOTS: usize = 256;
/// Enough for caches that hold two batches.
pub const BATCH_SLOTS: usize = 1024;
/// Many enough not to.
pub const MANY_SLOTS: usize = 8192;
/// How many slots cross to the other core at once.
pub const CHUNK: usize = 64;
/// How many slots are on their way at once.
pub const RING: usize = 4 * CHUNK;
/// What is on its way, and as much again three times for the caches of both threads.
pub const CROSS_SLOTS: usize = 4 * RING;

/// How many slots a thread's cache holds where that is the user's to say: at most what DPDK allows in a large pool; in a small one so many that
/// two of its caches, which overflow at one and a half times as many, leave a quarter of the pool.
pub fn cached(slots: usize) -> usize {
    const MOST: usize = 512;
    (slots / 4).min(MOST)
}

/// A pool of slots of [`SLOT_BYTES`].
pub trait SlotPool: Send + Sync + Sized + 'static {
    /// Its name in tables.
    const NAME: &'static str;

    /// One slot; dropping it gives it back.
    type Slot<'a>: Writable;

    /// A pool with `slots` slots.
    fn with_slots(slots: usize) -> Self;

    /// Takes a slot.
    fn take(&self) -> Option<Self::Slot<'_>>;
}

/// A pool that hands out caches of itself.
pub trait CachedPool: SlotPool {
    /// What one thread takes slots from and gives them back to.
    type Cache<'a>: SlotCache<Self::Slot<'a>>;

    /// A cache for the calling thread.
    fn cache(&self) -> Self::Cache<'_>;
}

/// A cache of a pool, in the caller's hand.
pub trait SlotCache<S> {
    /// Takes a slot.
    fn take(&self) -> Option<S>;

    /// Gives a slot back.
    fn give(&self, slot: S);
}

/// A pool that gives and takes back many slots in one call.
pub trait BulkPool: SlotPool {
    /// Adds up to `want` slots to `into`.
    fn take_many<'a>(&'a self, want: usize, into: &mut Vec<Self::Slot<'a>>);

    /// Takes back all of `from`.
    fn give_many<'a>(&'a self, from: &mut Vec<Self::Slot<'a>>);
}

/// A pool whose slots change hands in batches.
pub trait BatchPool: SlotPool {
    /// Slots that are moved as one thing.
    type Batch;

    /// A pool of `slots` slots whose batches have `batch` of them.
    fn with_batches(slots: usize, batch: usize) -> Self;

    /// Takes a batch.
    fn take_batch(&self) -> Option<Self::Batch>;

    /// How many slots a batch has.
    fn slots_of(batch: &Self::Batch) -> usize;

    /// Takes a batch back.
    fn give_batch(&self, batch: Self::Batch);
}

/// A pool whose fields lie beside nothing else's.
pub type Shared<P> = Arc<Apart<P>>;

/// A pool with `slots` slots.
pub fn pool<P: SlotPool>(slots: usize) -> Shared<P> {
    Arc::new(Apart(P::with_slots(slots)))
}

/// Tells why a pool cannot do the work: it gives too few slots, or one twice.
pub fn check<P: SlotPool>() -> Result<(), String> {
    check_each_apart::<P>(|pool| (0..HELD).filter_map(|_| pool.take()).collect())
}

/// Checks what `take` gives, which is to be [`HELD`] slots, twice.
fn check_each_apart<P: SlotPool>(
    take: impl for<'a> Fn(&'a P) -> Vec<P::Slot<'a>>,
) -> Result<(), String> {
    let pool = P::with_slots(2 * HELD);
    for _ in 0..2 {
        let mut slots = take(&pool);
        if slots.len() < HELD {
            return Err(format!(
                "gave {} slots of {HELD}, having {}",
                slots.len(),
                2 * HELD
            ));
        }
        for slot in &mut slots {
            slot.touch(&[1; LINE_BYTES]);
        }
        check_apart(&slots, SLOT_BYTES)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ours::PoolCore;

    /// Has a quarter of the slots that it was asked for.
    struct Stingy(PoolCore);

    impl SlotPool for Stingy {
        const NAME: &'static str = "stingy";

        type Slot<'a> = <PoolCore as SlotPool>::Slot<'a>;

        fn with_slots(slots: usize) -> Self {
            Self(PoolCore::with_slots(slots / 4))
        }

        fn take(&self) -> Option<Self::Slot<'_>> {
            self.0.take()
        }
    }

    #[test]
    fn a_pool_without_enough_slots_is_found() {
        let why = check::<Stingy>().expect_err("16 of 32");
        assert_eq!(why, "gave 16 slots of 32, having 64");
    }

    #[test]
    fn ours_gives_each_slot_once() {
        let checks = [
            check::<PoolCore>,
            alone::check_cache::<PoolCore>,
            alone::check_bulk::<PoolCore>,
        ];
        assert!(checks.iter().all(|check| check().is_ok()));
    }
}
