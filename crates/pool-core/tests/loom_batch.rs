//! Models of batches through a pool of eight slots in magazines of two: what changes hands whole is found, once, and a pool ends beside it.
#![cfg(loom)]

mod body_watch;
mod model;

use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::{Acquire, Release};
use loom::thread;
use std::sync::Arc;

use body_watch::BodyWatch;
use model::{Reached, assert_every_slot_once, explore, pool, small_pool, write};
use pool_core::{Cache, Lease};

/// A batch that is given back while an alloc finds the pool empty: the alloc takes one of it, or comes before it; nothing is stranded.
#[test]
fn a_batch_given_back_beside_an_alloc_is_found() {
    let found = Reached::new("the alloc took one of the batch");
    let refused = Reached::new("the alloc was refused beside it");
    let (mark_found, mark_refused) = (found.clone(), refused.clone());
    explore(2, move || {
        let pool = pool(8);
        let batch = pool.alloc_batch().expect("four are full");
        let mut held: Vec<_> = std::iter::from_fn(|| pool.alloc())
            .take(8 - batch.len())
            .collect();
        let giver = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.free_batch(batch))
        };
        let taker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.alloc())
        };
        giver.join().unwrap();
        let taken = taker.join().unwrap();
        mark_found.mark_if(taken.is_some());
        mark_refused.mark_if(taken.is_none());
        held.extend(taken);
        assert_every_slot_once(&pool, held);
    });
    found.check();
    refused.check();
}

/// The same through a cache, in which it stays.
#[test]
fn a_batch_given_back_to_a_cache_is_found() {
    let found = Reached::new("the alloc took one of the batch");
    let refused = Reached::new("the alloc was refused beside it");
    let (mark_found, mark_refused) = (found.clone(), refused.clone());
    explore(2, move || {
        let pool = pool(8);
        let cache = pool.cache();
        let batch = cache.alloc_batch().expect("the cache has a full one");
        let mut held: Vec<_> = std::iter::from_fn(|| pool.alloc())
            .take(8 - batch.len())
            .collect();
        let giver = thread::spawn(move || {
            cache.free_batch(batch);
            cache
        });
        let taker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.alloc())
        };
        let cache = giver.join().unwrap();
        let taken = taker.join().unwrap();
        mark_found.mark_if(taken.is_some());
        mark_refused.mark_if(taken.is_none());
        held.extend(taken);
        assert_every_slot_once(&pool, held);
        drop(cache);
    });
    found.check();
    refused.check();
}

/// Two slots are free all the time, in one magazine of the depot: a call for a batch and one for a slot are not both refused.
#[test]
fn a_batch_or_an_alloc_beside_it_gets_what_is_free() {
    a_batch_or_an_alloc_gets_what_is_free(false);
}

/// The same with the magazine in a cache.
#[test]
fn a_batch_of_a_cache_or_an_alloc_beside_it_gets_what_is_free() {
    a_batch_or_an_alloc_gets_what_is_free(true);
}

fn a_batch_or_an_alloc_gets_what_is_free(is_cached: bool) {
    let batched = Reached::new("the batch was taken, and the alloc refused");
    let mark = batched.clone();
    explore(3, move || {
        let pool = pool(8);
        let cache = is_cached.then(|| pool.cache());
        let mut held: Vec<_> = std::iter::from_fn(|| pool.alloc()).take(6).collect();
        assert_eq!(pool.in_use(), 6);
        let batcher = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let batch = match &cache {
                    Some(cache) => cache.alloc_batch(),
                    None => pool.alloc_batch(),
                };
                (batch, cache)
            })
        };
        let taker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.alloc())
        };
        let ((batch, cache), taken) = (batcher.join().unwrap(), taker.join().unwrap());
        assert!(
            batch.is_some() || taken.is_some(),
            "nobody had the two free slots, and both calls were refused"
        );
        mark.mark_if(batch.is_some() && taken.is_none());
        held.extend(taken);
        held.extend(batch.into_iter().flatten());
        assert_every_slot_once(&pool, held);
        drop(cache);
    });
    batched.check();
}

/// What a batch's taker hides for an instant from a sweep is found after it, whether it gets the batch or not.
#[test]
fn a_batch_taken_beside_a_sweep_strands_nothing() {
    let taken = Reached::new("the batch was taken");
    let contested = Reached::new("the batch was refused");
    let (mark_taken, mark_contested) = (taken.clone(), contested.clone());
    explore(2, move || {
        let pool = pool(8);
        // One magazine is left in the depot, with two.
        let mut held: Vec<_> = std::iter::from_fn(|| pool.alloc_batch())
            .take(3)
            .flatten()
            .collect();
        let batcher = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.alloc_batch())
        };
        let taker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || [pool.alloc(), pool.alloc(), pool.alloc()])
        };
        let batch = batcher.join().unwrap();
        mark_taken.mark_if(batch.is_some());
        mark_contested.mark_if(batch.is_none());
        held.extend(taker.join().unwrap().into_iter().flatten());
        held.extend(batch.into_iter().flatten());
        assert_every_slot_once(&pool, held);
    });
    taken.check();
    contested.check();
}

/// The same for a run: of what it hid, the alloc takes one, and the rest is found.
#[test]
fn a_run_taken_beside_a_sweep_strands_nothing() {
    let all = Reached::new("the run was taken whole");
    let contested = Reached::new("a thief took one of it");
    let (mark_all, mark_contested) = (all.clone(), contested.clone());
    explore(2, move || {
        let pool = pool(12);
        let cache = pool.cache();
        // Three are left: in the cache's magazine.
        let mut held: Vec<_> = std::iter::from_fn(|| pool.alloc_batch())
            .flatten()
            .collect();
        let runner = thread::spawn(move || {
            let mut run = Vec::new();
            cache.alloc_many(2, &mut run);
            (run, cache)
        });
        let taker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || [pool.alloc(), pool.alloc()])
        };
        let (run, cache) = runner.join().unwrap();
        let taken = taker.join().unwrap();
        mark_all.mark_if(run.len() == 2 && taken[1].is_none());
        mark_contested.mark_if(taken[1].is_some());
        held.extend(run);
        held.extend(taken.into_iter().flatten());
        assert_every_slot_once(&pool, held);
        drop(cache);
    });
    all.check();
    contested.check();
}

/// [MAG-PUSH-MANY] and the light fence behind it: an alloc that comes after the free of two slots at once finds one, and one beside it strands nothing.
#[test]
fn slots_given_back_at_once_beside_an_alloc_are_found() {
    let free: [fn(&Cache, Vec<Lease>); 2] = [
        |cache, run| cache.free_many(run),
        |cache, mut run| cache.free_all(&mut run),
    ];
    for free in free {
        let found = Reached::new("the alloc took one of the two");
        let refused = Reached::new("the alloc came before they were home");
        let (mark_found, mark_refused) = (found.clone(), refused.clone());
        explore(2, move || {
            let pool = pool(8);
            let cache = pool.cache();
            let mut held: Vec<_> = std::iter::from_fn(|| cache.alloc()).take(8).collect();
            let mut run = held.split_off(6);
            let is_home = Arc::new(AtomicBool::new(false));
            let giver = {
                let is_home = Arc::clone(&is_home);
                thread::spawn(move || {
                    run.iter_mut().for_each(|lease| write(lease, 1));
                    free(&cache, run);
                    is_home.store(true, Release);
                    cache
                })
            };
            let taker = {
                let pool = Arc::clone(&pool);
                thread::spawn(move || {
                    let must = is_home.load(Acquire);
                    let mut taken = pool.alloc();
                    assert!(taken.is_some() || !must, "a free slot was missed");
                    if let Some(lease) = &mut taken {
                        write(lease, 2);
                    }
                    taken
                })
            };
            let cache = giver.join().unwrap();
            let taken = taker.join().unwrap();
            mark_found.mark_if(taken.is_some());
            mark_refused.mark_if(taken.is_none());
            held.extend(taken);
            assert_every_slot_once(&pool, held);
            drop(cache);
        });
        found.check();
        refused.check();
    }
}

/// A batch whose slots alone keep the pool, dropped beside the last handle.
#[test]
fn a_batch_dropped_beside_the_last_handle_ends_the_pool_once() {
    let last = Reached::new("the batch was last");
    let mark = last.clone();
    explore(2, move || {
        let watch = BodyWatch::start();
        let pool = small_pool(8);
        let batch = pool.alloc_batch().expect("four are full");
        let dropper = {
            let watch = watch.clone();
            thread::spawn(move || {
                watch.used();
                let alone = !watch.is_freed();
                drop(batch);
                alone
            })
        };
        drop(pool);
        mark.mark_if(!watch.is_freed());
        assert!(
            dropper.join().unwrap(),
            "freed before the batch was dropped"
        );
        watch.assert_freed_once();
    });
    last.check();
}
