//! Models of waiting: whoever waits while slots come home, waiters go, the pool closes or ends, is served or told, and no slot is lost.
//!
//! A waiter that is missed sleeps for ever; loom calls that a deadlock and fails the model.
#![cfg(loom)]

mod body_watch;
mod model;

use loom::sync::Notify;
use loom::thread;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use body_watch::BodyWatch;
use model::{EVERY, Reached, assert_every_slot_once, explore, pool, small_pool, write};
use pool_core::{AllocError, Lease, Pool};

/// What a task sleeps by.
struct Bell {
    notify: Notify,
    /// Outside the model: loom runs one thread at a time.
    rung: AtomicBool,
}

impl Bell {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            notify: Notify::new(),
            rung: AtomicBool::new(false),
        })
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Relaxed);
        self.notify.notify();
    }
}

fn wait_for(pool: &Pool) -> Result<Lease, AllocError> {
    let bell = Bell::new();
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = pin!(pool.alloc_async());
    loop {
        if let Poll::Ready(answer) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return answer;
        }
        bell.notify.wait();
    }
}

/// What is written to a slot before it comes home is seen by who waited for it.
fn wait_and_write(pool: &Pool) -> Lease {
    let mut lease = wait_for(pool).expect("not closed");
    write(&mut lease, 2);
    lease
}

fn spawn_giver(mut lease: Lease) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        write(&mut lease, 1);
        drop(lease);
    })
}

/// The list's mark against a push: either the waiter takes the slot from the list, or the push sees that somebody waits.
#[test]
fn a_slot_that_comes_home_to_the_list_is_not_missed() {
    let waited = Reached::new("the slot went from hand to hand");
    let found = Reached::new("the slot was in the list");
    let (mark_waited, mark_found) = (waited.clone(), found.clone());
    explore(EVERY, move || {
        let pool = pool(1);
        let giver = spawn_giver(pool.alloc().unwrap());
        let waiter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || wait_and_write(&pool))
        };
        giver.join().unwrap();
        let lease = waiter.join().unwrap();
        mark_waited.mark_if(pool.stats().waits == 1);
        mark_found.mark_if(pool.stats().waits == 0);
        assert_every_slot_once(&pool, vec![lease]);
    });
    waited.check();
    found.check();
}

/// The same with an alloc between that takes what it finds and gives it back.
#[test]
fn a_slot_that_another_alloc_takes_first_is_not_missed() {
    let between = Reached::new("another alloc had the slot and the waiter waited");
    let mark = between.clone();
    explore(2, move || {
        let pool = pool(1);
        let giver = spawn_giver(pool.alloc().unwrap());
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.alloc().is_some())
        };
        let waiter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || wait_and_write(&pool))
        };
        giver.join().unwrap();
        let other_had_it = other.join().unwrap();
        let lease = waiter.join().unwrap();
        mark.mark_if(other_had_it && pool.stats().waits == 1);
        assert_every_slot_once(&pool, vec![lease]);
    });
    between.check();
}

/// [MODE-SWEEP] against the light fence of a free, for a waiter: what is freed into a cache is found, or brought to the waiter.
#[test]
fn a_slot_that_comes_home_to_a_cache_is_not_missed() {
    let waited = Reached::new("the slot went from hand to hand");
    let found = Reached::new("the slot was in the cache, or in the list");
    let (mark_waited, mark_found) = (waited.clone(), found.clone());
    explore(3, move || {
        let pool = pool(4);
        let cache = pool.cache();
        let mut held: Vec<_> = std::iter::from_fn(|| cache.alloc()).take(4).collect();
        let mut lease = held.pop().unwrap();
        let giver = thread::spawn(move || {
            write(&mut lease, 1);
            cache.free(lease);
            cache
        });
        let waiter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || wait_and_write(&pool))
        };
        let cache = giver.join().unwrap();
        held.push(waiter.join().unwrap());
        mark_waited.mark_if(pool.stats().waits == 1);
        mark_found.mark_if(pool.stats().waits == 0);
        assert_every_slot_once(&pool, held);
        drop(cache);
    });
    waited.check();
    found.check();
}

/// A starvation is not left while somebody waits: its end, begun for the first slot, does not hide the second in a cache.
#[test]
fn a_starvation_does_not_end_while_somebody_waits() {
    let waited = Reached::new("the waiter waited for the second slot");
    let mark = waited.clone();
    explore(2, move || {
        let pool = pool(4);
        let cache = pool.cache();
        let mut held: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
        assert_eq!(held.len(), 4, "starving from here on");
        let (first, second) = (held.pop().unwrap(), held.pop().unwrap());
        let giver = thread::spawn(move || {
            // One of four is enough to end it.
            cache.free(first);
            cache.free(second);
            cache
        });
        let waiter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || (pool.alloc(), wait_for(&pool).expect("not closed")))
        };
        let cache = giver.join().unwrap();
        let (first, second) = waiter.join().unwrap();
        mark.mark_if(first.is_some() && pool.stats().waits == 1);
        held.extend(first.into_iter().chain([second]));
        assert_every_slot_once(&pool, held);
        drop(cache);
    });
    waited.check();
}

/// A waiter that goes after it was served passes the slot on.
#[test]
fn a_waiter_that_goes_beside_a_free_takes_no_wake_up_along() {
    let passed = Reached::new("the waiter that went had been served, and another waited");
    let mark = passed.clone();
    explore(2, move || {
        let pool = pool(1);
        let giver = spawn_giver(pool.alloc().unwrap());
        let goer = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let bell = Bell::new();
                let waker = Waker::from(Arc::clone(&bell));
                let mut future = pool.alloc_async();
                let polled = Pin::new(&mut future).poll(&mut Context::from_waker(&waker));
                drop(future);
                polled.is_pending() && bell.rung.load(Relaxed)
            })
        };
        let waiter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || wait_and_write(&pool))
        };
        giver.join().unwrap();
        let was_served = goer.join().unwrap();
        let lease = waiter.join().unwrap();
        mark.mark_if(was_served && pool.stats().waits == 2);
        assert_every_slot_once(&pool, vec![lease]);
    });
    passed.check();
}

/// [CLOSE] against the list's mark: whoever begins to wait beside a close is told.
#[test]
fn a_close_tells_who_begins_to_wait_beside_it() {
    let told = Reached::new("the waiter was told by the closer");
    let refused = Reached::new("the waiter found the pool closed");
    let (mark_told, mark_refused) = (told.clone(), refused.clone());
    explore(EVERY, move || {
        let pool = pool(1);
        let lease = pool.alloc().unwrap();
        let closer = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.close())
        };
        let waiter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || wait_for(&pool).is_err_and(|why| why.is_closed()))
        };
        closer.join().unwrap();
        assert!(waiter.join().unwrap(), "told that it is closed");
        mark_told.mark_if(pool.stats().waits == 1);
        mark_refused.mark_if(pool.stats().waits == 0);
        drop(lease);
        assert_eq!(pool.free_count(), 1);
    });
    told.check();
    refused.check();
}

/// The same with caches, for the mode's last word; what comes home after it goes by the way of the closed.
#[test]
fn a_close_with_caches_tells_who_begins_to_wait_beside_it() {
    let told = Reached::new("the waiter was told by the closer");
    let refused = Reached::new("the waiter found the pool closed");
    let (mark_told, mark_refused) = (told.clone(), refused.clone());
    explore(2, move || {
        let watch = BodyWatch::start();
        let pool = small_pool(4);
        let cache = pool.cache();
        let mut held: Vec<_> = std::iter::from_fn(|| cache.alloc()).take(4).collect();
        let lease = held.pop().unwrap();
        let closer = thread::spawn(move || {
            cache.pool().close();
            cache.free(lease);
        });
        let waiter = {
            let pool = pool.clone();
            thread::spawn(move || wait_for(&pool))
        };
        closer.join().unwrap();
        let answer = waiter.join().unwrap();
        let (waited, is_told) = (pool.stats().waits == 1, answer.is_err());
        // Who looks for a slot beside a close may find one.
        assert!(is_told || !waited, "told that it is closed");
        mark_told.mark_if(waited);
        mark_refused.mark_if(is_told && !waited);
        drop((answer, held));
        assert_eq!(pool.free_count(), 4, "everything is home");
        drop(pool);
        watch.assert_freed_once();
    });
    told.check();
    refused.check();
}

/// Who was served frees the pool while the one who served it is on the way out: [PIN-DROP] with [PIN-LAST].
#[test]
fn a_waiter_may_end_the_pool_that_served_it() {
    let waiter_last = Reached::new("the waiter's thread freed the body");
    let giver_last = Reached::new("the giver's thread freed the body after the waiter had gone");
    let (mark_waiter, mark_giver) = (waiter_last.clone(), giver_last.clone());
    explore(EVERY, move || {
        let watch = BodyWatch::start();
        let pool = small_pool(1);
        let lease = pool.alloc().unwrap();
        let giver = {
            let (watch, mark) = (watch.clone(), mark_giver.clone());
            thread::spawn(move || {
                watch.used();
                let before = watch.is_freed();
                drop(lease);
                mark.mark_if(!before && watch.is_freed());
            })
        };
        let waiter = {
            let (watch, mark) = (watch.clone(), mark_waiter.clone());
            thread::spawn(move || {
                let lease = wait_and_write(&pool);
                watch.used();
                drop((lease, pool));
                mark.mark_if(watch.is_freed());
            })
        };
        giver.join().unwrap();
        waiter.join().unwrap();
        watch.assert_freed_once();
    });
    waiter_last.check();
    giver_last.check();
}

/// A waiter that joins looks for a slot under the waiters' lock, in a magazine of the depot, while the pool is closed: it calls nobody who needs that lock.
#[test]
fn a_waiter_that_joins_beside_a_close_ends() {
    let served = Reached::new("the waiter was served");
    let told = Reached::new("the waiter was told");
    let (mark_served, mark_told) = (served.clone(), told.clone());
    explore(3, move || {
        let pool = pool(4);
        let cache = pool.cache();
        let mut held: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
        assert_eq!(held.len(), 4, "starving from here on");
        let (first, second) = (held.pop().unwrap(), held.pop().unwrap());
        let closer = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                cache.free(first); // A quarter is home, which ends the epoch.
                cache.free(second);
                let taken = pool.alloc();
                drop(cache); // Its magazine goes to the depot.
                pool.close();
                drop(taken);
            })
        };
        let waiter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || wait_for(&pool).is_ok())
        };
        closer.join().unwrap();
        let is_served = waiter.join().unwrap();
        mark_served.mark_if(is_served);
        mark_told.mark_if(!is_served);
        drop(held);
        assert_eq!(pool.free_count(), 4);
    });
    served.check();
    told.check();
}

std::thread_local! {
    /// The threads of the model that are in an alloc, by name: loom runs them all on one thread.
    static ALLOCATING: std::cell::RefCell<Vec<loom::thread::ThreadId>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Says when it is woken by a thread that is in an alloc.
struct Strict(Arc<Bell>);

impl Wake for Strict {
    fn wake(self: Arc<Self>) {
        let caller = thread::current().id();
        let is_in_alloc = ALLOCATING.with(|ids| ids.borrow().contains(&caller));
        assert!(!is_in_alloc, "an alloc called a waker");
        Arc::clone(&self.0).wake();
    }
}

/// An alloc calls no waker, whatever it meets: a waker is foreign code, which may make the thread give its cache away while the alloc still uses it. Here one takes
/// the last free slot beside a thread that begins to wait.
#[test]
fn no_alloc_calls_a_waker() {
    let waited = Reached::new("somebody waited, and an alloc took a slot");
    let mark = waited.clone();
    explore(5, move || {
        ALLOCATING.with(|ids| ids.borrow_mut().clear());
        let pool = pool(4);
        let mut held: Vec<_> = std::iter::from_fn(|| pool.alloc()).take(3).collect();
        let taker = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let own = thread::current().id();
                ALLOCATING.with(|ids| ids.borrow_mut().push(own));
                let taken = pool.alloc();
                ALLOCATING.with(|ids| ids.borrow_mut().retain(|id| *id != own));
                taken
            })
        };
        let waiter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let bell = Bell::new();
                let waker = Waker::from(Arc::new(Strict(Arc::clone(&bell))));
                let mut future = pin!(pool.alloc_async());
                let mut context = Context::from_waker(&waker);
                match future.as_mut().poll(&mut context) {
                    Poll::Ready(answer) => answer.ok(),
                    Poll::Pending => None,
                }
            })
        };
        let taken = taker.join().unwrap();
        let waited_for = waiter.join().unwrap();
        mark.mark_if(taken.is_some() && waited_for.is_none());
        held.extend(taken.into_iter().chain(waited_for));
        assert_every_slot_once(&pool, held);
    });
    waited.check();
}
