//! Who is alone, explored: cutting and dropping without a locked step, taking the owner out, charging, for counted boxes and for slots.
#![cfg(loom)]

mod model;

use std::sync::Arc;

use loom::thread;
use model::{Bytes, Reached, explore};
use pool_core::{Budget, Pool};
use zerocopy_view::{StableBytes, View};

/// Three bytes that count as written when they go.
struct Owned(Arc<Bytes>);

// SAFETY: static bytes.
unsafe impl StableBytes for Owned {
    fn stable_bytes(&self) -> &[u8] {
        b"abc"
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.write();
    }
}

fn pool() -> Pool {
    Pool::builder().slots(1).slot_bytes(8).build().unwrap()
}

/// [COUNT-DROP] with [COUNT-AGAIN] and [COUNT-LAST]: a cut that counted without a locked step hides nobody who went before.
#[test]
fn a_cut_by_who_is_alone_hides_nobody_who_went() {
    let alone = Reached::new("cut alone");
    let shared = Reached::new("cut beside another view");
    let (was_alone, was_shared) = (alone.clone(), shared.clone());
    explore(move || {
        let bytes = Bytes::new();
        let mut mine = View::from_owner(Owned(bytes.clone()));
        let theirs = mine.clone();
        let reader = thread::spawn(move || {
            bytes.read();
            drop(theirs);
        });
        let cutter = {
            let (was_alone, was_shared) = (was_alone.clone(), was_shared.clone());
            thread::spawn(move || {
                let front = mine.split_to(1);
                let sharers = front.sharers();
                was_alone.mark_if(sharers == 2);
                was_shared.mark_if(sharers == 3);
                drop(mine);
                drop(front);
            })
        };
        reader.join().unwrap();
        cutter.join().unwrap();
    });
    alone.check();
    shared.check();
}

/// [COUNT-DROP] with [COUNT-READ]: of two that want the owner at most one gets it, and after the other's last use.
#[test]
fn an_owner_is_taken_out_by_one_and_after_every_other_use() {
    let one = Reached::new("one got the owner");
    let none = Reached::new("neither did");
    let (was_one, was_none) = (one.clone(), none.clone());
    explore(move || {
        let bytes = Bytes::new();
        let view = View::from_owner(Owned(bytes.clone()));
        let takers = [view.clone(), view].map(|view| {
            let bytes = bytes.clone();
            thread::spawn(move || {
                bytes.read();
                let Ok((owner, range)) = view.try_into_owner::<Owned>() else {
                    return false;
                };
                assert_eq!(range, 0..3);
                bytes.write();
                drop(owner);
                true
            })
        });
        let got = takers.map(|it| it.join().unwrap());
        assert_ne!(got, [true, true]);
        was_one.mark_if(got[0] || got[1]);
        was_none.mark_if(got == [false, false]);
    });
    one.check();
    none.check();
}

/// A slot is thawed by at most one of two, and its charge goes with it or is given back with the slot: never both, never neither.
#[test]
fn a_charged_slot_is_thawed_by_one_and_its_charge_comes_along() {
    let one = Reached::new("one thawed it, with the charge");
    let none = Reached::new("neither did");
    let (was_one, was_none) = (one.clone(), none.clone());
    explore(move || {
        let (pool, budget) = (Arc::new(pool()), Arc::new(Budget::new(8)));
        let view = View::from(pool.alloc().unwrap());
        let view = view.with_budget(&budget).unwrap();
        let takers = [view.clone(), view].map(|mut view| {
            thread::spawn(move || {
                let charge = view.take_charge();
                let lease = view.try_into_lease();
                // A charge is taken by who is alone, who gets the lease too.
                assert!(charge.is_none() || lease.is_ok());
                charge.zip(lease.ok())
            })
        });
        let got = takers.map(|it| it.join().unwrap());
        assert!(got.iter().flatten().count() <= 1);
        was_one.mark_if(got.iter().any(Option::is_some));
        was_none.mark_if(got.iter().all(Option::is_none));
        drop(got);
        assert_eq!((budget.used(), pool.in_use()), (0, 0));
    });
    one.check();
    none.check();
}

/// [COUNT-READ] with [COUNT-DROP]: the charge in a box is changed by who is alone, and not while another looks at it; it is given back once.
#[test]
fn the_charge_in_a_box_is_changed_by_who_is_alone() {
    let alone = Reached::new("the charge was taken");
    let refused = Reached::new("another view was there");
    let (was_alone, was_refused) = (alone.clone(), refused.clone());
    explore(move || {
        let budget = Arc::new(Budget::new(3));
        let view = View::from_owner(Owned(Bytes::new()));
        let mut mine = view.with_budget(&budget).unwrap();
        let theirs = mine.clone();
        let looker = thread::spawn(move || {
            assert!(theirs.budget().is_some());
            drop(theirs);
        });
        let taker = {
            let (was_alone, was_refused) = (was_alone.clone(), was_refused.clone());
            thread::spawn(move || {
                let charge = mine.take_charge();
                was_alone.mark_if(charge.is_some());
                was_refused.mark_if(charge.is_none());
            })
        };
        looker.join().unwrap();
        taker.join().unwrap();
        assert_eq!(budget.used(), 0);
    });
    alone.check();
    refused.check();
}

/// Two threads ask for the digest of different bytes of a box: each gets its own, whichever is kept.
#[test]
fn a_digest_is_that_of_the_bytes_whoever_asks_beside() {
    let expected = [View::from_static(b"abc"), View::from_static(b"bc")].map(|it| it.sha256());
    explore(move || {
        let view = View::from_owner(Owned(Bytes::new()));
        let views = [view.clone(), view.slice(1..)];
        drop(view);
        let askers = views.map(|view| thread::spawn(move || view.sha256()));
        assert_eq!(askers.map(|it| it.join().unwrap()), expected);
    });
}
