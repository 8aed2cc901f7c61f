//! Models of the caches through a pool of four slots with one magazine's worth each: what is freed into a cache is found, once, and a pool
//! ends beside its caches.
#![cfg(loom)]

mod body_watch;
mod model;

use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::{Acquire, Release};
use loom::thread;
use std::sync::Arc;

use body_watch::BodyWatch;
use model::{Reached, assert_every_slot_once, explore, pool, small_pool, write};
use pool_core::{Lease, Pool};

/// Who held the slots of a full pool, and knows it to starve.
fn all_of(pool: &Pool) -> Vec<Lease> {
    let held: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
    assert_eq!(held.len(), pool.capacity());
    held
}

/// [MODE-SWEEP] against the light fence of a free: an alloc that comes after a free into somebody's cache finds the slot, and one
/// beside it strands nothing.
#[test]
fn a_slot_freed_into_a_cache_is_found() {
    let found = Reached::new("the alloc took what was freed into the cache");
    let refused = Reached::new("the alloc was refused beside the free");
    let (mark_found, mark_refused) = (found.clone(), refused.clone());
    explore(3, move || {
        let pool = pool(4);
        let cache = pool.cache();
        assert!(cache.is_cached());
        let mut held: Vec<_> = std::iter::from_fn(|| cache.alloc()).take(4).collect();
        let mut lease = held.pop().unwrap();
        let is_home = Arc::new(AtomicBool::new(false));
        let giver = {
            let is_home = Arc::clone(&is_home);
            thread::spawn(move || {
                write(&mut lease, 1);
                cache.free(lease);
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

/// [MODE-STARVE] with [MODE-READ]: a pool that starves, one who frees, one who takes what is there and two who look.
#[test]
fn a_starving_pool_refuses_only_while_it_starves() {
    let found = Reached::new("a starving pool's alloc took what came home");
    let mark = found.clone();
    explore(3, move || {
        let pool = pool(4);
        let cache = pool.cache();
        let mut held = all_of(&pool);
        let (first, second) = (held.pop().unwrap(), held.pop().unwrap());
        let is_home = Arc::new(AtomicBool::new(false));
        let giver = {
            let is_home = Arc::clone(&is_home);
            thread::spawn(move || {
                cache.free(first);
                cache.free(second);
                is_home.store(true, Release);
                cache
            })
        };
        let taker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let must = is_home.load(Acquire);
                let taken = [pool.alloc(), pool.alloc()];
                assert!(
                    taken.iter().all(Option::is_some) || !must,
                    "a free slot was missed"
                );
                taken
            })
        };
        let cache = giver.join().unwrap();
        let taken = taker.join().unwrap();
        mark.mark_if(taken.iter().all(Option::is_some));
        held.extend(taken.into_iter().flatten());
        assert_every_slot_once(&pool, held);
        drop(cache);
    });
    found.check();
}

/// An epoch that starved ends, and the list is empty after it: that proves nothing. One slot at least is free all the time.
#[test]
fn a_starvation_that_ended_proves_nothing() {
    let hidden = Reached::new("the last free slot was in the cache");
    let mark = hidden.clone();
    explore(2, move || {
        let pool = pool(8);
        let mut held = all_of(&pool);
        assert!(pool.alloc().is_none(), "starving from here on");
        let cache = pool.cache();
        assert!(cache.is_cached());
        // Still starving: less than a quarter is home.
        drop(held.pop());
        let second = held.pop().unwrap();
        let mover = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                // Now a quarter is home.
                cache.free(second);
                let first = pool.alloc();
                first.into_iter().for_each(|lease| cache.free(lease));
                // The other one, or none if the taker has it: the list is empty, and one is in the cache.
                (pool.alloc(), cache)
            })
        };
        let taker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.alloc())
        };
        let (moved, cache) = mover.join().unwrap();
        let taken = taker.join().unwrap();
        assert!(taken.is_some(), "a free slot was missed");
        mark.mark_if(moved.is_some());
        held.extend(moved.into_iter().chain(taken));
        assert_every_slot_once(&pool, held);
        drop(cache);
    });
    hidden.check();
}

/// An alloc looks into its magazines, each with one slot, beside a sweep that passes them while it does: two are free, and both get one.
#[test]
fn two_free_slots_serve_two_allocs() {
    let served = Reached::new("both were served");
    let mark = served.clone();
    explore(4, move || {
        let pool = pool(4);
        let cache = pool.cache();
        let mut held: Vec<_> = std::iter::from_fn(|| cache.alloc()).take(4).collect();
        // One magazine takes one slot here.
        held.drain(..2).for_each(|lease| cache.free(lease));
        let owner = thread::spawn(move || (cache.alloc(), cache));
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.alloc())
        };
        let (taken, cache) = owner.join().unwrap();
        let other = other.join().unwrap();
        assert!(taken.is_some(), "the owner of both was refused");
        assert!(other.is_some(), "a free slot was missed");
        mark.mark();
        held.extend(taken.into_iter().chain(other));
        assert_every_slot_once(&pool, held);
        drop(cache);
    });
    served.check();
}

/// Magazines that change hands beside a sweep: whatever is exchanged, every slot is found.
#[test]
fn an_exchange_of_magazines_beside_a_sweep_hides_nothing() {
    let swept = Reached::new("the alloc took a slot beside the exchange");
    let mark = swept.clone();
    explore(3, move || {
        let pool = pool(4);
        let cache = pool.cache();
        let mut held: Vec<_> = std::iter::from_fn(|| cache.alloc()).take(4).collect();
        let given: Vec<_> = held.drain(..3).collect();
        let giver = thread::spawn(move || {
            // The third finds both magazines full, and puts one away.
            given.into_iter().for_each(|lease| cache.free(lease));
            cache
        });
        let taker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.alloc())
        };
        let cache = giver.join().unwrap();
        let taken = taker.join().unwrap();
        mark.mark_if(taken.is_some());
        held.extend(taken);
        drop(cache);
        assert_every_slot_once(&pool, held);
    });
    swept.check();
}

/// A hand that keeps a full magazine besides its two, and puts two away at once, beside a sweep: every slot is found.
#[test]
fn what_a_hand_keeps_beside_a_sweep_is_found() {
    let found = Reached::new("the alloc took a slot beside the frees");
    let refused = Reached::new("the alloc came before the frees");
    let (mark_found, mark_refused) = (found.clone(), refused.clone());
    explore(2, move || {
        let builder = Pool::builder().slots(4).slot_bytes(8).cache(3);
        let pool = Arc::new(builder.build().expect("a few bytes"));
        let cache = pool.cache();
        let held: Vec<_> = std::iter::from_fn(|| cache.alloc()).take(4).collect();
        let giver = thread::spawn(move || {
            // One magazine takes one slot here: the third free keeps one, the fourth puts it away with another.
            for mut lease in held {
                write(&mut lease, 1);
                cache.free(lease);
            }
            cache
        });
        let taker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut taken = pool.alloc();
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
        drop(cache);
        assert_every_slot_once(&pool, taken.into_iter().collect());
    });
    found.check();
    refused.check();
}

/// [MODE-CLOSE] against the light fence of a free: the region goes once, with whoever is last.
#[test]
fn a_close_beside_a_free_into_a_cache_loses_no_slot() {
    let refused = Reached::new("the pool was closed");
    let mark = refused.clone();
    explore(3, move || {
        let watch = BodyWatch::start();
        let pool = small_pool(4);
        let cache = pool.cache();
        let mut lease = cache.alloc().unwrap();
        let closer = thread::spawn(move || pool.close());
        let giver = {
            let watch = watch.clone();
            thread::spawn(move || {
                write(&mut lease, 1);
                watch.used();
                cache.free(lease);
                cache
            })
        };
        closer.join().unwrap();
        let cache = giver.join().unwrap();
        assert_eq!(cache.pool().free_count(), 4, "everything is home");
        assert!(cache.alloc().is_none(), "closed");
        mark.mark();
        assert!(!watch.is_freed(), "a handle is there");
        drop(cache);
        watch.assert_freed_once();
    });
    refused.check();
}

/// What a pop hides for an instant from who closes the pool is not lost.
#[test]
fn a_close_beside_an_alloc_from_a_cache_loses_no_slot() {
    let served = Reached::new("the alloc came before the close");
    let refused = Reached::new("the alloc came after the close");
    let (mark_served, mark_refused) = (served.clone(), refused.clone());
    explore(3, move || {
        let watch = BodyWatch::start();
        let pool = small_pool(4);
        let cache = pool.cache();
        let closer = {
            let pool = pool.clone();
            thread::spawn(move || pool.close())
        };
        let taker = thread::spawn(move || (cache.alloc(), cache));
        closer.join().unwrap();
        let (taken, cache) = taker.join().unwrap();
        mark_served.mark_if(taken.is_some());
        mark_refused.mark_if(taken.is_none());
        drop(taken);
        assert_eq!(pool.free_count(), 4, "everything is home");
        drop((cache, pool));
        watch.assert_freed_once();
    });
    served.check();
    refused.check();
}

/// The same for a thread without a cache, which takes out of a full magazine.
#[test]
fn a_close_beside_an_alloc_without_a_cache_loses_no_slot() {
    let served = Reached::new("the alloc came before the close");
    let mark = served.clone();
    explore(3, move || {
        let watch = BodyWatch::start();
        let pool = small_pool(4);
        let closer = {
            let pool = pool.clone();
            thread::spawn(move || pool.close())
        };
        let taker = {
            let pool = pool.clone();
            thread::spawn(move || pool.alloc())
        };
        closer.join().unwrap();
        let taken = taker.join().unwrap();
        mark.mark_if(taken.is_some());
        drop(taken);
        assert_eq!(pool.free_count(), 4, "everything is home");
        drop(pool);
        watch.assert_freed_once();
    });
    served.check();
}
