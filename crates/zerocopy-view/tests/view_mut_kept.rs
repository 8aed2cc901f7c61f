//! The growing buffer: what goes along with the bytes. A kind, a charge, and not a digest.

use bytes::BufMut;
use pool_core::{Budget, Pool};
use zerocopy_view::{Kind, View};

fn pool(slots: usize, slot_bytes: usize) -> Pool {
    let built = Pool::builder().slots(slots).slot_bytes(slot_bytes).build();
    built.unwrap()
}

#[test]
fn the_kind_goes_through_every_form() {
    let pool = pool(2, 64);
    let view = View::from(pool.alloc().unwrap()).retag(Kind::OPUS);
    let mut buffer = view.try_into_mut().unwrap().with_source(&pool);
    let front = buffer.split_to(10).freeze();
    buffer.truncate(20);
    buffer.reserve(40);
    assert_eq!(pool.in_use(), 2, "moved, because the front has the slot");
    let all = buffer.split_to(0).freeze();
    assert_eq!(
        [front.kind(), buffer.freeze().kind(), all.kind()],
        [Kind::OPUS; 3]
    );
}

/// A view of a storage that is charged, as `bytes` in a slot or on the heap.
fn charged(view: View, budget: &Budget) -> View {
    view.with_budget(budget).expect("there is room")
}

#[test]
fn a_charge_stays_with_the_storage_through_every_form() {
    let pool = pool(1, 64);
    let budget = Budget::new(100);
    for view in [View::from(pool.alloc().unwrap()), View::from(vec![0; 64])] {
        let mut buffer = charged(view, &budget).try_into_mut().unwrap();
        let front = buffer.split_to(10).freeze();
        drop(buffer);
        assert_eq!(budget.used(), 64, "as long as any of it is kept");
        let front = front.try_into_mut().unwrap().freeze();
        assert_eq!((budget.used(), front.budget().is_some()), (64, true));
        drop(front);
        assert_eq!(budget.used(), 0);
    }
}

#[test]
fn what_a_charged_buffer_grows_to_is_charged_too() {
    let (small, large) = (pool(1, 64), pool(1, 128));
    let budget = Budget::new(128);
    let view = charged(View::from(small.alloc().unwrap()), &budget);
    let mut buffer = view.try_into_mut().unwrap().with_source(&large);
    let refused = buffer.try_reserve(1).unwrap_err();
    assert!(refused.is_over_budget() && !refused.is_without_lease());
    assert_eq!(
        (buffer.capacity(), budget.used(), large.in_use()),
        (64, 64, 0)
    );
    // Who must go on goes on, and the budget says that it was too much for a while.
    buffer.reserve(1);
    assert_eq!(
        (buffer.capacity(), budget.used(), small.in_use()),
        (128, 128, 0)
    );
    buffer.reserve(65);
    assert!(!buffer.is_pooled());
    assert_eq!(budget.used(), buffer.capacity());
    assert_eq!(
        buffer.freeze().budget().map(|own| own.is_same(&budget)),
        Some(true)
    );
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_digest_is_forgotten_when_its_bytes_can_be_written() {
    let pool = pool(1, 64);
    let abc = View::from_static(b"abc").sha256();
    for view in [View::from(pool.alloc().unwrap()), View::from(vec![0; 64])] {
        let before = view.sha256();
        let mut buffer = view.try_into_mut().unwrap();
        buffer[..3].copy_from_slice(b"abc");
        let mut rest = buffer.split_off(3);
        let view = buffer.freeze();
        assert_eq!((view.sha256(), view.sha256()), (abc, abc));
        // What was digested goes, and its memory is written by who has the rest.
        drop(view);
        rest.truncate(0);
        rest.reserve(64);
        rest.put_bytes(0, 64);
        let view = rest.freeze();
        assert_ne!(view.slice(..3).sha256(), abc);
        assert_eq!(view.sha256(), before);
    }
}
