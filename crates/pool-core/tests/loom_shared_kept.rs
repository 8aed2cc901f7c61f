//! Models of what is kept for a shared slot: one digest of all that are offered, seen whole, gone with the sharing; a charge that is given back once, after
//! everybody's last use.
#![cfg(loom)]

mod model;

use loom::thread;
use std::sync::Arc;

use model::{EVERY, Reached, assert_every_slot_once, explore, pool, write};
use pool_core::{Budget, Shared};

const ALL: std::ops::Range<usize> = 0..8;

/// [DIGEST-KEEP] with [DIGEST-READ]: of two that are offered one is kept, and whoever sees one sees all of it.
#[test]
fn of_two_digests_one_is_kept_and_seen_whole() {
    let (first, second) = (
        Reached::new("the first was kept"),
        Reached::new("the second"),
    );
    let other = Reached::new("who offered one read the other's");
    let marks = [first.clone(), second.clone()];
    let mark_other = other.clone();
    explore(EVERY, move || {
        let pool = pool(1);
        let one = pool.alloc().unwrap().share();
        let shares = [(1, one.clone()), (2, one)];
        let threads = shares.map(|(mark, share)| {
            let (marks, other) = (marks.clone(), mark_other.clone());
            thread::spawn(move || {
                share.keep_digest(&ALL, [mark; 32]);
                let Some(kept) = share.kept_digest(&ALL) else {
                    return; // The other is about to keep its own.
                };
                assert!(kept == [1; 32] || kept == [2; 32], "{kept:?}");
                other.mark_if(kept != [mark; 32]);
                marks[usize::from(kept[0]) - 1].mark();
            })
        });
        threads.into_iter().for_each(|it| it.join().unwrap());
        assert_every_slot_once(&pool, Vec::new());
    });
    first.check();
    second.check();
    other.check();
}

/// A digest is marked and counted beside a clone and a drop: neither loses a count, and the slot goes home once, with nothing in its record.
#[test]
fn a_digest_is_gone_with_the_sharing() {
    let keeper = Reached::new("who kept it was the last");
    let other = Reached::new("the other was the last");
    let (mark_keeper, mark_other) = (keeper.clone(), other.clone());
    explore(EVERY, move || {
        let pool = pool(1);
        let one = pool.alloc().unwrap().share();
        let two = one.clone();
        let next = |last: Reached, pool: Arc<pool_core::Pool>| {
            let Some(mut lease) = pool.alloc() else {
                return;
            };
            last.mark();
            write(&mut lease, 1);
            assert_eq!(lease.share().kept_digest(&ALL), None, "another sharing's");
        };
        let keeper = {
            let (pool, mark) = (Arc::clone(&pool), mark_keeper.clone());
            thread::spawn(move || {
                assert_eq!(one[0], 0);
                one.keep_digest(&ALL, [1; 32]);
                drop(one);
                next(mark, pool);
            })
        };
        let other = {
            let (pool, mark) = (Arc::clone(&pool), mark_other.clone());
            thread::spawn(move || {
                let clone = two.clone();
                drop(two);
                assert_eq!(clone[0], 0);
                drop(clone);
                next(mark, pool);
            })
        };
        keeper.join().unwrap();
        other.join().unwrap();
        assert_every_slot_once(&pool, Vec::new());
    });
    keeper.check();
    other.check();
}

/// [SHARE-DROP] with [SHARE-LAST]: where something is kept, too, the last sharer hands on a slot that nobody reads.
#[test]
fn the_last_sharer_of_a_slot_that_keeps_comes_after_the_other() {
    let last = Reached::new("the slot's next owner is its last sharer");
    let mark = last.clone();
    explore(EVERY, move || {
        let pool = pool(1);
        let one = pool.alloc().unwrap().share();
        one.keep_digest(&ALL, [1; 32]);
        let two = one.clone();
        let reader = thread::spawn(move || {
            assert_eq!(one[0], 0);
            assert_eq!(one.kept_digest(&ALL), Some([1; 32]));
            drop(one);
        });
        let next = {
            let (pool, mark) = (Arc::clone(&pool), mark.clone());
            thread::spawn(move || {
                drop(two);
                let Some(mut lease) = pool.alloc() else {
                    return;
                };
                mark.mark();
                write(&mut lease, 1);
                lease.share().keep_digest(&ALL, [2; 32]);
            })
        };
        reader.join().unwrap();
        next.join().unwrap();
        assert_every_slot_once(&pool, Vec::new());
    });
    last.check();
}

fn charged(share: &mut Shared, budget: &Budget) {
    let charge = budget.try_charge(8).expect("there is room");
    assert!(share.set_charge(charge).is_ok_and(|it| it.is_none()));
}

/// Two sharers of a charged slot go: the charge is given back once.
#[test]
fn a_charge_is_given_back_once_by_whoever_is_last() {
    let first = Reached::new("the first to be spawned was the last to go");
    let second = Reached::new("the second was");
    let marks = [first.clone(), second.clone()];
    explore(EVERY, move || {
        let (pool, budget) = (pool(1), Arc::new(Budget::new(8)));
        let mut one = pool.alloc().unwrap().share();
        charged(&mut one, &budget);
        let mut shares = [Some(one.clone()), Some(one)];
        let threads = [0, 1].map(|at| {
            let (pool, mark) = (Arc::clone(&pool), marks[at].clone());
            let share = shares[at].take().expect("each once");
            thread::spawn(move || {
                assert_eq!(share.charge().map(|it| it.bytes()), Some(8));
                drop(share);
                mark.mark_if(pool.free_count() == 1);
            })
        });
        threads.into_iter().for_each(|it| it.join().unwrap());
        assert_eq!(budget.used(), 0);
        assert_every_slot_once(&pool, Vec::new());
    });
    first.check();
    second.check();
}

/// [SHARERS] with [SHARE-DROP]: who is alone replaces the charge, and nobody else looks at it any more.
#[test]
fn a_charge_is_changed_by_who_is_alone_and_after_every_look_of_another() {
    let alone = Reached::new("the charge was taken");
    let refused = Reached::new("another shared the slot");
    let (mark_alone, mark_refused) = (alone.clone(), refused.clone());
    explore(EVERY, move || {
        let (pool, budget) = (pool(1), Arc::new(Budget::new(8)));
        let mut one = pool.alloc().unwrap().share();
        charged(&mut one, &budget);
        let two = one.clone();
        let looker = thread::spawn(move || {
            assert_eq!(two.charge().map(|it| it.bytes()), Some(8));
            drop(two);
        });
        let taker = {
            let (alone, refused) = (mark_alone.clone(), mark_refused.clone());
            thread::spawn(move || match one.take_charge() {
                Some(charge) => {
                    alone.mark();
                    assert!(one.set_charge(charge).is_ok());
                }
                None => refused.mark(),
            })
        };
        looker.join().unwrap();
        taker.join().unwrap();
        assert_eq!(budget.used(), 0);
        assert_every_slot_once(&pool, Vec::new());
    });
    alone.check();
    refused.check();
}
