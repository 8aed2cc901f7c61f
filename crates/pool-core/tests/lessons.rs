//! What earlier pools got wrong about whose a slot is. One test for each line of docs/lessons.md that a pool can break; more of them in
//! `lessons_counts.rs` and `lessons_memory.rs`.

mod pools;

use pool_core::{Lease, Shared, SlotId};
use pools::{pool, slots, take, take_all};
use static_assertions::assert_not_impl_any;
use std::collections::BTreeSet;

#[test]
fn l_pool_1_swapping_bytes_keeps_slots() {
    let (pool, other) = (pool(2), pool(1));
    let (mut a, mut b, mut c) = (take(&pool), take(&pool), take(&other));
    let places = [a.as_ptr(), b.as_ptr(), c.as_ptr()];
    a.fill(1);
    b.fill(2);
    c.fill(3);
    a.swap_with_slice(&mut b);
    b.swap_with_slice(&mut c);
    assert_eq!((a[0], b[0], c[0]), (2, 3, 1), "the bytes went");
    assert_eq!(
        [a.as_ptr(), b.as_ptr(), c.as_ptr()],
        places,
        "the slots stayed"
    );
    assert_eq!((a.slot_index(), b.slot_index(), c.slot_index()), (0, 1, 0));
    assert!(a.belongs_to(&pool) && b.belongs_to(&pool) && c.belongs_to(&other));
    drop((a, b, c));
    assert_eq!(slots(&take_all(&pool)), BTreeSet::from([0, 1]));
}

/// The other half, that no field of a handle can be written, is a compile-fail example of `Lease`.
#[test]
fn l_pool_2_no_number_is_a_handle() {
    assert_not_impl_any!(Lease: Clone, Copy, Default, From<u64>, From<usize>);
    assert_not_impl_any!(Shared: Copy, Default, From<u64>, From<usize>);
    let pool = pool(4);
    let mut victim = take(&pool);
    victim.fill(7);
    let near = 0..=u64::from(u16::MAX) / if cfg!(miri) { 256 } else { 1 };
    for bits in near.flat_map(|low| [low, low << 32, !low]) {
        assert!(pool.redeem(SlotId::from_bits(bits)).is_err(), "{bits:#x}");
    }
    assert!(victim.iter().all(|byte| *byte == 7));
    assert_eq!(pool.in_use(), 1);
}

#[test]
fn l_pool_3_any_capacity_hands_each_slot_out_once() {
    for capacity in (1..=70).chain([127, 128, 129, 1000]) {
        let pool = pool(capacity);
        for _ in 0..3 {
            let mut leases: Vec<_> = (0..capacity).map(|_| take(&pool)).collect();
            assert!(pool.alloc().is_none(), "{capacity} slots and no more");
            assert!(slots(&leases).into_iter().eq(0..capacity));
            assert_eq!((pool.in_use(), pool.free_count()), (capacity, 0));
            // Not in the order they came.
            leases.rotate_left(capacity / 3);
        }
        assert_eq!((pool.in_use(), pool.free_count()), (0, capacity));
    }
}

#[test]
fn l_pool_3_a_second_free_through_an_id_is_an_error() {
    let pool = pool(3);
    let id = take(&pool).into_id();
    drop(pool.redeem(id).expect("out"));
    for _ in 0..4 {
        assert!(pool.redeem(id).is_err());
    }
    assert_eq!(pool.free_count(), 3, "freed once");
    let owner = take(&pool);
    assert!(pool.redeem(id).is_err(), "the slot has another owner now");
    let again = owner.into_id();
    assert!(
        pool.redeem(id).is_err(),
        "the slot is out under another name"
    );
    assert!(pool.redeem(again).is_ok());
}

/// The same slot, taken the same number of times: only the pool differs.
#[test]
fn l_pool_3_another_pools_id_is_refused() {
    let pools = [(); 50].map(|()| pool(1));
    let ids = pools.each_ref().map(|pool| take(pool).into_id());
    assert_eq!(
        BTreeSet::from(ids).len(),
        ids.len(),
        "two pools gave one name"
    );
    for (pool, own) in pools.iter().zip(ids) {
        assert!(ids.iter().all(|id| *id == own || pool.redeem(*id).is_err()));
        assert!(pool.redeem(own).is_ok());
    }
}

#[test]
fn l_pool_6_the_count_of_sharers_is_obeyed() {
    let pool = pool(1);
    let share = take(&pool).share();
    let other = share.clone();
    let share = share.try_unshare().expect_err("another reader is there");
    drop(other);
    assert_eq!(share.sharers(), 1);
    let mut lease = share.try_unshare().expect("the only sharer");
    lease[0] = 1;
    assert_eq!(pool.in_use(), 1);
}

/// A caller's `Extend` that panics keeps what it took; the rest goes home.
#[test]
fn a_panic_while_many_are_handed_over_loses_no_slot() {
    struct Clumsy(Vec<Lease>);
    impl Extend<Lease> for Clumsy {
        fn extend<T: IntoIterator<Item = Lease>>(&mut self, leases: T) {
            for lease in leases {
                self.0.push(lease);
                assert!(self.0.len() < 2, "enough");
            }
        }
    }
    let pool = pool(5);
    let mut clumsy = Clumsy(Vec::new());
    let run = std::panic::AssertUnwindSafe(|| pool.alloc_many(4, &mut clumsy));
    assert!(std::panic::catch_unwind(run).is_err());
    assert_eq!((clumsy.0.len(), pool.in_use()), (2, 2));
    let mut all = clumsy.0;
    pool.alloc_many(usize::MAX, &mut all);
    assert!(slots(&all).into_iter().eq(0..5), "every slot exactly once");
}
