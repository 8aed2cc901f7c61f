//! Allocs that fail on purpose, and sources.

#[cfg(feature = "std")]
mod executor;

#[cfg(feature = "std")]
use std::{task::Poll, time::Duration};

#[cfg(feature = "std")]
use executor::Task;
use pool_core::{Faults, Lease, Pool, PoolBuilder, Source};

fn with(faults: Faults) -> PoolBuilder {
    Pool::builder().slots(64).slot_bytes(64).faults(faults)
}

fn build(builder: PoolBuilder) -> Pool {
    builder.build().expect("4 KiB")
}

/// Which of so many allocs, each given back at once, got a slot.
fn outcome(pool: &Pool, allocs: usize) -> Vec<bool> {
    (0..allocs).map(|_| pool.alloc().is_some()).collect()
}

#[test]
fn the_nth_alloc_is_refused_as_by_an_exhausted_pool_and_counted_apart() {
    for cache in [0, 56] {
        let pool = build(with(Faults::Nth(3)).cache(cache));
        let kept = [pool.try_alloc(), pool.try_alloc()];
        assert!(kept.iter().all(Result::is_ok));
        let refused = pool.try_alloc().expect_err("the third");
        assert!(refused.is_exhausted() && !refused.is_closed());
        assert_eq!((pool.in_use(), pool.injected_faults()), (2, 1));
        assert_eq!(pool.stats().exhausted, 0, "no slot was missing");
        assert!(outcome(&pool, 100).into_iter().all(|got| got));
        assert_eq!((pool.in_use(), pool.injected_faults()), (2, 1));
    }
    assert!(
        outcome(&build(with(Faults::Nth(0))), 9)
            .into_iter()
            .all(|got| got)
    );
}

#[test]
fn every_kind_of_alloc_can_be_refused() {
    for cache in [0, 56] {
        let pool = build(with(Faults::Nth(3)).cache(cache));
        let mut some: Vec<Lease> = Vec::new();
        assert_eq!(pool.alloc_many(5, &mut some), 2, "the third ends it");
        assert_eq!(pool.alloc_many(5, &mut some), 5);
        assert_eq!((pool.in_use(), pool.injected_faults()), (7, 1));
        let pool = build(with(Faults::Nth(1)).cache(cache));
        let own = pool.cache();
        assert!(own.alloc().is_none() && own.alloc().is_some());
        let pool = build(with(Faults::Nth(1)).cache(cache));
        assert!(Source::lease(&pool, 1).is_none() && Source::lease(&pool, 1).is_some());
    }
}

/// What gives all or nothing is one call, and gives nothing.
#[test]
fn what_gives_all_or_nothing_is_refused_whole() {
    for cache in [0, 58] {
        let pool = build(with(Faults::Nth(2)).cache(cache));
        let nothing = pool.reserve(0).expect("no slot, so not counted");
        assert!(pool.alloc_many_exact(0, &mut Vec::new()) && nothing.remaining() == 0);
        let kept = pool.reserve(3).expect("the first");
        assert!(pool.reserve(3).is_none(), "the second");
        assert_eq!((pool.in_use(), pool.injected_faults()), (3, 1));
        assert!(pool.reserve(3).is_some(), "the third");
        drop(kept);
        let pool = build(with(Faults::Nth(1)).cache(cache));
        let mut some: Vec<Lease> = Vec::new();
        assert!(!pool.alloc_many_exact(3, &mut some) && some.is_empty());
        assert_eq!((pool.in_use(), pool.injected_faults()), (0, 1));
        assert!(pool.alloc_many_exact(3, &mut some));
        assert_eq!((some.len(), pool.stats().exhausted), (3, 0));
    }
    let pool = build(with(Faults::Nth(1)));
    assert!(pool.alloc_batch().is_none(), "there is a full magazine");
    assert_eq!((pool.in_use(), pool.injected_faults()), (0, 1));
    assert!(pool.alloc_batch().is_some());
}

#[test]
fn a_batch_through_a_cache_is_refused_as_well() {
    let pool = build(with(Faults::Nth(1)));
    let cache = pool.cache();
    assert!(cache.alloc_batch().is_none(), "there is a full magazine");
    assert_eq!((pool.in_use(), pool.injected_faults()), (0, 1));
    assert!(cache.alloc_batch().is_some());
}

#[test]
fn many_that_are_fewer_are_no_refusal() {
    for faults in [None, Some(Faults::Nth(0))] {
        let builder = Pool::builder().slots(64).slot_bytes(64);
        let pool = build(faults.map_or(builder.clone(), |faults| builder.faults(faults)));
        let mut leases: Vec<Lease> = Vec::new();
        assert_eq!(pool.alloc_many(100, &mut leases), 64);
        assert_eq!(pool.stats().exhausted, 0, "{faults:?}");
        assert_eq!(pool.alloc_many(100, &mut leases), 0);
        assert_eq!(pool.stats().exhausted, 1, "{faults:?}");
    }
}

#[cfg(feature = "std")]
#[test]
fn who_would_wait_is_told_that_the_time_is_over() {
    let pool = build(with(Faults::Nth(1)));
    let refused = pool.alloc_timeout(Duration::MAX).expect_err("the first");
    assert!(refused.is_timed_out());
    assert_eq!((pool.in_use(), pool.injected_faults()), (0, 1));
    assert_eq!(pool.stats().exhausted, 0, "no slot was missing");
    assert!(pool.alloc_timeout(Duration::MAX).is_ok());
}

/// It is never refused, so it waits, once.
#[cfg(feature = "std")]
#[test]
fn an_async_alloc_is_put_off_and_woken() {
    let all = Faults::Random {
        probability: 1.0,
        seed: 0,
    };
    let pool = build(with(all));
    let (task, mut future) = (Task::default(), pool.alloc_async());
    assert!(task.poll(&mut future).is_pending());
    assert_eq!((pool.in_use(), task.wakes()), (0, 1));
    assert!(matches!(task.poll(&mut future), Poll::Ready(Ok(_))));
    assert_eq!((pool.injected_faults(), pool.stats().waits), (1, 0));
}

/// A refusal for want of slots is counted as what it is.
#[test]
fn an_exhausted_pool_is_exhausted() {
    let pool = build(with(Faults::Nth(2)).slots(1));
    let one = pool.alloc();
    assert!(one.is_some() && pool.alloc().is_none());
    assert_eq!((pool.stats().exhausted, pool.injected_faults()), (1, 0));
    drop(one);
    assert!(pool.alloc().is_none(), "the second that finds a slot");
    assert_eq!((pool.stats().exhausted, pool.injected_faults()), (1, 1));
    pool.close();
    assert!(pool.try_alloc().is_err_and(|why| why.is_closed()));
}

#[test]
fn a_seed_refuses_the_same_allocs_again() {
    let random = |seed| Faults::Random {
        probability: 0.25,
        seed,
    };
    let run = |seed| outcome(&build(with(random(seed))), 400);
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let refused = run(1).iter().filter(|got| !**got).count();
    assert!((50..150).contains(&refused), "{refused} of 400");
    for (probability, all) in [(0.0, true), (1.0, false)] {
        let faults = Faults::Random {
            probability,
            seed: 3,
        };
        assert_eq!(outcome(&build(with(faults)), 50), [all; 50]);
    }
}

#[test]
fn a_probability_out_of_range_is_an_error() {
    for (probability, text) in [(-0.5, "-0.5"), (1.5, "1.5"), (f64::NAN, "NaN")] {
        let faults = Faults::Random {
            probability,
            seed: 0,
        };
        let error = with(faults).build().expect_err("out of range").to_string();
        let expected = format!("faults: the probability must be 0 to 1, got {text}");
        assert_eq!(error, expected);
    }
}

/// How many allocs fail does not depend on who makes them.
#[test]
fn threads_meet_as_many_faults_as_one_would() {
    let rounds = if cfg!(miri) { 20 } else { 2000 };
    let faults = Faults::Random {
        probability: 0.1,
        seed: 11,
    };
    let alone = build(with(faults));
    outcome(&alone, 4 * rounds);
    let shared = build(with(faults));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| outcome(&shared, rounds));
        }
    });
    assert_eq!(shared.injected_faults(), alone.injected_faults());
    assert_eq!(shared.stats().exhausted, 0);
    assert_eq!(shared.in_use(), 0);
}

#[test]
fn a_source_gives_what_is_large_enough_or_nothing() {
    fn through(source: &dyn Source, min: usize) -> Option<usize> {
        source.lease(min).map(|lease| lease.len())
    }
    let pool = Pool::builder()
        .slots(1)
        .slot_bytes(100)
        .build()
        .expect("100 bytes");
    assert_eq!(through(&pool, 0), Some(100));
    assert_eq!(through(&&pool, 100), Some(100));
    assert_eq!(through(&pool, 101), None);
    let kept = pool.alloc();
    assert_eq!(through(&pool, 1), None);
    assert_eq!(
        pool.stats().exhausted,
        1,
        "a slot too small is not exhaustion"
    );
    drop(kept);
}
