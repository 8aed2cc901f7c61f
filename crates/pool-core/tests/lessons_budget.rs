//! The lessons that budgets are about; `docs/lessons.md` lists them.

use pool_core::{Budget, Pool, Tenant};

const ALICE: Tenant = Tenant::new(1);
const BOB: Tenant = Tenant::new(2);

/// A total kept by hand went wrong with a release for nobody. Here only a charge gives back, what it is for, where it is charged, once.
#[test]
fn l_view_7_only_a_charge_gives_back_and_once() {
    let budget = Budget::new(100);
    let alice = budget.child().tenant(ALICE).build().unwrap();
    let bob = budget.child().tenant(BOB).build().unwrap();
    let mut hers = alice.try_charge(40).unwrap();
    let part = hers.split(10).unwrap();
    hers.move_to(&bob).unwrap();
    let report = budget.snapshot();
    let used = |tenant| report.tenant(tenant).unwrap().used;
    assert_eq!((used(ALICE), used(BOB), report.total().used), (10, 30, 40));
    // Parts that went to different tenants are not one charge again, and neither is lost by trying.
    let part = hers.merge(part).unwrap_err();
    assert_eq!((part.bytes(), hers.bytes()), (10, 30));
    drop(part);
    assert_eq!((alice.used(), bob.used(), budget.used()), (0, 30, 30));
    // The tenant's own budget may be gone before its memory is.
    drop(bob);
    assert_eq!(budget.used(), 30);
    drop(hers);
    assert_eq!(budget.used(), 0);
    assert!(budget.tenant(BOB).is_none());
}

/// A bound on idle memory alone bounds nothing; a few bytes that keep a large buffer are the buffer.
#[test]
fn l_class_7_one_budget_is_over_idle_out_fallback_and_in_flight() {
    let budget = Budget::new(64 * 1024);
    let idle = budget.child().name("idle").build().unwrap();
    let out = budget.child().name("out").build().unwrap();
    let heap = budget.child().name("heap").build().unwrap();
    let pool = Pool::builder().slots(8).slot_bytes(4096).build().unwrap();
    let mut region = idle
        .try_charge(pool.capacity() * pool.slot_bytes())
        .unwrap();

    let lease = pool.alloc().unwrap();
    let mut charge = region.split(lease.len()).unwrap();
    charge.move_to(&out).unwrap();
    let fallback = heap.try_charge(32 * 1024).unwrap();
    assert!(heap.try_charge(1).unwrap_err().is_exhausted());
    assert_eq!((idle.used(), out.used()), (7 * 4096, 4096));
    assert_eq!(budget.used(), 64 * 1024);

    drop(lease);
    charge.move_to(&idle).unwrap();
    region.merge(charge).unwrap();
    drop(fallback);
    assert_eq!((region.bytes(), out.used()), (8 * 4096, 0));
    assert_eq!(budget.snapshot().total().peak, 64 * 1024);
}

/// One destination that takes nothing has its own ceiling, and the others have their floors.
#[test]
fn l_send_14_a_destination_that_takes_nothing_uses_up_its_own_budget() {
    let total = Budget::new(1000);
    let slow = total.child().ceiling_bytes(600).build().unwrap();
    let quick = total.child().floor_bytes(500).build().unwrap();
    let mut stuck = Vec::new();
    while let Ok(charge) = slow.try_charge(64) {
        stuck.push(charge);
    }
    assert!(slow.try_charge(64).unwrap_err().is_exhausted(), "not now");
    assert!(slow.try_charge(601).unwrap_err().is_too_large(), "not ever");
    for _ in 0..100 {
        drop(quick.try_charge(500).expect("the others do not notice"));
    }
    assert_eq!(stuck.len(), 500 / 64);
}
