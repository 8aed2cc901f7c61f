//! What a budget promises on one thread: limits, floors, ends, odd numbers, reports.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pool_core::{Budget, BudgetUse, Charge, Tenant};

const ALICE: Tenant = Tenant::new(1);
const BOB: Tenant = Tenant::new(2);

fn total(budget: &Budget) -> BudgetUse {
    budget.snapshot().total().clone()
}

#[test]
fn a_limit_is_reached_exactly() {
    let budget = Budget::new(100);
    let most = budget.try_charge(60).unwrap();
    assert_eq!(budget.available(), 40);
    let error = budget.try_charge(41).unwrap_err();
    assert!(error.is_exhausted() && !error.is_too_large());
    let rest = budget.try_charge(40).unwrap();
    assert!(budget.try_charge(1).is_err());
    drop(most);
    assert_eq!(budget.used(), 40);
    drop(rest);
    assert_eq!(total(&budget).peak, 100);
    assert_eq!(total(&budget).refused, 2);
}

#[test]
fn no_bytes_are_always_granted() {
    let none = Budget::new(0);
    let nothing = none.try_charge(0).unwrap();
    assert!(none.try_charge(1).unwrap_err().is_too_large());
    let over = none.charge_overdrawn(5);
    let more = none.try_charge(0).unwrap();
    assert_eq!((nothing.bytes(), more.bytes(), none.used()), (0, 0, 5));
    drop((nothing, over, more, none.charge_overdrawn(0)));
    assert_eq!(none.used(), 0);
}

#[test]
fn the_largest_numbers_do_not_wrap() {
    let endless = Budget::new(usize::MAX);
    let child = endless.child().build().unwrap();
    let all = child.try_charge(usize::MAX).unwrap();
    assert!(endless.try_charge(1).unwrap_err().is_exhausted());
    assert!(child.try_charge(usize::MAX).unwrap_err().is_exhausted());
    let over = catch_unwind(AssertUnwindSafe(|| endless.charge_overdrawn(1)));
    assert!(over.is_err(), "no number can say it");
    assert_eq!((child.used(), endless.used()), (usize::MAX, usize::MAX));
    drop(all);
    assert_eq!((child.used(), endless.used()), (0, 0));

    let small = Budget::new(10);
    let _one = small.try_charge(1).unwrap();
    assert!(small.try_charge(usize::MAX).unwrap_err().is_too_large());
    assert_eq!(small.used(), 1);
}

#[test]
fn a_floor_is_kept_for_its_child() {
    let budget = Budget::new(100);
    let child = budget
        .child()
        .floor_bytes(30)
        .ceiling_bytes(80)
        .build()
        .unwrap();
    let _others = budget.try_charge(70).unwrap();
    assert!(budget.try_charge(1).unwrap_err().is_exhausted());
    let hers = child.try_charge(30).unwrap();
    assert!(child.try_charge(1).unwrap_err().is_exhausted());
    assert!(child.try_charge(81).unwrap_err().is_too_large());
    assert!(budget.try_charge(71).unwrap_err().is_too_large());
    drop(hers);
    assert_eq!((budget.available(), child.available()), (0, 30));
}

/// Charges within a floor move nothing above it, even where there is no room at all.
#[test]
fn a_floor_holds_under_one_that_is_overdrawn() {
    let budget = Budget::new(100);
    let middle = budget.child().floor_bytes(50).build().unwrap();
    let child = middle.child().floor_bytes(20).build().unwrap();
    let over = budget.charge_overdrawn(500);
    let hers = child.try_charge(20).unwrap();
    let its = middle.try_charge(30).unwrap();
    assert!(middle.try_charge(1).is_err());
    let sums = total(&budget);
    assert_eq!((sums.used, sums.reserved, sums.overdrawn), (550, 550, 450));
    drop((over, hers, its));
    assert_eq!(total(&budget).reserved, 50);
}

#[test]
fn wrong_terms_are_errors_that_name_field_bound_and_value() {
    let budget = Budget::builder().name("all").limit_bytes(100).build();
    let error = budget.child().floor_bytes(9).ceiling_bytes(8).build();
    let text = error.unwrap_err().to_string();
    assert_eq!(
        text,
        "floor_bytes: must be at most the ceiling, 8 B, got 9 B"
    );

    let child = budget.child().floor_bytes(60).build().unwrap();
    let error = budget.child().floor_bytes(41).build().unwrap_err();
    assert!(!error.is_no_room_now());
    assert_eq!(
        error.to_string(),
        "floor_bytes: budget \"all\" has a limit of 100 B, of which floors take 60 B, got 41 B"
    );
    // Two levels below, beyond the child's own floor.
    let error = child.child().floor_bytes(101).build().unwrap_err();
    assert!(
        error.to_string().ends_with("floors take 60 B, got 101 B"),
        "{error}"
    );

    let _charge = budget.try_charge(30).unwrap();
    let error = budget.child().floor_bytes(11).build().unwrap_err();
    assert!(error.is_no_room_now());
    assert!(error.to_string().contains("90 B are taken now"), "{error}");

    let error = budget.set_limit(59).unwrap_err();
    assert_eq!(
        error.to_string(),
        "limit_bytes: budget \"all\" has 60 B to keep for floors, got 59 B"
    );
    assert!(child.set_limit(59).is_err(), "below its own floor");

    let error = budget.try_charge(20).unwrap_err();
    assert_eq!(
        error.to_string(),
        "budget \"all\": no room for 20 B more: 90 of 100 B are taken"
    );
    assert_eq!(
        budget.try_charge(41).unwrap_err().to_string(),
        "budget \"all\": 41 B are more than it could ever give: its limit is 100 B, of which floors take 60 B"
    );
    let alice = budget.child().tenant(ALICE).ceiling_bytes(0).build();
    let error = alice.unwrap().try_charge(1).unwrap_err();
    assert!(
        error.to_string().starts_with("budget of tenant 1: "),
        "{error}"
    );
}

#[test]
fn a_tenant_has_one_budget_in_a_parent() {
    let budget = Budget::new(100);
    let alice = budget.child().tenant(ALICE).build().unwrap();
    let bob = budget.child().tenant(BOB).build().unwrap();
    assert!(budget.tenant(ALICE).unwrap().is_same(&alice));
    assert!(budget.tenant(BOB).unwrap().is_same(&bob));
    assert!(bob.parent().unwrap().is_same(&budget));
    assert!(budget.tenant(Tenant::new(3)).is_none());
    assert!(budget.tenant(Tenant::NONE).is_none());
    assert!(alice.tenant(ALICE).is_none(), "of this parent only");
    let error = budget.child().tenant(ALICE).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "tenant: must be one that has no budget here yet, got 1"
    );
    // The same tenant in another part of the program.
    alice.child().tenant(ALICE).build().unwrap();

    drop(alice);
    assert!(budget.tenant(ALICE).is_none());
    let again = budget.child().tenant(ALICE).build().unwrap();
    assert!(budget.tenant(ALICE).unwrap().is_same(&again));
}

#[test]
fn a_child_ends_with_its_last_charge_and_its_floor_goes_back() {
    let budget = Budget::new(100);
    let child = budget.child().tenant(ALICE).floor_bytes(40).build();
    let child = child.unwrap();
    let below = child.child().floor_bytes(10).build().unwrap();
    let charge = below.try_charge(5).unwrap();
    drop(child);
    drop(below);
    assert_eq!(budget.available(), 60, "the charge keeps both");
    assert_eq!(budget.snapshot().budgets.len(), 3);
    let child = charge.budget().parent().unwrap();
    assert!(budget.tenant(ALICE).unwrap().is_same(&child));
    drop(charge);
    assert_eq!(budget.snapshot().budgets.len(), 2);
    drop(child);
    assert_eq!(budget.available(), 100);
    assert!(budget.tenant(ALICE).is_none());
}

#[test]
fn charges_may_outlive_every_handle() {
    let budget = Budget::new(100);
    let child = budget.child().floor_bytes(10).build().unwrap();
    let (one, mut two) = (budget.try_charge(10), child.try_charge(60).unwrap());
    drop(budget);
    drop(child);
    assert!(two.grow(31).unwrap_err().is_exhausted());
    drop(one);
    two.grow(31).unwrap();
    let budget = two.budget().parent().unwrap();
    drop(two);
    assert_eq!((budget.used(), budget.available()), (0, 100));
}

#[test]
fn a_forgotten_charge_stays_charged() {
    let budget = Budget::new(100);
    let child = budget.child().tenant(ALICE).build().unwrap();
    mem::forget(child.try_charge(30).unwrap());
    drop(child);
    assert_eq!(budget.used(), 30);
    assert_eq!(budget.tenant(ALICE).unwrap().used(), 30);
}

#[test]
fn parts_of_a_charge_are_the_same_bytes() {
    let budget = Budget::new(100);
    let mut charge = budget.try_charge(50).unwrap();
    let part = charge.split(20).unwrap();
    assert!(charge.split(31).is_none());
    assert_eq!((charge.bytes(), part.bytes(), budget.used()), (30, 20, 50));
    charge.merge(part).unwrap();
    assert_eq!(charge.shrink(10), 10);
    assert!(charge.grow(61).is_err());
    assert_eq!((charge.bytes(), budget.used()), (40, 40));
    let elsewhere = Budget::new(100).try_charge(7).unwrap();
    assert_eq!(charge.merge(elsewhere).unwrap_err().bytes(), 7);
    assert_eq!(charge.shrink(usize::MAX), 40);
    assert_eq!((charge.bytes(), budget.used()), (0, 0));
}

#[test]
fn a_charge_moves_whole_or_not_at_all() {
    let budget = Budget::new(100);
    let alice = budget.child().ceiling_bytes(100).build().unwrap();
    let bob = budget.child().ceiling_bytes(60).build().unwrap();
    let mut charge = alice.try_charge(60).unwrap();
    let _rest = budget.try_charge(40).unwrap();
    charge.move_to(&bob).unwrap();
    assert_eq!((alice.used(), bob.used(), budget.used()), (0, 60, 100));
    assert!(charge.is_to(&bob) && !charge.is_to(&budget));
    charge.move_to(&budget).unwrap();
    let _one = bob.charge_overdrawn(1);
    let error = charge.move_to(&bob).unwrap_err();
    assert!(error.is_exhausted(), "61 of 60");
    assert!(charge.is_to(&budget));
    assert_eq!((bob.used(), budget.used()), (1, 101));

    let elsewhere = Budget::new(59);
    assert!(charge.move_to(&elsewhere).unwrap_err().is_too_large());
    assert_eq!((charge.bytes(), budget.used()), (60, 101));
    charge.shrink(1);
    charge.move_to(&elsewhere).unwrap();
    assert_eq!((elsewhere.used(), budget.used()), (59, 41));
    assert_eq!(total(&budget).peak, 101, "a move adds nothing");
}

#[test]
fn the_infallible_form_counts_what_it_goes_beyond() {
    let budget = Budget::new(100);
    let child = budget.child().ceiling_bytes(50).build().unwrap();
    let within = child.charge_overdrawn(40);
    assert_eq!(budget.snapshot().budgets[1].overdrafts, 0);
    let over = child.charge_overdrawn(30);
    let now = &budget.snapshot().budgets[1];
    assert_eq!(
        (now.overdrawn, now.overdrafts, now.overdraft_bytes),
        (20, 1, 20)
    );
    assert_eq!(total(&budget).overdrawn, 0, "the parent has room");
    assert!(child.try_charge(1).is_err());
    drop(within);
    assert!(child.try_charge(20).is_ok());
    drop(over);
    let now = &budget.snapshot().budgets[1];
    assert_eq!((now.overdrawn, now.overdraft_bytes, now.peak), (0, 20, 70));
}

/// What a floor covers is nobody's overdraft, however far a neighbour has overdrawn the parent.
#[test]
fn a_neighbours_overdraft_is_not_counted_again() {
    let budget = Budget::new(100);
    let own = budget.child().floor_bytes(20).ceiling_bytes(25);
    let (own, neighbour) = (own.build().unwrap(), budget.child().build().unwrap());
    let _far_beyond = neighbour.charge_overdrawn(200);
    let _within = own.charge_overdrawn(18);
    let _over = own.charge_overdrawn(10);
    let report = budget.snapshot();
    let counts = |it: &BudgetUse| (it.overdrafts, it.overdraft_bytes);
    let both: Vec<_> = report.children().map(counts).collect();
    // Of the ten, two are within the floor; the parent has no room for the other eight.
    assert_eq!(both, [(1, 8), (1, 120)]);
}

#[test]
fn a_soft_limit_is_seen_and_refuses_nothing() {
    let budget = Budget::builder().limit_bytes(100).soft_limit_bytes(50);
    let budget = budget.build();
    let below = budget.try_charge(50).unwrap();
    assert_eq!(total(&budget).over_soft, 0);
    let above = budget.try_charge(20).unwrap();
    let now = total(&budget);
    assert_eq!((now.over_soft, now.over_soft_charges), (20, 1));
    assert_eq!(now.soft_limit, Some(50));
    drop(below);
    assert_eq!(total(&budget).over_soft, 0);
    drop(above);
    assert_eq!(total(&Budget::new(1)).soft_limit, None);
}

#[test]
fn a_limit_may_change() {
    let budget = Budget::new(100);
    let charge = budget.try_charge(80).unwrap();
    budget.set_limit(50).unwrap();
    assert_eq!((budget.available(), total(&budget).overdrawn), (0, 30));
    assert!(budget.try_charge(1).is_err());
    drop(charge);
    assert_eq!((budget.available(), total(&budget).overdrawn), (50, 0));
    budget.set_limit(200).unwrap();
    assert_eq!(budget.try_charge(200).unwrap().bytes(), 200);
}

#[test]
fn a_tree_may_be_of_any_depth() {
    let depth = if cfg!(miri) { 200 } else { 50_000 };
    let top = Budget::new(100);
    let mut lowest = top.clone();
    for _ in 0..depth {
        lowest = lowest.child().build().unwrap();
    }
    let charge = lowest.try_charge(100).unwrap();
    assert!(top.try_charge(1).is_err());
    assert_eq!((lowest.available(), top.used()), (0, 100));
    assert_eq!(top.snapshot().budgets.len(), depth + 1);
    drop(lowest);
    drop(charge);
    assert_eq!(top.snapshot().budgets.len(), 1);
    assert_eq!(top.available(), 100);
}

#[test]
fn a_report_adds_up_and_prints_as_a_table() {
    let budget = Budget::builder().name("memory").limit_bytes(1000).build();
    let slots = budget.child().name("slots").floor_bytes(200).build();
    let slots = slots.unwrap();
    let alice = slots.child().tenant(ALICE).ceiling_bytes(500).build();
    let alice = alice.unwrap();
    let _charges = [
        budget.try_charge(10),
        slots.try_charge(20),
        alice.try_charge(30),
    ];
    let report = budget.snapshot();
    let sums = |it: &BudgetUse| (it.depth, it.used, it.own, it.reserved);
    let all: Vec<_> = report.budgets.iter().map(sums).collect();
    assert_eq!(all, [(0, 60, 10, 210), (1, 50, 20, 50), (2, 30, 30, 30)]);
    assert_eq!(report.children().count(), 1);
    assert_eq!(slots.snapshot().tenant(ALICE).unwrap().used, 30);
    let table = report.to_string();
    let rows: Vec<Vec<_>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0][..5], ["budget", "used", "limit", "floor", "peak"]);
    assert_eq!(rows[1][..5], ["memory", "60", "1000", "0", "210"]);
    assert_eq!(rows[2][..5], ["slots", "50", "-", "200", "50"]);
    assert_eq!(rows[3][..5], ["tenant", "1", "30", "500", "0"]);
    let widths: Vec<_> = table.lines().map(|it| it.chars().count()).collect();
    assert!(widths.iter().all(|it| *it == widths[0]), "{table}");
}

#[test]
fn a_charge_may_end_with_its_thread() {
    thread_local! {
        static KEPT: std::cell::RefCell<Option<Charge>> = const { std::cell::RefCell::new(None) };
    }
    let budget = Budget::new(100);
    let child = budget.child().floor_bytes(1).build().unwrap();
    std::thread::spawn(move || KEPT.set(child.try_charge(30).ok()))
        .join()
        .unwrap();
    assert_eq!((budget.used(), budget.available()), (0, 100));
}
