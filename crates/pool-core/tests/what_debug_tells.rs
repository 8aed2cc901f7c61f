//! What values say of themselves: a name and numbers, and never the bytes in them. And the names of slots as plain numbers.

use pool_core::{Budget, DigestCell, Pool, SlotId};
use std::fmt::Debug;

/// Shown as text, as numbers or as hexadecimal digits, these bytes would be found.
const SECRET: &[u8] = b"\xc5secret\xc5";

/// A pool whose every slot begins with the secret.
fn pool() -> Pool {
    let pool = Pool::builder().slots(64).slot_bytes(64).build();
    let pool = pool.expect("small");
    let mut leases: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
    assert_eq!(leases.len(), 64);
    for lease in &mut leases {
        lease[..SECRET.len()].copy_from_slice(SECRET);
    }
    pool
}

fn assert_tells(value: impl Debug, start: &str) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(shown.starts_with(start), "{start}: {shown}");
        for bytes in ["secret", "197", "c5", "115, "] {
            assert!(!shown.contains(bytes), "{bytes}: {shown}");
        }
        assert!(shown.len() < 1000, "{shown}");
    }
}

#[test]
fn rights_to_slots() {
    let pool = pool();
    assert_tells(&pool, "Pool");
    assert_tells(pool.alloc(), "Some(");
    let lease = pool.alloc().expect("64 slots are free");
    assert_tells(&lease, "Lease { slot: ".split(' ').next().expect("a word"));
    assert_tells(lease.share(), "Shared");
    assert_tells(pool.alloc_batch().expect("full magazines"), "LeaseBatch");
    assert_tells(pool.reserve(2).expect("64 slots are free"), "Reservation");
    assert_tells(pool.cache(), "Cache");
    assert_tells(pool.stats(), "PoolStats");
    assert_eq!(pool.in_use(), 0);
}

#[cfg(feature = "std")]
#[test]
fn a_wait_says_how_far_it_is() {
    let pool = Pool::builder().slots(1).slot_bytes(64).build();
    let pool = pool.expect("small");
    assert!(format!("{:?}", pool.alloc_async()).contains("not polled"));
}

#[test]
fn budgets_say_what_they_have() {
    let budget = Budget::builder().name("memory").limit_bytes(4096).build();
    let charge = budget.try_charge(4000).expect("there is room");
    let shown = format!("{budget:?}");
    assert!(
        shown.contains("memory") && shown.contains("4000"),
        "{shown}"
    );
    assert_eq!(format!("{charge:?}"), "Charge { bytes: 4000, .. }");
    let shown = format!("{:?}", budget.charge_async(97));
    assert_eq!(shown, "Charging { bytes: 97, waits: false, .. }");
}

#[test]
fn a_digest_is_not_shown() {
    let cell = DigestCell::default();
    assert_eq!(format!("{cell:?}"), "DigestCell { is_kept: false, .. }");
    cell.keep(&(0..5), [0xc5; 32]);
    assert_eq!(format!("{cell:?}"), "DigestCell { is_kept: true, .. }");
    assert_eq!(cell.get(&(0..5)), Some([0xc5; 32]));
}

#[test]
fn an_id_is_a_number_there_and_back() {
    let pool = pool();
    let id = pool.alloc().expect("64 slots are free").into_id();
    let number = u64::from(id);
    assert_eq!((SlotId::from(number), number), (id, id.to_bits()));
    assert_eq!(format!("{id:?}"), format!("SlotId({number:#018x})"));
    drop(pool.redeem(id).expect("it is out"));
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_batch_goes_through_a_cache_and_home_by_another_pools() {
    let (pool, other) = (pool(), pool());
    let cache = pool.cache();
    assert!(std::ptr::eq(cache.pool(), cache.pool()));
    assert_eq!(cache.pool().slot_bytes(), 64);
    let batch = cache.alloc_batch().expect("64 slots are free");
    assert!(!batch.is_empty() && batch.belongs_to(&pool));
    assert_eq!(pool.in_use(), batch.len());
    other.cache().free_batch(batch); // not its own: it goes home all the same
    assert_eq!((pool.in_use(), other.in_use()), (0, 0));
    let batch = cache.alloc_batch().expect("64 slots are free");
    cache.free_batch(batch);
    other.cache().free(pool.alloc().expect("64 slots are free"));
    assert_eq!((pool.in_use(), other.in_use()), (0, 0));
}
