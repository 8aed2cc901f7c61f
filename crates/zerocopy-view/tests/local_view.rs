//! Views that stay on one thread: what they count, and what they give back.

use std::rc::Rc;

use allocation_counter::measure;
use bytes::Buf;
use pool_core::Pool;
use zerocopy_view::{Kind, LocalView, View};

fn pool() -> Pool {
    Pool::builder().slots(2).slot_bytes(64).build().unwrap()
}

fn pooled(pool: &Pool) -> View {
    let mut lease = pool.alloc().unwrap();
    (0..)
        .zip(lease.iter_mut())
        .for_each(|(at, byte)| *byte = at);
    View::from(lease)
}

#[test]
fn a_family_is_one_sharer_of_the_storage() {
    let pool = pool();
    let view = pooled(&pool);
    let local = LocalView::from(view.clone());
    let members: Vec<LocalView> = (0..32).map(|at| local.slice(at..)).collect();
    assert_eq!((view.sharers(), local.members()), (2, 33));
    assert_eq!(
        members[5].as_ptr(),
        view[5..].as_ptr(),
        "where the bytes are"
    );
    drop(members);
    assert_eq!((view.sharers(), local.members()), (2, 1));
    drop(local);
    assert_eq!(view.sharers(), 1);
}

#[test]
fn the_last_member_hands_on_the_familys_right() {
    let pool = pool();
    let view = pooled(&pool);
    let address = view.as_ptr();
    let first = LocalView::from(view);
    let second = first.slice(10..20).retag(Kind::PNG);
    let away = second.to_view();
    assert_eq!(
        (away.sharers(), away.kind(), first.kind()),
        (2, Kind::PNG, Kind::RAW)
    );
    assert_eq!(away.as_ptr(), address.wrapping_add(10));
    drop(away);
    let one_more = second.into_view();
    assert_eq!((one_more.sharers(), first.members()), (2, 1));
    drop(one_more);
    let last = first.into_view();
    assert_eq!(
        (last.as_ptr(), last.len(), last.sharers()),
        (address, 64, 1)
    );
    assert_eq!(pool.in_use(), 1);
    std::thread::spawn(move || drop(last)).join().unwrap();
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_family_costs_one_allocation_and_its_members_none() {
    let pool = pool();
    let view = pooled(&pool);
    let sum = measure(|| {
        let local = LocalView::from(view);
        let mut rest = local.clone();
        let front = rest.split_to(10);
        let back = rest.split_off(20);
        let views = [front.to_view(), back.into_view(), rest.into_view()];
        assert_eq!(views.map(|view| view.len()), [10, 34, 20]);
    });
    assert_eq!((sum.count_total, sum.count_current), (1, 0));
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn a_member_without_bytes_keeps_nothing() {
    let pool = pool();
    let local = LocalView::from(pooled(&pool)).retag(Kind::CSV);
    let empty = local.slice(7..7);
    let mut read = local.clone();
    read.advance(64);
    assert_eq!(
        (local.members(), empty.members(), read.members()),
        (1, 0, 0)
    );
    drop(local);
    assert_eq!(pool.in_use(), 0);
    let view = empty.into_view();
    assert_eq!((view.len(), view.kind()), (0, Kind::CSV));
    let sum = measure(|| assert!(LocalView::from(View::default()).is_empty()));
    assert_eq!(sum.count_total, 0);
}

#[test]
fn a_forgotten_member_keeps_the_storage_and_nothing_else() {
    let pool = pool();
    let local = LocalView::from(pooled(&pool));
    core::mem::forget(local.clone());
    assert_eq!(local.into_view().sharers(), 2, "the family lives on");
    assert_eq!(pool.in_use(), 1);
}

#[test]
fn a_family_in_a_threads_own_storage_ends_with_the_thread() {
    thread_local! {
        static KEPT: std::cell::RefCell<Vec<LocalView>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    let pool = pool();
    let view = pooled(&pool);
    let there = view.slice(1..);
    std::thread::spawn(move || {
        let local = LocalView::from(there);
        KEPT.with_borrow_mut(|kept| kept.extend([local.clone(), local]));
    })
    .join()
    .unwrap();
    assert_eq!(view.sharers(), 1);
}

#[test]
fn an_owner_that_panics_when_dropped_is_dropped_once() {
    struct Owner {
        bytes: Vec<u8>,
        _alive: Rc<()>,
    }
    struct Sent(Owner);
    // SAFETY: as `Vec<u8>`.
    unsafe impl zerocopy_view::StableBytes for Sent {
        fn stable_bytes(&self) -> &[u8] {
            &self.0.bytes
        }
    }
    // SAFETY: this test has one thread.
    unsafe impl Send for Sent {}
    // SAFETY: this test has one thread.
    unsafe impl Sync for Sent {}
    impl Drop for Owner {
        fn drop(&mut self) {
            panic!("no");
        }
    }
    let alive = Rc::new(());
    let local = LocalView::from(View::from_owner(Sent(Owner {
        bytes: vec![1; 3],
        _alive: alive.clone(),
    })));
    let other = local.clone();
    drop(local);
    let dropped = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| drop(other)));
    assert!(dropped.is_err());
    assert_eq!(Rc::strong_count(&alive), 1);
}

#[test]
fn cuts_outside_are_refused() {
    let local = LocalView::from(View::from(vec![1, 2, 3]));
    assert!(local.try_slice(2..4).is_err() && local.try_slice(..=usize::MAX).is_err());
    let panics = |cut: fn(&mut LocalView)| {
        let mut again = local.clone();
        let done = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| cut(&mut again)));
        assert_eq!(again, [1, 2, 3]);
        done.is_err()
    };
    assert!(panics(|view| drop(view.slice(4..))));
    assert!(panics(|view| drop(view.split_to(4))));
    assert!(panics(|view| drop(view.split_off(4))));
    assert!(panics(|view| view.advance(4)));
    assert!(panics(|view| drop(view.copy_to_bytes(4))));
    assert_eq!(local.members(), 1);
}

#[test]
fn debug_prints_no_payload() {
    let local = LocalView::from(View::from(vec![b'S'; 10_000]));
    let text = format!("{local:?}");
    assert!(
        text.len() < 200 && text.contains("10000") && !text.contains("SS"),
        "{text}"
    );
}
