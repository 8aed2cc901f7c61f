//! What earlier pools got wrong about how many slots there are, and which comes next. The names start with the lines of docs/lessons.md.

mod pools;

use std::sync::mpsc;
use std::thread;

use pool_core::{Lease, Pool};
use pools::{pool, slots, take};

/// Takes leases, and in the midst of it waits for a word.
struct HeldUp {
    leases: Vec<Lease>,
    reached: mpsc::Sender<()>,
    go_on: mpsc::Receiver<()>,
}

impl Extend<Lease> for HeldUp {
    fn extend<T: IntoIterator<Item = Lease>>(&mut self, leases: T) {
        for lease in leases {
            self.leases.push(lease);
            if self.leases.len() == 2 {
                self.reached.send(()).expect("the test listens");
                self.go_on.recv().expect("the test answers");
            }
        }
    }
}

/// A thread that the scheduler takes away inside a call costs the others the slots it holds, and none besides: not what lies in its cache.
#[test]
fn l_pool_4_a_held_up_thread_makes_nobody_else_exhausted() {
    for cache in [0, 56] {
        let pool = Pool::builder()
            .slots(64)
            .slot_bytes(64)
            .cache(cache)
            .build();
        a_held_up_thread_costs_what_it_asked_for(&pool.expect("64 small slots"));
    }
}

fn a_held_up_thread_costs_what_it_asked_for(pool: &Pool) {
    let (reached, at_two) = mpsc::channel();
    let (say, go_on) = mpsc::channel();
    let held_up = {
        let pool = pool.clone();
        thread::spawn(move || {
            // Something for its cache to hold.
            drop((0..9).map(|_| pool.alloc()).collect::<Vec<_>>());
            let leases = Vec::new();
            let mut into = HeldUp {
                leases,
                reached,
                go_on,
            };
            pool.alloc_many(4, &mut into);
            into.leases
        })
    };
    at_two.recv().expect("the other thread got so far");
    for _ in 0..100 {
        let rest: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
        // It asked for four and was stopped at the second: those it was not given yet may be under way to it.
        assert!((60..=62).contains(&rest.len()), "{} slots", rest.len());
        assert_eq!(slots(&rest).len(), rest.len());
    }
    assert_eq!(pool.stats().exhausted, 100, "one refusal ends each round");
    say.send(()).expect("the other thread listens");
    let four = held_up.join().expect("it took four");
    assert_eq!((four.len(), pool.free_count()), (4, 60));
}

#[test]
fn l_pool_5_counts_stay_within_bounds_while_others_run() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let pool = pool(5);
    let kept = take(&pool);
    let busy = [1, 2, 3].map(|want| {
        let pool = pool.clone();
        thread::spawn(move || {
            for _ in 0..rounds {
                let mut some = Vec::new();
                pool.alloc_many(want, &mut some);
                some.reverse();
            }
        })
    });
    for _ in 0..rounds {
        let (free, in_use, stats) = (pool.free_count(), pool.in_use(), pool.stats());
        assert!(free <= 4, "{free} free of 5, and one is kept");
        assert!(
            (1..=5).contains(&in_use),
            "{in_use} of 5 in use, and one is kept"
        );
        assert_eq!(stats.free + stats.in_use, stats.capacity);
    }
    busy.into_iter()
        .for_each(|thread| thread.join().expect("it only allocates"));
    assert_eq!((pool.free_count(), pool.in_use()), (4, 1));
    drop(kept);
    assert_eq!((pool.free_count(), pool.in_use()), (5, 0));
}

#[test]
fn l_pool_9_the_slot_given_back_last_comes_first() {
    let pool = pool(4096);
    let (first, second) = (take(&pool), take(&pool));
    let places = [first.as_ptr(), second.as_ptr()];
    drop(first);
    drop(second);
    for _ in 0..100 {
        let (warm, next) = (take(&pool), take(&pool));
        assert_eq!([next.as_ptr(), warm.as_ptr()], places);
        drop(next);
        drop(warm);
        let (warm, next) = (take(&pool), take(&pool));
        assert_eq!([warm.as_ptr(), next.as_ptr()], [places[1], places[0]]);
        drop(next);
        drop(warm);
    }
}

/// Every count of a snapshot, beside counting by hand.
#[test]
fn l_stat_1_a_snapshot_is_what_was_counted_by_hand() {
    let pool = pool(2);
    let one = take(&pool);
    let (two, none) = (take(&pool), pool.alloc());
    assert!(none.is_none());
    assert_eq!(pool.alloc_many(5, &mut Vec::new()), 0);
    assert!(pool.try_alloc().is_err_and(|why| why.is_exhausted()));
    pool.count_fallback(1000);
    pool.count_fallback(24);
    let stats = pool.stats();
    assert_eq!(
        (stats.capacity, stats.slot_bytes, stats.free, stats.in_use),
        (2, 64, 0, 2)
    );
    assert_eq!(
        (stats.exhausted, stats.fallbacks, stats.fallback_bytes),
        (3, 2, 1024)
    );
    let id = one.into_id();
    let share = two.share();
    assert_eq!(pool.stats(), stats, "the same slots by other names");
    drop(share);
    assert!(pool.redeem(id).is_ok());
    let stats = pool.stats();
    assert_eq!((stats.free, stats.in_use, stats.exhausted), (2, 0, 3));
    assert_eq!(
        stats.to_string(),
        "0 of 2 slots of 64 B in use, high water 2, 2 allocs, 0 refills, 0 steals, 3 times exhausted, 0 waits, 2 fallbacks (1024 B)"
    );
}
