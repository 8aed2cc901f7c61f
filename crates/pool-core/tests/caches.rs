//! The caches on real threads: nothing lost, nothing doubled, nobody refused while a slot is free, wherever it lies.

mod pools;
mod together;

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use pool_core::{Lease, Pool};
use pools::{pool, take_one_by_one};
use together::{Meeting, at_once};

const THREADS: usize = 4;

/// As many as a debug build does in a second or so; Miri takes a thousand times as long for each. A release build may ask for more:
/// `POOL_CORE_ROUNDS=25000000 cargo test --release -p pool-core --test caches -- holders`.
fn rounds() -> usize {
    let asked = std::env::var("POOL_CORE_ROUNDS").ok();
    let few = if cfg!(miri) { 20 } else { 200_000 };
    asked.and_then(|text| text.parse().ok()).unwrap_or(few)
}

#[test]
fn holders_of_one_of_64_slots_are_never_refused() {
    let pool = pool(64);
    at_once(THREADS, {
        let pool = pool.clone();
        move |thread| {
            for round in 0..rounds() {
                let mut lease = pool.alloc().expect("60 slots are free");
                let mark = (round * THREADS + thread).to_le_bytes();
                lease[..mark.len()].copy_from_slice(&mark);
                assert_eq!(lease[..mark.len()], mark, "another owner wrote");
            }
        }
    });
    assert_eq!(pool.stats().exhausted, 0);
    assert_eq!(pool.free_count(), 64);
    take_one_by_one(&pool);
}

/// Each thread may hold a quarter, so the pool runs dry again and again but for what lies in others' caches.
#[test]
fn quarters_of_a_pool_are_never_refused() {
    for slots in [16, 64, 256] {
        let pool = pool(slots);
        at_once(THREADS, {
            let pool = pool.clone();
            move |thread| {
                let mut held: Vec<(Lease, u8)> = Vec::new();
                for round in 0..rounds() / 300 {
                    while held.len() < slots / THREADS {
                        let mut lease = pool.alloc().expect("a slot of ours is free");
                        let mark = u8::try_from((round * THREADS + thread) % 251).expect("a byte");
                        lease.fill(mark);
                        held.push((lease, mark));
                    }
                    for (lease, mark) in held.drain(round % held.len()..) {
                        assert!(
                            lease.iter().all(|byte| *byte == mark),
                            "another owner wrote"
                        );
                    }
                }
            }
        });
        assert_eq!(pool.stats().exhausted, 0);
        take_one_by_one(&pool);
    }
}

/// More wanted than there is, through explicit caches that are made and dropped, on pools where all steal from all.
#[test]
fn a_contended_slot_has_one_owner() {
    let pool = pool(16);
    let out = Arc::new(AtomicUsize::new(0));
    at_once(THREADS, {
        let (pool, out) = (pool.clone(), Arc::clone(&out));
        move |thread| {
            let mut held: Vec<(Lease, u8)> = Vec::new();
            let mut cache = pool.cache();
            for round in 0..rounds() / 20 {
                let mark = u8::try_from((round * THREADS + thread) % 251).expect("a byte");
                let taken = if round % 3 == 0 {
                    pool.alloc()
                } else {
                    cache.alloc()
                };
                if let Some(mut lease) = taken {
                    // Relaxed: a bound of its own.
                    assert!(out.fetch_add(1, Ordering::Relaxed) < 16, "a slot too many");
                    lease.fill(mark);
                    held.push((lease, mark));
                }
                if held.len() > 5 || held.len() > round % 7 {
                    let (lease, mark) = held.swap_remove(round % held.len());
                    assert!(
                        lease.iter().all(|byte| *byte == mark),
                        "another owner wrote"
                    );
                    // Relaxed: before the slot can be counted again.
                    out.fetch_sub(1, Ordering::Relaxed);
                    if round % 2 == 0 {
                        cache.free(lease)
                    } else {
                        drop(lease)
                    }
                }
                if round % 97 == 0 {
                    cache = pool.cache();
                }
                assert!(pool.free_count() <= 16);
                assert!(pool.in_use() <= 16);
            }
            // Relaxed: a bound of its own.
            out.fetch_sub(held.len(), Ordering::Relaxed);
        }
    });
    assert_eq!((pool.free_count(), pool.in_use()), (16, 0));
    take_one_by_one(&pool);
}

#[test]
fn what_a_thread_freed_before_it_slept_or_ended_is_found() {
    for slots in [16, 64, 1000] {
        let pool = pool(slots);
        let freed = Arc::new(Meeting::of(THREADS + 1));
        let sleepers: Vec<_> = (0..THREADS)
            .map(|_| {
                let (pool, freed) = (pool.clone(), Arc::clone(&freed));
                thread::spawn(move || {
                    let some: Vec<_> = (0..slots / 8).map_while(|_| pool.alloc()).collect();
                    drop(some);
                    freed.wait();
                    thread::park();
                })
            })
            .collect();
        freed.wait();
        let ended = pool.clone();
        thread::spawn(move || drop((0..5).map_while(|_| ended.alloc()).collect::<Vec<_>>()))
            .join()
            .expect("takes and gives back");
        for _ in 0..3 {
            drop(take_one_by_one(&pool));
        }
        let other = pool.clone();
        thread::spawn(move || drop(take_one_by_one(&other)))
            .join()
            .expect("finds all");
        for sleeper in sleepers {
            sleeper.thread().unpark();
            sleeper.join().expect("wakes up");
        }
        assert_eq!(pool.free_count(), slots);
    }
}

/// More pools than a thread has places, so each takes over another's.
#[test]
fn a_thread_may_use_many_pools() {
    let pools: Vec<_> = (0..if cfg!(miri) { 70 } else { 200 })
        .map(|_| pool(32))
        .collect();
    for step in [1, 7] {
        let mut held: Vec<_> = pools
            .iter()
            .map(|pool| pool.alloc().expect("free"))
            .collect();
        for first in 0..step {
            for at in (first..held.len()).step_by(step) {
                held[at] = pools[at].alloc().expect("free");
            }
        }
        held.reverse();
    }
    for pool in &pools {
        assert_eq!(pool.free_count(), 32);
    }
    pools.iter().for_each(|pool| drop(take_one_by_one(pool)));
    // The bodies of pools that are gone stay until their places are taken over, and are not taken for new ones.
    drop(pools);
    for _ in 0..100 {
        drop(take_one_by_one(&pool(32)));
    }
}

#[test]
fn thousands_of_threads_may_use_a_pool_one_after_another() {
    let pool = pool(64);
    for _ in 0..if cfg!(miri) { 5 } else { 500 } {
        at_once(THREADS, {
            let pool = pool.clone();
            move |_| {
                for _ in 0..3 {
                    drop(
                        (0..4)
                            .map(|_| pool.alloc().expect("48 are free"))
                            .collect::<Vec<_>>(),
                    );
                }
            }
        });
    }
    assert_eq!(pool.free_count(), 64);
    let cache = pool.cache();
    assert!(cache.is_cached(), "the threads gave back theirs");
    drop(cache);
    take_one_by_one(&pool);
}

#[test]
fn slots_taken_here_and_freed_there_all_come_home() {
    let pool = pool(128);
    let (give, take): (_, Receiver<Lease>) = sync_channel(32);
    let consumer = thread::spawn(move || take.into_iter().map(|lease| u64::from(lease[0])).sum());
    let mut sent = 0;
    for round in 0..rounds() / 10 {
        let mut lease = pool.alloc().expect("32 in the channel, two in hands");
        lease[0] = u8::try_from(round % 256).expect("a byte");
        sent += u64::from(lease[0]);
        give.send(lease).expect("the consumer waits");
    }
    drop(give);
    let received: u64 = consumer.join().expect("reads all");
    assert_eq!((received, pool.free_count()), (sent, 128));
    assert_eq!(pool.stats().exhausted, 0);
    take_one_by_one(&pool);
}

/// A pool of 1024 slots of which a thread's cache may hold a quarter.
fn pool_with_large_caches() -> Pool {
    let builder = Pool::builder().slots(1024).slot_bytes(64).cache(256);
    builder.build().expect("a small pool")
}

#[test]
fn large_caches_pass_slots_on_without_a_theft() {
    let pool = pool_with_large_caches();
    let (give, take): (_, Receiver<Vec<Lease>>) = sync_channel(2);
    let consumer = thread::spawn(move || take.into_iter().for_each(drop));
    for _ in 0..rounds() / 100 {
        let leases = (0..100).map(|_| pool.alloc().expect("at most 400 are out, 510 in caches"));
        give.send(leases.collect()).expect("the consumer waits");
    }
    drop(give);
    consumer.join().expect("drops all");
    let stats = pool.stats();
    assert_eq!((stats.free, stats.steals, stats.exhausted), (1024, 0, 0));
    take_one_by_one(&pool);
}

#[test]
fn a_thread_that_ends_gives_back_all_magazines_of_a_large_cache() {
    let pool = pool_with_large_caches();
    for _ in 0..100 {
        let threads_own = pool.clone();
        thread::spawn(move || {
            let held: Vec<_> = (0..400).map(|_| threads_own.alloc()).collect();
            assert!(held.iter().all(Option::is_some));
        })
        .join()
        .expect("624 are free besides");
    }
    let stats = pool.stats();
    assert_eq!((stats.free, stats.steals), (1024, 0));
    take_one_by_one(&pool);
}

/// Drops leases, and takes some, when the thread's cache may be gone already.
struct AtTheEnd(RefCell<Vec<(Pool, Lease)>>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        for (pool, lease) in self.0.take() {
            drop(lease);
            drop(pool.alloc().expect("one was freed just now"));
        }
    }
}

thread_local! {
    static FIRST: AtTheEnd = const { AtTheEnd(RefCell::new(Vec::new())) };
    static LAST: AtTheEnd = const { AtTheEnd(RefCell::new(Vec::new())) };
}

#[test]
fn leases_may_outlive_their_threads_cache() {
    let pool = pool(64);
    for _ in 0..10 {
        let pool = pool.clone();
        thread::spawn(move || {
            // Made before and after the thread's cache: one of them is destroyed after it.
            FIRST.with(|end| end.0.borrow_mut().clear());
            let lease = pool.alloc().expect("free");
            FIRST.with(|end| end.0.borrow_mut().push((pool.clone(), lease)));
            let lease = pool.alloc().expect("free");
            LAST.with(|end| end.0.borrow_mut().push((pool.clone(), lease)));
        })
        .join()
        .expect("ends");
    }
    assert_eq!(pool.free_count(), 64);
    take_one_by_one(&pool);
}

/// A pool whose last handle goes while other threads have its magazines; then they take slots of another pool, and end.
#[test]
fn a_pool_may_end_before_the_threads_that_cached_it() {
    for round in 0..if cfg!(miri) { 3 } else { 200 } {
        let pool = pool(64);
        let late = pool.alloc();
        let ready = Arc::new(Meeting::of(THREADS + 1));
        let gone = Arc::new(Meeting::of(THREADS + 1));
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (ready, gone, pool) = (Arc::clone(&ready), Arc::clone(&gone), pool.clone());
                thread::spawn(move || {
                    drop((0..4).map(|_| pool.alloc()).collect::<Vec<_>>());
                    let kept = pool.alloc();
                    drop(pool);
                    ready.wait();
                    if thread % 2 == 0 {
                        gone.wait();
                    }
                    drop(kept);
                    if thread % 2 == 1 {
                        gone.wait();
                    }
                })
            })
            .collect();
        ready.wait();
        drop(pool);
        gone.wait();
        drop(late.filter(|_| round % 2 == 0));
        threads
            .into_iter()
            .for_each(|thread| thread.join().expect("ends"));
    }
}

/// The end of a pool beside frees and allocs on all threads, many times.
#[test]
fn a_close_beside_allocs_and_frees_loses_no_slot() {
    for _ in 0..if cfg!(miri) { 5 } else { 500 } {
        let pool = pool(32);
        at_once(THREADS, {
            let pool = pool.clone();
            move |thread| {
                let mut held = Vec::new();
                for round in 0..40 {
                    held.extend(pool.alloc());
                    if round % 3 == thread % 3 {
                        held.pop();
                    }
                    if thread == 0 && round == 20 {
                        pool.close();
                        assert!(pool.alloc().is_none(), "closed");
                    }
                }
            }
        });
        assert_eq!(pool.free_count(), 32, "everything is home");
        assert!(pool.alloc().is_none());
    }
}

/// A child has one thread, and finds what lies in the caches of those it does not have.
#[cfg(all(feature = "os", target_os = "linux", not(miri)))]
#[test]
fn a_forked_child_finds_what_lies_in_its_parents_caches() {
    let pool = pool(64);
    let freed = Arc::new(Meeting::of(2));
    let sleeper = {
        let (pool, freed) = (pool.clone(), Arc::clone(&freed));
        thread::spawn(move || {
            drop((0..8).map(|_| pool.alloc()).collect::<Vec<_>>());
            freed.wait();
            thread::park();
        })
    };
    freed.wait();
    let mut held: [Option<Lease>; 65] = [const { None }; 65];
    // SAFETY: the child calls nothing that allocates, locks or unwinds, and leaves by `_exit`.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork");
    if child == 0 {
        let mut taken = 0;
        for place in &mut held {
            *place = pool.alloc();
            taken += i32::from(place.is_some());
        }
        // SAFETY: ends the child without running anything of the parent's.
        unsafe { libc::_exit(taken) }
    }
    let mut status = 0;
    // SAFETY: waits for the child just made, and writes to a local.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    assert!(libc::WIFEXITED(status), "the child died: {status}");
    assert_eq!(libc::WEXITSTATUS(status), 64, "slots found by the child");
    sleeper.thread().unpark();
    sleeper.join().expect("wakes up");
    assert_eq!(pool.free_count(), 64);
}
