//! Models of a pool's end: whoever is last frees the body, once, after everybody else's last use.
#![cfg(loom)]

mod body_watch;
mod model;

use loom::thread;

use body_watch::BodyWatch;
use model::{EVERY, Reached, explore, small_pool, write};

/// [REASON-DROP] with [REASON-LAST]: a lease comes home while the last handle goes.
#[test]
fn the_last_lease_and_the_last_handle_free_the_body_once() {
    let lease_last = Reached::new("the lease freed the body");
    let handle_last = Reached::new("the handle freed the body");
    let (mark_lease, mark_handle) = (lease_last.clone(), handle_last.clone());
    explore(EVERY, move || {
        let watch = BodyWatch::start();
        let pool = small_pool(1);
        let mut lease = pool.alloc().unwrap();
        let user = {
            let (watch, mark) = (watch.clone(), mark_lease.clone());
            thread::spawn(move || {
                write(&mut lease, 1);
                watch.used();
                let before = watch.is_freed();
                drop(lease);
                mark.mark_if(!before && watch.is_freed());
            })
        };
        let closer = {
            let (watch, mark) = (watch.clone(), mark_handle.clone());
            thread::spawn(move || {
                assert_eq!(pool.capacity(), 1);
                watch.used();
                drop(pool);
                mark.mark_if(watch.is_freed());
            })
        };
        user.join().unwrap();
        closer.join().unwrap();
        watch.assert_freed_once();
    });
    lease_last.check();
    handle_last.check();
}

/// [PUSH] with [CLOSE]: the closer takes as many reasons off as slots were home, and believes the depth of the top slot.
/// Slot 0 comes home alone, so its depth is other than it was in the full list.
#[test]
fn a_close_counts_the_slots_that_are_home() {
    let outlived = Reached::new("a lease outlived the handle and the other lease");
    let mark = outlived.clone();
    explore(EVERY, move || {
        let watch = BodyWatch::start();
        let pool = small_pool(2);
        let (first, second) = (pool.alloc().unwrap(), pool.alloc().unwrap());
        let given = {
            let watch = watch.clone();
            thread::spawn(move || {
                watch.used();
                drop(first);
            })
        };
        let closer = {
            let watch = watch.clone();
            thread::spawn(move || {
                watch.used();
                drop(pool);
            })
        };
        given.join().unwrap();
        closer.join().unwrap();
        assert!(!watch.is_freed(), "a lease is out");
        mark.mark();
        let kept = thread::spawn(move || {
            assert_eq!(second[0], 0);
            drop(second);
        });
        kept.join().unwrap();
        watch.assert_freed_once();
    });
    outlived.check();
}

/// Three who leave at once.
#[test]
fn two_leases_and_the_last_handle_free_the_body_once() {
    let leases_last = Reached::new("a lease freed the body");
    let mark = leases_last.clone();
    // Three preemptions: each of three threads can be held up once. Five take ten times as long and found no more.
    explore(3, move || {
        let watch = BodyWatch::start();
        let pool = small_pool(2);
        let leases = [pool.alloc().unwrap(), pool.alloc().unwrap()];
        let mut threads: Vec<_> = leases
            .into_iter()
            .map(|mut lease| {
                let (watch, mark) = (watch.clone(), mark.clone());
                thread::spawn(move || {
                    write(&mut lease, 1);
                    watch.used();
                    let before = watch.is_freed();
                    drop(lease);
                    mark.mark_if(!before && watch.is_freed());
                })
            })
            .collect();
        threads.push({
            let watch = watch.clone();
            thread::spawn(move || {
                watch.used();
                drop(pool);
            })
        });
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        watch.assert_freed_once();
    });
    leases_last.check();
}

/// [HANDLE-DROP] with itself: what was done through a handle that is not the last happens before the free.
#[test]
fn the_last_of_two_handles_comes_after_the_other() {
    let both = Reached::new("both handles were dropped");
    let mark = both.clone();
    explore(EVERY, move || {
        let watch = BodyWatch::start();
        let pool = small_pool(1);
        let handles = [pool.clone(), pool].map(|handle| {
            let watch = watch.clone();
            thread::spawn(move || {
                assert_eq!(handle.slot_bytes(), 8);
                watch.used();
                drop(handle);
            })
        });
        handles
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        mark.mark();
        watch.assert_freed_once();
    });
    both.check();
}

/// The last share may be the last reason too.
#[test]
fn the_last_share_may_free_the_body() {
    let share_last = Reached::new("a share freed the body");
    let mark = share_last.clone();
    // Three preemptions: each of three threads can be held up once. Five take ten times as long and found no more.
    explore(3, move || {
        let watch = BodyWatch::start();
        let pool = small_pool(1);
        let one = pool.alloc().unwrap().share();
        let shares = [one.clone(), one].map(|share| {
            let (watch, mark) = (watch.clone(), mark.clone());
            thread::spawn(move || {
                assert_eq!(share[0], 0);
                watch.used();
                let before = watch.is_freed();
                drop(share);
                mark.mark_if(!before && watch.is_freed());
            })
        });
        let closer = thread::spawn(move || drop(pool));
        shares.into_iter().for_each(|thread| thread.join().unwrap());
        closer.join().unwrap();
        watch.assert_freed_once();
    });
    share_last.check();
}

/// `close` beside an alloc and a drop: no slot is handed out after it, none is lost by it.
#[test]
fn closing_beside_alloc_and_drop_loses_nothing() {
    let refused = Reached::new("the alloc came after the close");
    let served = Reached::new("the alloc came before the close");
    let (mark_refused, mark_served) = (refused.clone(), served.clone());
    // Three preemptions: each of three threads can be held up once. Five take ten times as long and found no more.
    explore(3, move || {
        let watch = BodyWatch::start();
        let pool = std::sync::Arc::new(small_pool(2));
        let mut lease = pool.alloc().unwrap();
        let closer = {
            let pool = std::sync::Arc::clone(&pool);
            thread::spawn(move || {
                pool.close();
                assert!(pool.try_alloc().is_err_and(|why| why.is_closed()));
            })
        };
        let taker = {
            let pool = std::sync::Arc::clone(&pool);
            thread::spawn(move || match pool.try_alloc() {
                Ok(mut taken) => {
                    write(&mut taken, 1);
                    true
                }
                Err(why) => {
                    assert!(why.is_closed(), "one of two slots was free: {why}");
                    false
                }
            })
        };
        let giver = {
            let watch = watch.clone();
            thread::spawn(move || {
                write(&mut lease, 2);
                watch.used();
                drop(lease);
            })
        };
        closer.join().unwrap();
        if taker.join().unwrap() {
            mark_served.mark();
        } else {
            mark_refused.mark();
        }
        giver.join().unwrap();
        assert_eq!(pool.free_count(), 2, "everything is home");
        assert!(pool.alloc().is_none());
        watch.used();
        assert!(!watch.is_freed(), "a handle is there");
        drop(pool);
        watch.assert_freed_once();
    });
    refused.check();
    served.check();
}
