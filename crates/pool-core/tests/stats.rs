//! What a pool counts, against a model of what was done to it.

use std::thread::{self, JoinHandle};

use pool_core::{Pool, PoolStats};
use proptest::prelude::*;

fn pool(slots: usize, cache: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(64).cache(cache);
    builder.build().expect("a small pool")
}

fn assert_adds_up(stats: &PoolStats) {
    assert_eq!(stats.free + stats.in_use, stats.capacity, "{stats:?}");
    assert_eq!(stats.allocs - stats.frees, stats.in_use as u64, "{stats:?}");
    assert!(stats.in_use <= stats.high_water, "{stats:?}");
    assert!(stats.high_water <= stats.capacity, "{stats:?}");
}

#[derive(Debug, Clone)]
enum Step {
    Take,
    TakeMany(usize),
    TakeBatch,
    Drop(usize),
    DropMany(usize),
    DropAll,
    Explicit,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Take),
        1 => (0..80_usize).prop_map(Step::TakeMany),
        1 => Just(Step::TakeBatch),
        4 => any::<usize>().prop_map(Step::Drop),
        1 => (0..80_usize).prop_map(Step::DropMany),
        1 => Just(Step::DropAll),
        1 => Just(Step::Explicit),
    ]
}

proptest! {
    #[test]
    fn every_alloc_and_every_refusal_is_counted(
        slots in 1..600_usize,
        cache in prop_oneof![Just(0), Just(usize::MAX), 1..64_usize],
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let pool = pool(slots, cache);
        let own_cache = pool.cache();
        let (mut held, mut allocs, mut refused, mut peak) = (Vec::new(), 0_u64, 0_u64, 0);
        for step in steps {
            let before = held.len();
            match step {
                Step::Take => held.extend(pool.alloc()),
                Step::TakeMany(want) => {
                    let taken = pool.alloc_many(want, &mut held);
                    prop_assert_eq!(taken, want.min(slots - before));
                }
                Step::TakeBatch => held.extend(pool.alloc_batch().into_iter().flatten()),
                Step::Drop(which) if before > 0 => drop(held.swap_remove(which % before)),
                Step::Drop(_) => {}
                Step::DropMany(count) => pool.free_many(held.drain(before.saturating_sub(count)..)),
                Step::DropAll => pool.free_all(&mut held),
                Step::Explicit => held.extend(own_cache.alloc()),
            }
            let wanted = match step {
                Step::Take | Step::Explicit => 1,
                Step::TakeMany(want) => want,
                _ => 0,
            };
            let taken = held.len().saturating_sub(before);
            allocs += taken as u64;
            refused += u64::from(taken == 0 && wanted > 0);
            peak = peak.max(held.len());
            let stats = pool.stats();
            assert_adds_up(&stats);
            prop_assert_eq!(stats.in_use, held.len());
            prop_assert_eq!(stats.allocs, allocs);
            prop_assert_eq!(stats.exhausted, refused);
            prop_assert!(stats.high_water >= stats.in_use);
        }
        // A pool without caches looks at every alloc.
        prop_assert!(pool.stats().high_water >= peak || cache != 0);
    }
}

#[test]
fn counts_add_up_while_others_work() {
    const THREADS: usize = 4;
    const ROUNDS: u64 = 20_000;
    let pool = pool(64, usize::MAX);
    let workers = [(); THREADS].map(|()| {
        let pool = pool.clone();
        thread::spawn(move || {
            (0..ROUNDS)
                .map(|_| u64::from(pool.alloc().is_some()))
                .sum::<u64>()
        })
    });
    while !workers.iter().all(JoinHandle::is_finished) {
        assert_adds_up(&pool.stats());
    }
    let taken: u64 = workers.map(|worker| worker.join().unwrap()).iter().sum();
    assert_eq!(pool.stats().allocs, taken);
    assert_eq!(pool.stats().frees, taken);
}
