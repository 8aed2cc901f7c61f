//! Letting go of what a small view keeps.

use allocation_counter::measure;
use pool_core::{Budget, Pool, Tenant};
use zerocopy_view::{Compacted, Kind, View};

const SLOT_BYTES: usize = 4096;

fn pool() -> Pool {
    let builder = Pool::builder().slots(1).slot_bytes(SLOT_BYTES);
    builder.build().unwrap()
}

fn both(pool: &Pool) -> [View; 2] {
    let bytes: Vec<u8> = (0..SLOT_BYTES).map(|at| at as u8).collect();
    let mut lease = pool.alloc().unwrap();
    lease.copy_from_slice(&bytes);
    [View::from(lease), View::from(bytes)]
}

#[test]
fn a_small_view_is_copied_out_and_its_storage_is_free() {
    let pool = pool();
    for view in both(&pool) {
        let mut part = view.slice(100..130).retag(Kind::PNG);
        drop(view);
        let expected = part.to_vec();
        let done = part.compact();
        assert_eq!((done.copied, done.freed), (30, SLOT_BYTES - 30));
        assert_eq!(
            (part.retained_bytes(), part.sharers(), pool.in_use()),
            (30, 1, 0)
        );
        assert_eq!((part.kind(), &part[..]), (Kind::PNG, &expected[..]));
        assert_eq!(
            part.compact(),
            Compacted::default(),
            "nothing is left to be freed"
        );
    }
}

#[test]
fn what_others_keep_is_not_freed() {
    let pool = pool();
    for view in both(&pool) {
        let mut part = view.slice(..30);
        let done = part.compact();
        assert_eq!((done.copied, done.freed), (30, 0));
        assert_eq!((part.retained_bytes(), view.sharers()), (30, 1));
    }
}

#[test]
fn a_view_of_half_of_it_stays_where_it_is() {
    let pool = pool();
    let static_view = View::from_static(&[0; SLOT_BYTES]).slice(..1);
    let [slot, vec] = both(&pool).map(|view| view.slice(..SLOT_BYTES / 2));
    // A copy takes a box too: so what is small anyway is left alone.
    let small = View::from(vec![1; 64]).slice(..1);
    for mut view in [slot, vec, small, static_view, View::default()] {
        let (address, retained) = (view.as_ptr(), view.retained_bytes());
        let mut done = None;
        let sum = measure(|| done = Some(view.compact()));
        assert_eq!((done, sum.count_total), (Some(Compacted::default()), 0));
        assert_eq!((view.as_ptr(), view.retained_bytes()), (address, retained));
    }
}

#[test]
fn the_charge_shrinks_with_the_only_view() {
    let (pool, budget) = (pool(), Budget::new(SLOT_BYTES));
    let alice = budget.child().tenant(Tenant::new(1)).build().unwrap();
    for view in both(&pool) {
        let view = view.with_tenant(Tenant::new(1)).unwrap();
        let mut part = view.with_budget(&budget).unwrap();
        part.truncate(30);
        part.compact();
        assert_eq!((alice.used(), part.tenant()), (30, Tenant::new(1)));
        drop(part);
        assert_eq!(budget.used(), 0);
    }
}

#[test]
fn a_copy_beside_others_is_charged_or_not_made() {
    let (pool, budget) = (pool(), Budget::new(SLOT_BYTES + 30));
    for view in both(&pool) {
        let view = view.with_budget(&budget).unwrap();
        let mut parts = [view.slice(..30), view.slice(30..60)];
        assert_eq!(parts[0].compact().copied, 30);
        assert_eq!(budget.used(), SLOT_BYTES + 30);
        let refused = parts[1].compact();
        assert_eq!((refused, parts[1].sharers()), (Compacted::default(), 2));
        assert_eq!(budget.used(), SLOT_BYTES + 30);
        drop((parts, view));
        assert_eq!(budget.used(), 0);
    }
}

#[test]
fn a_kept_digest_goes_along() {
    let pool = pool();
    for view in both(&pool) {
        let mut part = view.slice(..30);
        let digest = part.sha256();
        part.compact();
        assert_eq!(
            (part.sha256(), part.slice(..5) == view[..5]),
            (digest, true)
        );
    }
}
