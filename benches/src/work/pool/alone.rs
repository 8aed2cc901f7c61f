//! One thread at work on a pool.

use std::hint::black_box;

use crate::case::{Case, each_of, use_and_drop};
use crate::work::pool::company::{Company, Neighbour};
use crate::work::pool::{
    BATCH_SLOTS, BatchPool, BulkPool, CachedPool, HELD, MANY_SLOTS, SLOTS, SlotCache, SlotPool,
    check, check_each_apart, pool,
};
use crate::work::{LINE_BYTES, Writable};

/// Takes a slot and gives it back, with company: 8 other pools in use on the thread, and another thread that has used the pool.
pub fn pair<P: SlotPool>(case: &mut Case<'_>) {
    let set_up = || (Company::<P>::default(), Neighbour::new(pool::<P>(SLOTS)));
    case.time(P::NAME, check::<P>, set_up, |bencher, (_, neighbour)| {
        let pool: &P = &neighbour.pool;
        bencher.iter(|| use_and_drop(pool.take()));
    });
}

/// [`pair`] through a cache that the caller holds.
pub fn pair_explicit<P: CachedPool>(case: &mut Case<'_>) {
    let set_up = || (Company::<P>::default(), Neighbour::new(pool::<P>(SLOTS)));
    let check = check_cache::<P>;
    case.time(P::NAME, check, set_up, |bencher, (_, neighbour)| {
        let pool: &P = &neighbour.pool;
        let cache = pool.cache();
        bencher.iter(|| {
            let slot = cache.take();
            black_box(&slot);
            if let Some(slot) = slot {
                cache.give(slot);
            }
        });
    });
}

/// Takes 32 slots of many, writes 64 bytes into each, gives all back. Per slot.
pub fn held32<P: SlotPool>(case: &mut Case<'_>) {
    let set_up = || pool::<P>(MANY_SLOTS);
    case.time(P::NAME, check::<P>, set_up, |bencher, pool| {
        let pool: &P = pool;
        let line = black_box([7; LINE_BYTES]);
        let mut held = Vec::with_capacity(HELD);
        each_of(bencher, HELD as u64, || {
            for _ in 0..HELD {
                let mut slot = pool.take().expect("checked: there are enough");
                slot.touch(&line);
                held.push(slot);
            }
            black_box(&held);
            held.clear();
        });
    });
}

/// Takes 32 slots in one call and gives them back in one. Per slot.
pub fn bulk32<P: BulkPool>(case: &mut Case<'_>) {
    let set_up = || pool::<P>(BATCH_SLOTS);
    case.time(P::NAME, check_bulk::<P>, set_up, |bencher, pool| {
        let pool: &P = pool;
        let mut held = Vec::with_capacity(HELD);
        each_of(bencher, HELD as u64, || {
            pool.take_many(HELD, &mut held);
            black_box(&held);
            pool.give_many(&mut held);
        });
    });
}

/// Takes a batch of 32 slots and gives it back. Per slot.
pub fn batch32<P: BatchPool>(case: &mut Case<'_>) {
    let set_up = || P::with_batches(BATCH_SLOTS, HELD);
    case.time(P::NAME, check_batch::<P>, set_up, |bencher, pool| {
        let pool: &P = pool;
        each_of(bencher, HELD as u64, || {
            if let Some(batch) = pool.take_batch() {
                black_box(&batch);
                pool.give_batch(batch);
            }
        });
    });
}

fn check_batch<P: BatchPool>() -> Result<(), String> {
    let pool = P::with_batches(BATCH_SLOTS, HELD);
    for _ in 0..2 * BATCH_SLOTS {
        match pool.take_batch().map(|batch| (P::slots_of(&batch), batch)) {
            Some((HELD, batch)) => pool.give_batch(batch),
            Some((len, _)) => return Err(format!("a batch of {len} slots, not {HELD}")),
            None => return Err(format!("no batch of {BATCH_SLOTS} slots")),
        }
    }
    Ok(())
}

pub(super) fn check_cache<P: CachedPool>() -> Result<(), String> {
    let pool = P::with_slots(2 * HELD);
    let cache = pool.cache();
    // Twice as often as there are slots: only if they come back is there always one.
    for _ in 0..4 * HELD {
        let mut slot = cache.take().ok_or("gave no slot, having 64")?;
        slot.touch(&[1; LINE_BYTES]);
        cache.give(slot);
    }
    check::<P>()
}

pub(super) fn check_bulk<P: BulkPool>() -> Result<(), String> {
    check_each_apart::<P>(|pool| {
        let mut slots = Vec::with_capacity(HELD);
        pool.take_many(HELD, &mut slots);
        pool.give_many(&mut slots);
        pool.take_many(HELD, &mut slots);
        slots
    })
}
