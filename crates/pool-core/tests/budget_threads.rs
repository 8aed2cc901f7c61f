//! Budgets under many threads that start at once: what must hold whatever the order was.

mod together;

use pool_core::Budget;
use together::at_once;

const THREADS: usize = 4;
const ROUNDS: usize = if cfg!(miri) { 20 } else { 20_000 };
const BYTES: usize = 10;

/// Whose needs fit together are never refused: not by one another, and not by what others try and do not get.
#[test]
fn needs_that_fit_together_are_never_refused() {
    let budget = Budget::new(THREADS * BYTES);
    let beside = budget.child().ceiling_bytes(THREADS * BYTES).build();
    let (child, greedy) = (beside.unwrap(), budget.child().build().unwrap());
    let all = (budget.clone(), child.clone(), greedy.clone());
    at_once(THREADS, move |thread| {
        let (budget, child, greedy) = &all;
        for round in 0..ROUNDS {
            let own = if thread % 2 == 0 { budget } else { child };
            let mut charge = own.try_charge(BYTES).expect("there is room for it");
            // More than can be there, seen from two levels.
            assert!(greedy.try_charge(THREADS * BYTES).is_err());
            if round % 8 == 0 {
                charge.move_to(greedy).expect("the same bytes");
            }
        }
    });
    assert_eq!((budget.used(), greedy.used(), child.used()), (0, 0, 0));
    assert!(budget.snapshot().total().peak <= THREADS * BYTES);
}

#[test]
fn needs_that_fit_a_flat_budget_are_never_refused() {
    let budget = Budget::new(THREADS * BYTES);
    let shared = budget.clone();
    at_once(THREADS, move |_| {
        let budget = &shared;
        for _ in 0..ROUNDS {
            let charge = budget.try_charge(BYTES).expect("there is room for it");
            assert!(budget.try_charge(THREADS * BYTES - BYTES + 1).is_err());
            drop(charge);
        }
    });
    assert_eq!(budget.used(), 0);
    let now = budget.snapshot();
    assert!(now.total().peak <= THREADS * BYTES);
}

/// Floors and what goes above them, with reports in between that add up, and children that come and go.
#[test]
fn every_report_adds_up_beside_everything() {
    let budget = Budget::new(1000);
    let children: Vec<_> = (0..2)
        .map(|_| budget.child().floor_bytes(50).ceiling_bytes(300).build())
        .map(Result::unwrap)
        .collect();
    let shared = (budget.clone(), children.clone());
    at_once(THREADS, move |thread| {
        let (budget, children) = &shared;
        for round in 0..ROUNDS / 4 {
            let child = &children[(thread + round) % 2];
            let within = child.try_charge(12);
            let above = child.try_charge(100 + thread);
            let passing = budget.child().floor_bytes(3).build();
            let more = passing.map(|it| it.try_charge(5));
            let now = budget.snapshot();
            let total = now.total();
            let parts = now.children().map(|it| it.used).sum::<usize>();
            assert_eq!(total.used, total.own + parts);
            let demands = now.children().map(|it| it.reserved.max(it.floor));
            assert_eq!(total.reserved, total.own + demands.sum::<usize>());
            assert!(total.reserved <= 1000 && total.peak <= 1000);
            drop((within, above, more));
        }
    });
    assert_eq!(budget.used(), 0);
    assert_eq!(budget.available(), 900);
}

/// All wait, all get their bytes, and never more than the limit is held.
#[cfg(feature = "std")]
#[test]
fn who_waits_is_served_and_the_limit_holds() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    let budget = Budget::new(30);
    let (shared, held) = (budget.clone(), AtomicUsize::new(0));
    at_once(THREADS, move |thread| {
        let budget = &shared;
        let own = budget.child().ceiling_bytes(25).build().unwrap();
        for round in 0..ROUNDS / 10 {
            let bytes = 1 + (thread * 7 + round) % 20;
            let charge = own.charge_timeout(bytes, Duration::from_secs(600));
            let charge = charge.expect("its turn comes");
            // Relaxed: the sum is what is asserted, and it is never lower than what this thread put there.
            let now = held.fetch_add(bytes, Ordering::Relaxed) + bytes;
            assert!(now <= 30, "{now} bytes are held");
            held.fetch_sub(bytes, Ordering::Relaxed);
            drop(charge);
        }
    });
    assert_eq!(budget.used(), 0);
    assert!(budget.snapshot().total().peak <= 30);
}
