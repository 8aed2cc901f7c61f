//! Waiting for a slot: first come first served, cancelled at any moment, ended by a close, beside wakers that misbehave.
#![cfg(feature = "std")]

mod executor;
mod pools;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use executor::{Task, block_on};
use pool_core::{AllocFuture, Lease, Pool};
use pools::{assert_every_slot_once, pool, take_all};

const FOR_EVER: Duration = Duration::MAX;
const ROUNDS: usize = if cfg!(miri) { 10 } else { 2_000 };

/// Without caches, and with.
const SIZES: [usize; 2] = [3, 64];

/// A future that began to wait.
fn begin<'a>(pool: &'a Pool, task: &Task) -> AllocFuture<'a> {
    let mut future = pool.alloc_async();
    assert!(task.poll(&mut future).is_pending());
    future
}

fn finish(future: &mut AllocFuture<'_>, task: &Task) -> Lease {
    match task.poll(future) {
        Poll::Ready(Ok(lease)) => lease,
        other => panic!("not served: {other:?}"),
    }
}

#[test]
fn a_free_slot_is_there_at_once_and_nobody_is_counted() {
    for slots in SIZES {
        let pool = pool(slots);
        let mut all: Vec<_> = (0..slots - 1)
            .map(|_| block_on(pool.alloc_async()).expect("free"))
            .collect();
        all.push(pool.alloc_timeout(Duration::ZERO).expect("free"));
        assert_eq!((pool.in_use(), pool.stats().waits), (slots, 0));
        drop(all);
        assert_every_slot_once(&pool);
    }
}

#[test]
fn no_time_is_a_refusal_at_once_and_counted_as_one() {
    let pool = pool(3);
    let all = take_all(&pool);
    for limit in [Duration::ZERO, Duration::from_nanos(1)] {
        let why = pool.alloc_timeout(limit).expect_err("nobody frees");
        assert!(why.is_timed_out() && !why.is_closed() && !why.is_exhausted());
        assert_eq!(
            why.to_string(),
            "pool exhausted: all 3 slots were in use, and none came home for this waiter in time"
        );
    }
    let stats = pool.stats();
    assert_eq!((stats.exhausted, stats.waits), (2, 1));
    drop(all);
    assert_every_slot_once(&pool);
}

#[test]
fn waiters_are_served_in_the_order_in_which_they_came() {
    for slots in SIZES {
        let pool = pool(slots);
        let mut all = take_all(&pool);
        let tasks: Vec<_> = (0..slots).map(|_| Task::default()).collect();
        let mut futures: Vec<_> = tasks.iter().map(|task| begin(&pool, task)).collect();
        assert_eq!(pool.stats().waits, slots as u64);
        for at in 0..slots {
            let slot = all[0].slot_index();
            drop(all.remove(0));
            assert!(pool.alloc().is_none(), "the slot is promised to a waiter");
            assert_eq!((pool.free_count(), pool.in_use()), (0, slots));
            for (number, task) in tasks.iter().enumerate() {
                assert_eq!(task.wakes(), usize::from(number <= at), "waiter {number}");
            }
            let lease = finish(&mut futures[at], &tasks[at]);
            assert_eq!(lease.slot_index(), slot);
            all.push(lease);
        }
        drop((futures, all));
        assert_every_slot_once(&pool);
    }
}

#[test]
fn a_place_that_is_given_up_passes_its_slot_on() {
    for slots in SIZES {
        let pool = pool(slots);
        let mut all = take_all(&pool);
        let [first, second, third, fourth]: [Task; 4] = Default::default();
        let (one, two) = (begin(&pool, &first), begin(&pool, &second));
        let (three, mut four) = (begin(&pool, &third), begin(&pool, &fourth));
        drop(two);
        all.pop();
        assert_eq!((first.wakes(), third.wakes()), (1, 0));
        drop(one);
        assert_eq!((third.wakes(), fourth.wakes()), (1, 0));
        drop(three);
        assert_eq!(fourth.wakes(), 1);
        assert!(!finish(&mut four, &fourth).is_empty());
        drop((four, all));
        assert_every_slot_once(&pool);
    }
}

/// A slot may come home between two polls, to a task that moved to another waker.
#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let pool = pool(1);
    let lease = pool.alloc();
    let (old, new) = (Task::default(), Task::default());
    let mut future = begin(&pool, &old);
    assert!(new.poll(&mut future).is_pending());
    drop(lease);
    assert_eq!((old.wakes(), new.wakes()), (0, 1));
    drop(finish(&mut future, &new));
    assert!(catch_unwind(AssertUnwindSafe(|| new.poll(&mut future).is_ready())).is_err());
}

#[test]
fn a_close_tells_everybody_who_waits() {
    for slots in SIZES {
        let pool = pool(slots);
        let mut all = take_all(&pool);
        let (task, late) = (Task::default(), Task::default());
        let mut futures: Vec<_> = (0..3).map(|_| begin(&pool, &task)).collect();
        let blocked = {
            let pool = pool.clone();
            thread::spawn(move || pool.alloc_timeout(FOR_EVER).map(drop))
        };
        while pool.stats().waits < 4 {
            thread::yield_now();
        }
        // Served before the close, so it is a slot.
        all.pop();
        pool.close();
        assert_eq!(task.wakes(), 3);
        assert!(
            blocked
                .join()
                .expect("no panic")
                .is_err_and(|why| why.is_closed())
        );
        let mut answers = futures.iter_mut().map(|future| task.poll(future));
        assert!(matches!(answers.next(), Some(Poll::Ready(Ok(_)))));
        for answer in answers {
            assert!(matches!(answer, Poll::Ready(Err(why)) if why.is_closed()));
        }
        assert!(
            matches!(late.poll(&mut pool.alloc_async()), Poll::Ready(Err(why)) if why.is_closed())
        );
        assert!(
            pool.alloc_timeout(FOR_EVER)
                .is_err_and(|why| why.is_closed())
        );
        drop((futures, all));
        assert_eq!(pool.free_count(), slots);
    }
}

/// Every way for a slot to come home serves a waiter.
#[test]
fn every_way_home_leads_to_the_waiter() {
    type Way = fn(&Pool, Lease);
    let ways: [Way; 6] = [
        |_, lease| drop(lease),
        |_, lease| drop(lease.share()),
        |pool, lease| drop(pool.redeem(lease.into_id()).expect("it is out")),
        |_, lease| thread::spawn(move || drop(lease)).join().expect("no panic"),
        |pool, lease| pool.cache().free(lease),
        |pool, lease| {
            let cache = pool.cache();
            cache.free(lease);
            thread::scope(|scope| scope.spawn(move || drop(cache)).join()).expect("no panic");
        },
    ];
    for slots in SIZES {
        for way in ways {
            let pool = pool(slots);
            let mut all = take_all(&pool);
            let task = Task::default();
            let mut future = begin(&pool, &task);
            way(&pool, all.pop().expect("all were taken"));
            assert_eq!(task.wakes(), 1);
            all.push(finish(&mut future, &task));
            drop((future, all));
            assert_every_slot_once(&pool);
        }
    }
}

/// The caches come back to their owners after a wait, and hide nothing from the next one.
#[test]
fn waits_come_and_go() {
    let pool = pool(64);
    for _ in 0..3 {
        let mut all = take_all(&pool);
        let task = Task::default();
        let mut future = begin(&pool, &task);
        all.pop();
        all.push(finish(&mut future, &task));
        all.clear();
        for _ in 0..100 {
            let some: Vec<_> = std::iter::from_fn(|| pool.alloc()).take(20).collect();
            assert_eq!(some.len(), 20);
        }
    }
    assert_every_slot_once(&pool);
}

/// Wakers that do what they should not; each counts its calls.
struct Rude<F: Fn() + Send + Sync>(AtomicUsize, F);

impl<F: Fn() + Send + Sync> Wake for Rude<F> {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
        (self.1)();
    }
}

fn poll_with(future: &mut AllocFuture<'_>, waker: &Waker) -> bool {
    let mut context = Context::from_waker(waker);
    std::future::Future::poll(std::pin::Pin::new(future), &mut context).is_ready()
}

#[test]
fn a_waker_that_panics_does_so_in_the_drop_and_loses_nothing() {
    for slots in SIZES {
        let pool = pool(slots);
        let mut all = take_all(&pool);
        let rude = Arc::new(Rude(AtomicUsize::new(0), || panic!("rude")));
        let task = Task::default();
        let mut first = pool.alloc_async();
        assert!(!poll_with(&mut first, &Waker::from(Arc::clone(&rude))));
        let mut second = begin(&pool, &task);
        let (one, two) = (all.pop(), all.pop());
        assert!(catch_unwind(AssertUnwindSafe(|| drop(one))).is_err());
        assert_eq!((rude.0.load(SeqCst), task.wakes()), (1, 0));
        drop(two);
        assert_eq!(task.wakes(), 1);
        all.push(finish(&mut first, &task));
        all.push(finish(&mut second, &task));
        drop((first, second, all));
        assert_every_slot_once(&pool);
    }
}

/// Several are woken by one call: a panic of the first does not keep the others asleep.
#[test]
fn a_close_wakes_the_others_when_a_waker_panics() {
    let pool = pool(3);
    let all = take_all(&pool);
    let rude = Arc::new(Rude(AtomicUsize::new(0), || panic!("rude")));
    let task = Task::default();
    let mut first = pool.alloc_async();
    assert!(!poll_with(&mut first, &Waker::from(rude)));
    let mut others = [begin(&pool, &task), begin(&pool, &task)];
    assert!(catch_unwind(AssertUnwindSafe(|| pool.close())).is_err());
    assert_eq!(task.wakes(), 2);
    for future in others.iter_mut().chain([&mut first]) {
        assert!(matches!(task.poll(future), Poll::Ready(Err(why)) if why.is_closed()));
    }
    drop(all);
    assert_eq!(pool.free_count(), 3);
}

/// A chain of slots that come home at once, with a waker that panics in the middle.
#[test]
fn a_reservation_that_goes_serves_many_when_a_waker_panics() {
    let pool = pool(4);
    let reserved = pool.reserve(4).expect("all are free");
    let rude = Arc::new(Rude(AtomicUsize::new(0), || panic!("rude")));
    let task = Task::default();
    let mut first = pool.alloc_async();
    assert!(!poll_with(&mut first, &Waker::from(rude)));
    let mut second = begin(&pool, &task);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(reserved))).is_err());
    assert_eq!((task.wakes(), pool.free_count()), (1, 2));
    drop((finish(&mut first, &task), finish(&mut second, &task)));
    assert_every_slot_once(&pool);
}

/// A waker may use the pool it is called from, and so many others that the thread's table gives its place away.
#[test]
fn a_waker_may_use_the_pool_and_others() {
    for slots in SIZES {
        let (one, others) = (pool(slots), (0..70).map(|_| pool(64)).collect::<Vec<_>>());
        let mut all = take_all(&one);
        let used = {
            let one = one.clone();
            Arc::new(Rude(AtomicUsize::new(0), move || {
                assert!(one.alloc().is_none());
                for other in &others {
                    drop(other.alloc().expect("64 are free"));
                }
            }))
        };
        let task = Task::default();
        let mut future = one.alloc_async();
        assert!(!poll_with(&mut future, &Waker::from(Arc::clone(&used))));
        drop(all.pop());
        assert_eq!(used.0.load(SeqCst), 1);
        all.push(finish(&mut future, &task));
        drop((future, all));
        assert_every_slot_once(&one);
    }
}

/// What was served may be dropped, with the last handle, while the one who served it is still on the way out.
#[test]
fn a_waiter_may_end_the_pool_that_served_it() {
    for slots in SIZES {
        for _ in 0..ROUNDS.min(500) {
            let pool = pool(slots);
            let mut all = take_all(&pool);
            let last = all.pop();
            let waiter = thread::spawn(move || {
                drop(all);
                let (a, b) = (pool.alloc_timeout(FOR_EVER), block_on(pool.alloc_async()));
                assert!(a.is_ok() && b.is_ok());
            });
            drop(last);
            waiter.join().expect("served");
        }
    }
}

/// Eight threads and one slot: nobody starves, and each owner is alone.
#[test]
fn eight_threads_share_one_slot_by_waiting() {
    let pool = pool(1);
    let (barrier, busy) = (Barrier::new(8), AtomicBool::new(false));
    thread::scope(|scope| {
        for number in 0..8 {
            let (pool, barrier, busy) = (&pool, &barrier, &busy);
            scope.spawn(move || {
                barrier.wait();
                for round in 0..ROUNDS {
                    let lease = if (number + round) % 2 == 0 {
                        pool.alloc_timeout(FOR_EVER)
                    } else {
                        block_on(pool.alloc_async())
                    };
                    assert!(!busy.swap(true, SeqCst), "two owners");
                    thread::yield_now();
                    busy.store(false, SeqCst);
                    drop(lease.expect("not closed"));
                }
            });
        }
    });
    assert_every_slot_once(&pool);
}

/// Waiters that give up at random moments beside others that never do: these are all served, and no slot is lost.
#[test]
fn waits_that_are_given_up_at_any_moment_lose_nothing() {
    for slots in SIZES {
        let pool = pool(slots);
        // All but two stay away, so that there is something to wait for.
        let away = pool.reserve(slots - 2).expect("all are free");
        let barrier = Barrier::new(6);
        thread::scope(|scope| {
            for number in 0..6_usize {
                let (pool, barrier) = (&pool, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    for round in 0..ROUNDS {
                        match (number, round % 4) {
                            (0..3, _) => {
                                let lease = block_on(pool.alloc_async()).expect("not closed");
                                thread::yield_now();
                                drop(lease);
                            }
                            (3, _) => {
                                let limit = Duration::from_nanos(round as u64 * 97 % 5_000);
                                drop(pool.alloc_timeout(limit));
                            }
                            (_, polls) => {
                                let task = Task::default();
                                let mut future = pool.alloc_async();
                                for _ in 0..polls {
                                    if task.poll(&mut future).is_ready() {
                                        break;
                                    }
                                    thread::yield_now();
                                }
                            }
                        }
                    }
                });
            }
        });
        drop(away);
        assert_every_slot_once(&pool);
    }
}

/// Slots move between threads through caches while others wait for them, run after run into exhaustion and out of it.
#[test]
fn waiting_beside_caches_strands_nothing() {
    let pool = pool(64);
    let (barrier, held) = (Barrier::new(4), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for number in 0..4_usize {
            let (pool, barrier, held) = (&pool, &barrier, &held);
            scope.spawn(move || {
                barrier.wait();
                for round in 0..ROUNDS {
                    // Whoever takes the last slot gives many back, so whoever waits is served in the end.
                    let lease = match (number + round) % 3 {
                        0 => pool.alloc_timeout(FOR_EVER).expect("not closed"),
                        1 => block_on(pool.alloc_async()).expect("not closed"),
                        _ => match pool.alloc() {
                            Some(lease) => lease,
                            None => continue,
                        },
                    };
                    let mut held = held.lock().expect("no panic");
                    held.push(lease);
                    let given: Vec<Lease> = if held.len() == 64 {
                        held.drain(round % 50..).collect()
                    } else {
                        Vec::new()
                    };
                    drop(held);
                    drop(given);
                }
            });
        }
    });
    drop(held.into_inner());
    assert_every_slot_once(&pool);
}
