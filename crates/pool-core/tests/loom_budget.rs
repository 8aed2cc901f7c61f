//! Models of budgets: the hand-over between a word and the books, waiting, leaving, ends.
//!
//! The lock is loom's mutex.
#![cfg(loom)]

mod model;

use loom::thread;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use model::{EVERY, Reached, explore};
use pool_core::{Budget, Charge, ChargeError, Charging};

struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits with the model's thread: one that nobody wakes is a deadlock, which loom reports.
fn wait(mut request: Charging) -> Result<Charge, ChargeError> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        if let Poll::Ready(answer) = Pin::new(&mut request).poll(&mut Context::from_waker(&waker)) {
            return answer;
        }
        thread::park();
    }
}

/// Makes a request that is in the queue, if there is no room now.
fn ask(budget: &Budget, bytes: usize) -> (Charging, bool) {
    let mut request = budget.charge_async(bytes);
    let poll = Pin::new(&mut request).poll(&mut Context::from_waker(Waker::noop()));
    (request, poll.is_pending())
}

/// Two budgets share theirs by `std`'s `Arc`, so that no handle's count adds an edge.
fn shared(budget: &Budget) -> Arc<Budget> {
    Arc::new(budget.clone())
}

/// The word goes into the books and back beside a charge and its end: no byte is lost or counted twice, and nobody is refused
/// for an attempt of another.
#[test]
fn a_word_that_is_guarded_and_let_go_keeps_every_byte() {
    let beside = Reached::new("the large attempt ended beside the charge");
    let alone = Reached::new("the large attempt ended before or after it");
    let (mark_beside, mark_alone) = (beside.clone(), alone.clone());
    // Bounded: more take a minute and find nothing else.
    explore(4, move || {
        let budget = shared(&Budget::new(10));
        let small = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                let charge = budget
                    .try_charge(5)
                    .expect("five of ten, beside at most five");
                drop(charge);
            })
        };
        let large = {
            let (budget, beside, alone) =
                (Arc::clone(&budget), mark_beside.clone(), mark_alone.clone());
            thread::spawn(move || {
                let _five = budget
                    .try_charge(5)
                    .expect("five of ten, beside at most five");
                match budget.try_charge(6) {
                    Ok(_) => panic!("eleven of ten"),
                    Err(error) => assert!(error.is_exhausted()),
                }
                match budget.used() {
                    5 => alone.mark(),
                    10 => beside.mark(),
                    used => panic!("{used} bytes"),
                }
            })
        };
        small.join().unwrap();
        large.join().unwrap();
        assert_eq!((budget.used(), budget.available()), (0, 10));
    });
    beside.check();
    alone.check();
}

/// A child goes above its floor and back while its parent is asked for all the rest: the limit holds, and the rest is never refused.
#[test]
fn a_child_above_its_floor_asks_its_parent() {
    let above = Reached::new("the child got more than its floor");
    let within = Reached::new("the child got its floor alone");
    let (mark_above, mark_within) = (above.clone(), within.clone());
    explore(EVERY, move || {
        let budget = shared(&Budget::new(10));
        let child = budget.child().floor_bytes(4).build().unwrap();
        let asks = {
            let (above, within) = (mark_above.clone(), mark_within.clone());
            let child = child.clone();
            thread::spawn(move || {
                let _floor = child.try_charge(4).expect("it is kept for the child");
                match child.try_charge(1) {
                    Ok(_) => above.mark(),
                    Err(_) => within.mark(),
                }
            })
        };
        let rest = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                assert!(budget.try_charge(7).is_err(), "the floor is kept");
                drop(budget.try_charge(5).expect("beside at most five"));
                budget.try_charge(6).is_ok()
            })
        };
        asks.join().unwrap();
        rest.join().unwrap();
        assert_eq!((child.used(), child.available()), (0, 10));
        assert_eq!((budget.used(), budget.available()), (0, 6));
    });
    above.check();
    within.check();
}

/// Who comes to wait while the bytes are given back: either it sees them, or it is woken.
#[test]
fn nobody_sleeps_beside_free_bytes() {
    let slept = Reached::new("the request had to wait");
    let at_once = Reached::new("the request found the bytes");
    let (mark_slept, mark_at_once) = (slept.clone(), at_once.clone());
    explore(EVERY, move || {
        let budget = shared(&Budget::new(10));
        let held = budget.try_charge(10).unwrap();
        let waits = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || wait(budget.charge_async(6)).expect("in time").bytes())
        };
        let gives = thread::spawn(move || drop(held));
        assert_eq!(waits.join().unwrap(), 6);
        gives.join().unwrap();
        let waited = budget.snapshot().total().waited;
        mark_slept.mark_if(waited == 1);
        mark_at_once.mark_if(waited == 0);
        assert_eq!((budget.used(), budget.available()), (0, 10));
    });
    slept.check();
    at_once.check();
}

/// The first in the queue leaves it while the bytes are given back that it was granted, or that would have been its: the second gets them.
#[test]
fn a_request_that_is_dropped_hands_on_its_turn() {
    let waited = Reached::new("the first left the queue");
    let granted = Reached::new("the first left its bytes");
    let (mark_waited, mark_granted) = (waited.clone(), granted.clone());
    // Bounded: three threads.
    explore(3, move || {
        let budget = shared(&Budget::new(10));
        let held = budget.try_charge(10).unwrap();
        let (first, asleep) = ask(&budget, 10);
        assert!(asleep);
        let second = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                wait(budget.charge_async(7))
                    .expect("its turn comes")
                    .bytes()
            })
        };
        let gives = thread::spawn(move || drop(held));
        let leaves = {
            let (budget, waited, granted) = (
                Arc::clone(&budget),
                mark_waited.clone(),
                mark_granted.clone(),
            );
            thread::spawn(move || {
                // The second has seven of them or none, the first all ten, the charge all ten.
                let waits = budget.snapshot().total().waiting;
                waited.mark_if(waits > 0);
                granted.mark_if(waits == 0);
                drop(first);
            })
        };
        assert_eq!(second.join().unwrap(), 7);
        gives.join().unwrap();
        leaves.join().unwrap();
        assert_eq!((budget.used(), budget.available()), (0, 10));
    });
    waited.check();
    granted.check();
}

/// A charge moves between siblings of a full parent, out of a quick account: the parent's bytes do not change for a moment.
#[test]
fn a_move_between_siblings_is_one_step() {
    let before = Reached::new("the other saw the bytes where they were");
    let after = Reached::new("the other saw the bytes where they went");
    let (mark_before, mark_after) = (before.clone(), after.clone());
    explore(EVERY, move || {
        let budget = shared(&Budget::new(14));
        let from = budget.child().floor_bytes(7).build().unwrap();
        let to = budget.child().floor_bytes(3).build().unwrap();
        let mut charge = from.try_charge(7).unwrap();
        let moves = {
            let to = to.clone();
            thread::spawn(move || {
                charge.move_to(&to).expect("the same bytes");
                charge
            })
        };
        let looks = {
            let (budget, before, after) =
                (Arc::clone(&budget), mark_before.clone(), mark_after.clone());
            thread::spawn(move || {
                let report = budget.snapshot();
                let used: Vec<_> = report.budgets.iter().map(|it| it.used).collect();
                match used[..] {
                    [7, 7, 0] => before.mark(),
                    [7, 0, 7] => after.mark(),
                    _ => panic!("{used:?}"),
                }
            })
        };
        let charge = moves.join().unwrap();
        looks.join().unwrap();
        assert_eq!((from.used(), to.used(), budget.used()), (0, 7, 7));
        drop(charge);
        assert_eq!((budget.used(), budget.available()), (0, 4));
    });
    before.check();
    after.check();
}

/// The last handle and the last charge go at once: the child ends once, and its floor is its parent's again. Beside it, the tenant's name is asked for.
#[test]
fn a_child_ends_once() {
    let found = Reached::new("the dying child was found by its tenant");
    let gone = Reached::new("it was gone");
    let (mark_found, mark_gone) = (found.clone(), gone.clone());
    explore(EVERY, move || {
        let tenant = pool_core::Tenant::new(1);
        let budget = shared(&Budget::new(10));
        let child = budget
            .child()
            .tenant(tenant)
            .floor_bytes(4)
            .build()
            .unwrap();
        let charge = child.try_charge(4).unwrap();
        drop(child);
        let ends = thread::spawn(move || drop(charge));
        let looks = {
            let (budget, found, gone) =
                (Arc::clone(&budget), mark_found.clone(), mark_gone.clone());
            thread::spawn(move || match budget.tenant(tenant) {
                Some(child) => {
                    found.mark();
                    assert!(child.available() >= 4 || child.used() == 4);
                }
                None => gone.mark(),
            })
        };
        ends.join().unwrap();
        looks.join().unwrap();
        assert_eq!((budget.used(), budget.available()), (0, 10));
        assert_eq!(budget.snapshot().budgets.len(), 1);
    });
    found.check();
    gone.check();
}
