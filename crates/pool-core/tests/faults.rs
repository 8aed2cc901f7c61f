//! Allocs that fail on purpose, and sources.

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
