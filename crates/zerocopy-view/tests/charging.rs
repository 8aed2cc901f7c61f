//! Whom a storage is charged to: from when, for how much, and to when.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use allocation_counter::measure;
use bytes::Bytes;
use framebuf::FrameBuf;
use pool_core::{Budget, Pool, Tenant};
use zerocopy_view::{Charge, RefusedView, View};

const ALICE: Tenant = Tenant::new(1);
const BOB: Tenant = Tenant::new(2);

fn pool(slots: usize) -> Pool {
    Pool::builder().slots(slots).slot_bytes(64).build().unwrap()
}

/// A budget of 1000 bytes with one of 100 for Alice and one of 200 for Bob.
fn house() -> (Budget, Budget, Budget) {
    let house = Budget::builder().name("house").limit_bytes(1000).build();
    let child = |tenant, bytes| house.child().tenant(tenant).ceiling_bytes(bytes);
    let [alice, bob] = [(ALICE, 100), (BOB, 200)].map(|(it, most)| child(it, most).build());
    (house.clone(), alice.unwrap(), bob.unwrap())
}

/// A view of a slot, and one of a vector with 64 bytes too.
fn both(pool: &Pool) -> [View; 2] {
    let mut roomy = Vec::with_capacity(64);
    roomy.extend_from_slice(&[1; 10]);
    [View::from(pool.alloc().unwrap()), View::from(roomy)]
}

#[test]
fn a_storage_is_charged_once_for_all_it_keeps_until_it_is_free() {
    let (pool, budget) = (pool(1), Budget::new(1000));
    for view in both(&pool) {
        let mut view = view.with_budget(&budget).unwrap();
        assert_eq!(budget.used(), 64, "capacity, not length");
        let clones = [view.clone(), view.slice(3..4)];
        let front = view.split_to(2);
        drop((view, clones));
        assert_eq!((front.len(), budget.used()), (2, 64));
        assert!(front.budget().is_some_and(|it| it.is_same(&budget)));
        std::thread::spawn(move || drop(front)).join().unwrap();
        assert_eq!((budget.used(), pool.in_use()), (0, 0));
    }
}

#[test]
fn a_pooled_view_is_charged_without_the_allocator() {
    let pool = pool(1);
    let (house, alice, _bob) = house();
    let sum = measure(|| {
        for _ in 0..10 {
            let view = View::from(pool.alloc().unwrap());
            let view = view
                .with_budget(&house)
                .unwrap()
                .with_tenant(ALICE)
                .unwrap();
            assert_eq!((view.clone().tenant(), alice.used()), (ALICE, 64));
        }
    });
    assert_eq!((sum.count_total, house.used()), (0, 0));
}

#[test]
fn a_tenant_is_charged_where_its_budget_is() {
    let pool = pool(1);
    let (house, alice, bob) = house();
    for view in both(&pool) {
        // Named first, charged then: to the budget of that name.
        let view = view.with_tenant(ALICE).unwrap();
        assert_eq!(
            (view.tenant(), view.budget().is_none(), house.used()),
            (ALICE, true, 0)
        );
        let view = view.with_budget(&house).unwrap();
        assert_eq!((house.used(), alice.used(), bob.used()), (64, 64, 0));
        // To a sibling, to the parent, and to a child.
        let view = view.with_tenant(BOB).unwrap();
        assert_eq!((house.used(), alice.used(), bob.used()), (64, 0, 64));
        let view = view.with_tenant(Tenant::NONE).unwrap();
        assert_eq!((house.used(), alice.used(), bob.used()), (64, 0, 0));
        let view = view.with_tenant(ALICE).unwrap();
        assert_eq!((house.used(), alice.used(), bob.used()), (64, 64, 0));
        // To another house, where nobody has that name.
        let elsewhere = Budget::new(1000);
        let view = view.with_budget(&elsewhere).unwrap_err().into_view();
        assert_eq!(
            (view.tenant(), alice.used(), elsewhere.used()),
            (ALICE, 64, 0)
        );
        let view = view.with_tenant(Tenant::NONE).unwrap();
        let view = view.with_budget(&elsewhere).unwrap();
        assert_eq!((house.used(), elsewhere.used()), (0, 64));
        drop(view);
        assert_eq!(elsewhere.used(), 0);
    }
}

#[test]
fn who_is_refused_gets_the_view_back_and_is_told_why() {
    let pool = pool(1);
    let (house, alice, bob) = house();
    let text = |refused: &RefusedView| refused.to_string();

    let view = View::from(vec![0; 64]).with_tenant(ALICE).unwrap();
    let held = view.with_budget(&house).unwrap();
    let view = View::from(pool.alloc().unwrap());
    let view = view.with_budget(&house).unwrap();
    let refused = view.with_tenant(ALICE).unwrap_err();
    assert!(refused.is_exhausted() && !refused.is_shared() && !refused.is_too_large());
    assert_eq!(
        text(&refused),
        "budget of tenant 1: no room for 64 B more: 64 of 100 B are taken"
    );
    let view = refused.into_view();
    assert_eq!(
        (view.tenant(), house.used(), alice.used()),
        (Tenant::NONE, 128, 64)
    );

    let refused = view.with_tenant(Tenant::new(9)).unwrap_err();
    assert!(refused.is_unknown_tenant());
    assert_eq!(
        text(&refused),
        "tenant: must have a budget where the storage is charged, got 9"
    );
    let view = View::from(refused);
    let clone = view.clone();
    let refused = view.with_tenant(BOB).unwrap_err();
    assert!(refused.is_shared());
    assert_eq!(
        text(&refused),
        "sharers: must be 1 to charge the storage, got 2"
    );
    assert!(clone.with_budget(&bob).unwrap_err().is_shared());
    let view = refused.into_view().with_tenant(BOB).unwrap();
    assert_eq!((bob.used(), view.sharers()), (64, 1));

    let large = View::from(vec![0; 201]).with_tenant(BOB).unwrap();
    let refused = large.with_budget(&house).unwrap_err();
    assert!(refused.is_too_large());
    assert!(format!("{refused:?}").contains("len: 201"));
    drop((held, view, refused));
    assert_eq!(house.used(), 0);
}

#[test]
fn the_same_tenant_is_never_refused() {
    let view = View::from(vec![1]).with_tenant(ALICE).unwrap();
    let _clone = view.clone();
    assert_eq!(view.with_tenant(ALICE).unwrap().sharers(), 2);
}

#[test]
fn what_keeps_nothing_is_not_charged() {
    let budget = Budget::new(0);
    for view in [View::from_static(b"static"), View::from(vec![1]).slice(..0)] {
        let view = view.with_budget(&budget).unwrap().with_tenant(BOB).unwrap();
        assert!(view.budget().is_none());
        let charge = Budget::new(5).try_charge(5).unwrap();
        let mut view = view.with_charge(charge).unwrap();
        assert!(view.take_charge().is_none());
    }
    // The last bytes of a storage take its charge along when they go.
    let budget = Budget::new(10);
    let mut view = View::from(vec![1; 10]).with_budget(&budget).unwrap();
    view.advance(10);
    assert_eq!((view.len(), budget.used()), (0, 0));
}

#[test]
fn a_charge_that_was_waited_for_is_taken_over() {
    let pool = pool(1);
    let (house, alice, _bob) = house();
    for view in both(&pool) {
        let held = alice.try_charge(50).unwrap();
        let mut waiting = pin!(alice.charge_async(view.retained_bytes() + 5));
        let mut poll = || {
            waiting
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
        };
        assert!(poll().is_pending());
        drop(held);
        let Poll::Ready(Ok(charge)) = poll() else {
            panic!("there is room");
        };
        let clone = view.clone();
        let (view, charge) = view.with_charge(charge).unwrap_err().into_parts();
        drop(clone);
        let view = view.with_charge(charge.unwrap()).unwrap();
        assert_eq!((view.tenant(), alice.used()), (ALICE, 64), "and no more");
        let view = view.with_tenant(Tenant::NONE).unwrap();
        assert_eq!((house.used(), alice.used()), (64, 0));
        let refused = view.with_charge(house.try_charge(63).unwrap()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "charge: must be for the 64 B that the view retains, got 63 B"
        );
        assert_eq!(house.used(), 64 + 63);
        drop(refused);
        assert_eq!(house.used(), 0);
    }
}

#[test]
fn a_charge_may_be_kept_where_the_view_ends() {
    let (pool, budget) = (pool(1), Budget::new(1000));
    for view in both(&pool) {
        let view = view.with_budget(&budget).unwrap();
        let mut clone = view.clone();
        assert!(clone.take_charge().is_none(), "not alone");
        drop(view);
        let charge = clone.take_charge().unwrap();
        assert!(clone.budget().is_none() && clone.take_charge().is_none());
        let frame = FrameBuf::try_from(clone).unwrap().with_meta(charge);
        assert_eq!(budget.used(), 64);
        let (frame, charge) = frame.split_meta();
        let view = View::from(frame).with_charge(charge).unwrap();
        assert_eq!(budget.used(), 64);
        // And where nobody keeps it, it is given back.
        drop(FrameBuf::try_from(view).unwrap());
        assert_eq!(budget.used(), 0);
    }
    let view = View::from(pool.alloc().unwrap());
    let lease = view.with_budget(&budget).unwrap().try_into_lease().unwrap();
    assert_eq!((budget.used(), pool.in_use()), (0, 1));
    drop(lease);
}

#[test]
fn bytes_keep_the_charge() {
    let (pool, budget) = (pool(1), Budget::new(1000));
    let [slot, vec] = both(&pool);
    let within = View::from(Bytes::from(vec![1; 64]));
    let shared: Arc<[u8]> = Arc::from([1; 64]);
    for view in [slot, vec, within, View::from(shared)] {
        let view = view.with_budget(&budget).unwrap();
        let view = <Arc<[u8]>>::try_from(view).unwrap_err();
        let bytes = Bytes::from(view);
        assert_eq!(budget.used(), 64);
        drop(bytes);
        assert_eq!(budget.used(), 0);
    }
}

#[test]
fn a_share_that_is_charged_becomes_a_view_of_that_tenant() {
    let pool = pool(1);
    let (house, alice, bob) = house();
    let mut share = pool.alloc().unwrap().share();
    assert!(share.set_charge(alice.try_charge(64).unwrap()).is_ok());
    let view = View::from(share);
    assert_eq!(view.tenant(), ALICE);
    let view = view.with_tenant(BOB).unwrap();
    assert_eq!((alice.used(), bob.used()), (0, 64));
    drop(view);
    assert_eq!(house.used(), 0);
}

#[test]
fn soft_limits_and_live_bytes_are_seen() {
    let house = Budget::new(1000);
    let alice = house.child().tenant(ALICE).soft_limit_bytes(100);
    let _alice = alice.build().unwrap();
    let charged = |bytes| {
        let view = View::from(vec![0; bytes]).with_tenant(ALICE).unwrap();
        view.with_budget(&house).unwrap()
    };
    let views = [charged(80), charged(40)];
    let now = house.snapshot();
    let hers = now.tenant(ALICE).unwrap();
    assert_eq!(
        (hers.used, hers.over_soft, hers.over_soft_charges),
        (120, 20, 1)
    );
    assert_eq!(now.total().used, 120);
    drop(views);
    assert_eq!(house.snapshot().tenant(ALICE).unwrap().used, 0);
}

/// Panics when it is woken.
struct Mine;

impl Wake for Mine {
    fn wake(self: Arc<Self>) {
        panic!("a waker of the user's");
    }
}

#[test]
fn a_waker_that_panics_in_the_last_drop_finds_the_memory_free() {
    let (pool, budget) = (pool(1), Budget::new(64));
    let alive = Arc::new(());
    struct Owned(
        Vec<u8>,
        #[expect(dead_code, reason = "kept for its count")] Arc<()>,
    );
    // SAFETY: as `Vec<u8>`, which nothing here changes.
    unsafe impl zerocopy_view::StableBytes for Owned {
        fn stable_bytes(&self) -> &[u8] {
            &self.0
        }
    }
    let boxed = View::from_owner(Owned(vec![1; 64], alive.clone()));
    for view in [View::from(pool.alloc().unwrap()), boxed] {
        let view = view.with_budget(&budget).unwrap();
        let mut waiting = pin!(budget.charge_async(1));
        let waker = Waker::from(Arc::new(Mine));
        let poll = waiting.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
        assert!(catch_unwind(AssertUnwindSafe(|| drop(view))).is_err());
        assert_eq!(budget.used(), 1, "what was waited for, and nothing else");
    }
    assert_eq!((pool.in_use(), Arc::strong_count(&alive)), (0, 1));
}

#[test]
fn a_charge_is_no_larger_beside_what_it_is_for() {
    assert!(size_of::<Option<Charge>>() <= 16);
}
