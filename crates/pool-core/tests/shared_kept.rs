//! What is kept for a shared slot: a charge and a digest, from the moment they are put there to the end of the sharing.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Barrier};
use std::task::{Context, Wake, Waker};
use std::thread;

use pool_core::{Budget, Charge, DigestCell, Pool, Shared, Tenant};

const SLOT_BYTES: usize = 64;

static_assertions::assert_impl_all!(DigestCell: Send, Sync, std::fmt::Debug, Default);

fn pool(slots: usize) -> Pool {
    let builder = Pool::builder().slots(slots).slot_bytes(SLOT_BYTES);
    builder.build().unwrap()
}

fn charged(pool: &Pool, budget: &Budget) -> Shared {
    let mut share = pool.alloc().unwrap().share();
    let charge = budget.try_charge(share.slot_bytes()).unwrap();
    assert!(share.set_charge(charge).unwrap().is_none());
    share
}

#[test]
fn a_charge_goes_when_the_memory_comes_home_and_not_with_a_share() {
    let (pool, budget) = (pool(2), Budget::new(1000));
    let first = charged(&pool, &budget);
    let clones: Vec<_> = (0..10).map(|_| first.clone()).collect();
    assert_eq!((first.sharers(), clones[9].sharers()), (11, 11));
    drop(first);
    let last = clones.into_iter().next_back().unwrap();
    assert_eq!((last.sharers(), budget.used()), (1, SLOT_BYTES));
    thread::spawn(move || drop(last)).join().unwrap();
    assert_eq!((budget.used(), pool.in_use()), (0, 0));
}

#[test]
fn a_charge_survives_raw_words_a_close_and_the_last_handle() {
    let (pool, budget) = (pool(2), Budget::new(1000));
    let (one, two) = (charged(&pool, &budget), charged(&pool, &budget));
    let raw = one.into_raw();
    pool.close();
    drop(two);
    drop(pool);
    assert_eq!(budget.used(), SLOT_BYTES);
    // SAFETY: the words of the share just given up, used once.
    let one = unsafe { Shared::from_raw(raw) };
    assert_eq!(one.charge().map(Charge::bytes), Some(SLOT_BYTES));
    drop(one);
    assert_eq!(budget.used(), 0);
}

#[test]
fn the_unique_right_has_no_charge_but_one_may_be_held_beside_it() {
    let (pool, budget) = (pool(1), Budget::new(1000));
    let lease = charged(&pool, &budget).try_unshare().unwrap();
    assert_eq!((budget.used(), pool.in_use()), (0, 1));
    drop(lease);

    let (lease, charge) = charged(&pool, &budget).try_unshare_charged().unwrap();
    let mut share = lease.share();
    assert!(share.charge().is_none() && share.set_charge(charge.unwrap()).is_ok());
    let charge = share.take_charge().unwrap();
    assert!(share.charge().is_none() && share.take_charge().is_none());
    let (lease, none) = share.try_unshare_charged().unwrap();
    assert!(none.is_none());
    let id = lease.into_id();
    assert_eq!(budget.used(), SLOT_BYTES);
    let mut share = pool.redeem(id).unwrap().share();
    assert!(share.charge().is_none());
    assert!(share.set_charge(charge).unwrap().is_none());
    drop(share);
    assert_eq!((budget.used(), pool.in_use()), (0, 0));
}

#[test]
fn who_is_not_alone_changes_nothing() {
    let (pool, budget) = (pool(1), Budget::new(1000));
    let mut share = charged(&pool, &budget);
    let clone = share.clone();
    assert!(share.charge_mut().is_none() && share.take_charge().is_none());
    let refused = share.set_charge(budget.try_charge(5).unwrap()).unwrap_err();
    assert_eq!(refused.bytes(), 5);
    let share = share.try_unshare().unwrap_err();
    assert_eq!(share.charge().map(Charge::bytes), Some(SLOT_BYTES));
    assert_eq!(clone.charge().map(Charge::bytes), Some(SLOT_BYTES));
    drop((share, clone));
    assert_eq!(budget.used(), 5);
}

#[test]
fn a_charge_may_be_replaced_or_moved_to_another_tenant() {
    let (alice, bob) = (Tenant::new(1), Tenant::new(2));
    let (pool, memory) = (pool(1), Budget::new(1000));
    let [hers, his] = [alice, bob].map(|it| memory.child().tenant(it).build().unwrap());
    let mut share = charged(&pool, &hers);
    assert_eq!(share.charge().unwrap().tenant(), alice);
    share.charge_mut().unwrap().move_to(&his).unwrap();
    assert_eq!((hers.used(), his.used()), (0, SLOT_BYTES));
    assert_eq!(share.charge().unwrap().tenant(), bob);
    let other = memory.try_charge(7).unwrap();
    let before = share.set_charge(other).unwrap().unwrap();
    assert_eq!((before.bytes(), before.tenant()), (SLOT_BYTES, bob));
    assert_eq!(share.charge().unwrap().tenant(), Tenant::NONE);
    drop(before);
    assert_eq!((memory.used(), share.sharers()), (7, 1));
}

#[test]
fn a_forgotten_share_keeps_slot_and_charge() {
    let (pool, budget) = (pool(1), Budget::new(1000));
    std::mem::forget(charged(&pool, &budget));
    assert_eq!((budget.used(), pool.in_use()), (SLOT_BYTES, 1));
}

#[test]
fn the_next_sharing_of_a_slot_finds_nothing() {
    let (pool, budget) = (pool(1), Budget::new(1000));
    let ends: [fn(Shared); 2] = [drop, |share| drop(share.try_unshare().unwrap())];
    for end in ends {
        let share = charged(&pool, &budget);
        share.keep_digest(&(0..5), [1; 32]);
        let clone = share.clone();
        assert_eq!(clone.kept_digest(&(0..5)), Some([1; 32]));
        drop(clone);
        end(share);
        let again = pool.alloc().unwrap().share();
        assert_eq!(again.kept_digest(&(0..5)), None);
        assert!(again.charge().is_none() && budget.used() == 0);
    }
}

#[test]
fn a_digest_is_that_of_its_own_range_and_slot_and_the_first_stays() {
    let pool = pool(2);
    let mut one = pool.alloc().unwrap().share();
    let two = pool.alloc().unwrap().share();
    one.keep_digest(&(3..9), [1; 32]);
    one.keep_digest(&(3..9), [2; 32]);
    one.keep_digest(&(0..9), [3; 32]);
    for other in [0..9, 3..8, 4..9, 3..3, 0..0] {
        assert_eq!(one.kept_digest(&other), None, "{other:?}");
    }
    assert_eq!(two.kept_digest(&(3..9)), None);
    // Beside a charge, and after it.
    let budget = Budget::new(10);
    assert!(one.set_charge(budget.try_charge(1).unwrap()).is_ok());
    assert_eq!(one.kept_digest(&(3..9)), Some([1; 32]));
    assert!(one.take_charge().is_some());
    assert_eq!(
        (one.kept_digest(&(3..9)), one.sharers()),
        (Some([1; 32]), 1)
    );
}

#[test]
fn a_range_beyond_four_gibibytes_is_not_kept() {
    let cell = DigestCell::new();
    let far = u32::MAX as usize;
    if let Some(end) = far.checked_add(5) {
        cell.keep(&(1..end), [1; 32]);
        cell.keep(&(end..end), [1; 32]);
        assert_eq!(cell.get(&(1..end)), None);
    }
    cell.keep(&(far..far), [2; 32]);
    assert_eq!(cell.get(&(far..far)), Some([2; 32]));
}

#[test]
fn another_share_of_an_only_one_is_counted_as_any_other() {
    let pool = pool(1);
    let mut share = pool.alloc().unwrap().share();
    let mut second = share.clone_mut();
    let third = second.clone_mut();
    assert_eq!((share.sharers(), third.sharers()), (3, 3));
    drop((share, second));
    third.keep_digest(&(0..1), [1; 32]);
    let mut third = third;
    let fourth = third.clone_mut();
    assert_eq!((fourth.sharers(), pool.in_use()), (2, 1));
    drop((third, fourth));
    assert_eq!(pool.in_use(), 0);
}

/// Panics when it is woken.
struct Mine;

impl Wake for Mine {
    fn wake(self: Arc<Self>) {
        panic!("a waker of the user's");
    }
}

#[test]
fn a_waker_that_panics_in_the_last_drop_finds_the_memory_home() {
    let (pool, budget) = (pool(1), Budget::new(SLOT_BYTES));
    let ends: [fn(Shared); 2] = [drop, |share| drop(share.try_unshare())];
    for end in ends {
        let share = charged(&pool, &budget);
        let mut request = budget.charge_async(1);
        let waker = Waker::from(Arc::new(Mine));
        assert!(
            Future::poll(Pin::new(&mut request), &mut Context::from_waker(&waker)).is_pending()
        );
        assert!(catch_unwind(AssertUnwindSafe(|| end(share))).is_err());
        assert_eq!(pool.in_use(), 0);
        drop(request);
        assert_eq!(budget.used(), 0);
    }
}

#[test]
fn every_thread_may_be_the_last_of_a_charged_slot() {
    const SLOTS: usize = 60;
    const ROUNDS: usize = if cfg!(miri) { 1 } else { 100 };
    let (pool, budget) = (pool(SLOTS), Budget::new(usize::MAX / 4));
    for round in 0..ROUNDS {
        let digest = [u8::try_from(round).unwrap(); 32];
        let shares: Vec<_> = (0..SLOTS).map(|_| charged(&pool, &budget)).collect();
        let start = Arc::new(Barrier::new(2));
        let threads = [shares.clone(), shares].map(|shares| {
            let start = start.clone();
            thread::spawn(move || {
                start.wait();
                for share in shares {
                    share.keep_digest(&(0..1), digest);
                    let found = share.kept_digest(&(0..1));
                    assert!(found.is_none_or(|it| it == digest), "another round's");
                }
            })
        });
        threads.into_iter().for_each(|it| it.join().unwrap());
        assert_eq!((budget.used(), pool.in_use()), (0, 0));
    }
}
