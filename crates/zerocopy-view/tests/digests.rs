//! Digests that are kept: which, for how long, and that asking again does not compute.

use allocation_counter::measure;
use pool_core::{Budget, Pool};
use sha2::{Digest, Sha256};
use zerocopy_view::View;

fn pool() -> Pool {
    Pool::builder().slots(2).slot_bytes(64).build().unwrap()
}

fn both(pool: &Pool) -> [View; 2] {
    [View::from(pool.alloc().unwrap()), View::from(vec![0; 64])]
}

#[test]
fn what_is_kept_is_what_comes_out() {
    let pool = pool();
    let share = pool.alloc().unwrap().share();
    let view = View::from(share.clone());
    // One that no computing gives.
    share.keep_digest(&(0..64), [7; 32]);
    assert_eq!((view.sha256(), view.clone().sha256()), ([7; 32], [7; 32]));
    let part = view.slice(1..);
    let computed: [u8; 32] = Sha256::digest(&part).into();
    assert_eq!((part.sha256(), part.sha256()), (computed, computed));
    drop((view, part));
    let lease = share.try_unshare().unwrap();
    let zeros: [u8; 32] = Sha256::digest([0; 64]).into();
    assert_eq!(View::from(lease).sha256(), zeros);
}

#[test]
fn the_digest_of_the_first_who_asks_is_kept() {
    let pool = pool();
    let mut lease = pool.alloc().unwrap();
    lease[3..6].copy_from_slice(b"abc");
    let share = lease.share();
    let view = View::from(share.clone());
    let abc = view.slice(3..6).sha256();
    assert_eq!(share.kept_digest(&(3..6)), Some(abc));
    let whole = view.sha256();
    assert_eq!((share.kept_digest(&(0..64)), view.sha256()), (None, whole));
    // Of the same bytes it is found however the view was cut.
    let mut again = view.clone();
    again.advance(3);
    again.truncate(3);
    assert_eq!((again.sha256(), again), (abc, View::from_static(b"abc")));
}

#[test]
fn views_of_equal_bytes_in_one_storage_are_told_apart() {
    let pool = pool();
    for view in both(&pool) {
        let parts = [view.slice(..10), view.slice(10..20), view.slice(..11)];
        let digests = parts.each_ref().map(View::sha256);
        assert_eq!(digests[0], digests[1]);
        assert_ne!(digests[0], digests[2]);
        let expected: [u8; 32] = Sha256::digest([0; 11]).into();
        assert_eq!(parts[2].sha256(), expected);
    }
}

#[test]
fn a_kept_digest_takes_no_allocation_and_lives_beside_a_charge() {
    let (pool, budget) = (pool(), Budget::new(1000));
    for view in both(&pool) {
        let digest = view.sha256();
        let mut view = view.with_budget(&budget).unwrap();
        let charge = view.take_charge();
        let sum = measure(|| assert_eq!(view.sha256(), digest));
        assert_eq!(
            (sum.count_total, charge.map(|it| it.bytes())),
            (0, Some(64))
        );
    }
    assert_eq!((budget.used(), pool.in_use()), (0, 0));
}

#[test]
fn a_slot_that_is_written_anew_has_a_new_digest() {
    let pool = pool();
    let mut view = View::from(pool.alloc().unwrap());
    for mark in 0..5 {
        let (mut lease, range) = view.try_into_lease().unwrap();
        lease.fill(mark);
        view = View::from(lease).slice(range);
        let expected: [u8; 32] = Sha256::digest([mark; 64]).into();
        assert_eq!((view.sha256(), view.sha256()), (expected, expected));
    }
}
