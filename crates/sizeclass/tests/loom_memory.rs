//! Models of memory on its way: charged at first use, given back when it idles, waited for, and given up waiting for.
//!
//! The atomics and locks are pool-core's, with loom below them, which also watches each access to a slot's bytes. A waiter that is missed sleeps for ever; loom
//! calls that a deadlock and fails the model.
#![cfg(loom)]

mod reached;

use loom::sync::Notify;
use loom::thread;
use pool_core::{Budget, Tenant};
use reached::{Reached, explore};
use sizeclass::{AcquireError, AcquireFuture, BufferPool, Classes, PooledBuffer};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

const SMALL: usize = 4096;
const LARGE: usize = 8192;

/// What a task sleeps by.
struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

fn wait(mut request: AcquireFuture<'_>) -> (Result<PooledBuffer, AcquireError>, bool) {
    let bell = Arc::new(Bell(Notify::new()));
    let waker = Waker::from(Arc::clone(&bell));
    let mut has_waited = false;
    loop {
        if let Poll::Ready(answer) = Pin::new(&mut request).poll(&mut Context::from_waker(&waker)) {
            return (answer, has_waited);
        }
        has_waited = true;
        bell.0.wait();
    }
}

/// Polls once, for a waker that nobody is.
fn ask(request: &mut AcquireFuture<'_>) -> Poll<Result<PooledBuffer, AcquireError>> {
    Pin::new(request).poll(&mut Context::from_waker(Waker::noop()))
}

/// Two classes of `slots` each, and room for `bytes`.
fn pool(slots: usize, bytes: usize) -> (Arc<BufferPool>, Budget) {
    let budget = Budget::new(bytes);
    let builder = BufferPool::builder().classes(Classes::new([SMALL, LARGE]));
    let builder = builder.capacity_per_class(slots).decay_every(None);
    let pool = builder.region(pool_core::RegionSource::Heap);
    (
        Arc::new(pool.budget(&budget).build().expect("small")),
        budget,
    )
}

/// Every slot that has memory is charged, once; and nothing else is, when all of it went back.
fn assert_every_byte_once(pool: &BufferPool, budget: &Budget) {
    let stats = pool.stats();
    let resident = stats.in_use_bytes() + stats.idle_bytes();
    assert_eq!(budget.used(), resident, "{stats}");
    assert!(budget.snapshot().total().peak <= budget.limit());
    pool.trim(0);
    assert_eq!(budget.used(), 0, "{stats}");
    for class in pool.stats().classes() {
        assert_eq!(class.vacant, class.slots);
    }
}

fn write(buffer: &mut PooledBuffer, byte: u8) {
    buffer[0] = byte;
}

/// A slot whose memory goes back is charged anew by whoever uses it next, and to one of the two.
#[test]
fn a_first_use_beside_a_trim_is_charged_once() {
    let given_back = Reached::new("the trim gave memory back");
    let kept = Reached::new("the trim found none");
    let marks = (given_back.clone(), kept.clone());
    explore(3, move || {
        let (pool, budget) = pool(1, SMALL);
        let (given_back, kept) = marks.clone();
        drop(pool.try_acquire(1).expect("there is room"));
        let user = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                if let Ok(mut buffer) = pool.try_acquire(1) {
                    write(&mut buffer, 1);
                    assert_eq!(buffer[0], 1);
                }
            })
        };
        let trimmer = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || match pool.trim(0) {
                0 => kept.mark(),
                _ => given_back.mark(),
            })
        };
        user.join().expect("no panic");
        trimmer.join().expect("no panic");
        assert_every_byte_once(&pool, &budget);
    });
    given_back.check();
    kept.check();
}

/// Idle memory of another class is no byte in the budget until somebody gives it back; who waits does, whenever it comes home.
#[test]
fn what_comes_home_in_another_class_serves_who_waits_for_bytes() {
    let waited = Reached::new("it waited");
    let found = Reached::new("it gave back what was home");
    let marks = (waited.clone(), found.clone());
    explore(2, move || {
        let (pool, budget) = pool(1, LARGE);
        let (waited, found) = marks.clone();
        let mut held = pool.try_acquire(LARGE).expect("there is room");
        let giver = thread::spawn(move || {
            write(&mut held, 1);
            drop(held);
        });
        let waiter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let (answer, has_waited) = wait(pool.acquire_async(SMALL));
                write(&mut answer.expect("in turn"), 2);
                if has_waited {
                    waited.mark()
                } else {
                    found.mark()
                }
            })
        };
        giver.join().expect("no panic");
        waiter.join().expect("no panic");
        assert_every_byte_once(&pool, &budget);
    });
    waited.check();
    found.check();
}

/// All slots of the class are out, and the budget has room: a slot that comes home, and nothing else, ends the waiting.
#[test]
fn a_slot_that_is_wanted_is_not_put_away_by_a_trim() {
    let waited = Reached::new("it waited");
    let trimmed = Reached::new("the trim was faster");
    let marks = (waited.clone(), trimmed.clone());
    explore(2, move || {
        let (pool, budget) = pool(1, SMALL);
        let (waited, trimmed) = marks.clone();
        let held = pool.try_acquire(SMALL).expect("there is room");
        let giver = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                drop(held);
                if pool.trim(0) > 0 {
                    trimmed.mark();
                }
            })
        };
        let waiter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let (answer, has_waited) = wait(pool.acquire_async(SMALL));
                write(&mut answer.expect("in turn"), 2);
                if has_waited {
                    waited.mark();
                }
            })
        };
        giver.join().expect("no panic");
        waiter.join().expect("no panic");
        assert_every_byte_once(&pool, &budget);
    });
    waited.check();
    trimmed.check();
}

/// A request that is given up while it is served passes on what it was given: slots and bytes.
#[test]
fn a_request_that_is_given_up_beside_a_drop_strands_nothing() {
    let in_line = Reached::new("it was given up in line");
    let served = Reached::new("it was served at once");
    let marks = (in_line.clone(), served.clone());
    explore(2, move || {
        let (pool, budget) = pool(1, LARGE);
        let (in_line, served) = marks.clone();
        let held = pool.try_acquire(LARGE).expect("there is room");
        let giver = thread::spawn(move || drop(held));
        let quitter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut request = pool.acquire_async(SMALL);
                match ask(&mut request) {
                    Poll::Ready(answer) => {
                        served.mark();
                        drop(answer);
                    }
                    Poll::Pending => in_line.mark(),
                }
                drop(request);
            })
        };
        giver.join().expect("no panic");
        quitter.join().expect("no panic");
        // Nobody is in line any more: what is home can be had.
        let again = pool.try_acquire(LARGE).expect("nobody has any");
        drop(again);
        assert_every_byte_once(&pool, &budget);
    });
    in_line.check();
    served.check();
}

/// Who waits behind one that gives up is served.
#[test]
fn a_request_behind_one_that_is_given_up_is_served() {
    let waited = Reached::new("it waited");
    let mark = waited.clone();
    explore(2, move || {
        let (pool, budget) = pool(1, LARGE);
        let waited = mark.clone();
        let held = pool.try_acquire(LARGE).expect("there is room");
        let quitter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut request = pool.acquire_async(SMALL);
                let _ = ask(&mut request);
                drop(held);
                drop(request);
            })
        };
        let waiter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let (answer, has_waited) = wait(pool.acquire_async(SMALL));
                write(&mut answer.expect("in turn"), 2);
                if has_waited {
                    waited.mark();
                }
            })
        };
        quitter.join().expect("no panic");
        waiter.join().expect("no panic");
        assert_every_byte_once(&pool, &budget);
    });
    waited.check();
}

/// Who waits at its own ceiling stands in no line of slots; what it gives back in another class is idle memory of a full budget, and serves it all the same.
#[test]
fn what_a_tenant_gives_back_serves_who_waits_at_its_ceiling() {
    let waited = Reached::new("it waited");
    let mark = waited.clone();
    explore(2, move || {
        let (pool, budget) = pool(1, LARGE);
        let child = budget.child().tenant(Tenant::new(1));
        let alice = child.ceiling_bytes(LARGE).build().expect("small");
        let hers = pool.tenant(Tenant::new(1)).expect("she has a budget");
        let held = hers.try_acquire(LARGE).expect("there is room");
        let waited = mark.clone();
        let giver = thread::spawn(move || drop(held));
        let waiter = thread::spawn(move || {
            let (answer, has_waited) = wait(hers.acquire_async(SMALL));
            write(&mut answer.expect("in turn"), 1);
            if has_waited {
                waited.mark();
            }
        });
        giver.join().expect("no panic");
        waiter.join().expect("no panic");
        assert_eq!(alice.used(), 0);
        assert_every_byte_once(&pool, &budget);
    });
    waited.check();
}
