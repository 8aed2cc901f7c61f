//! Models of the counted right: whoever is last, or becomes the owner again, comes after every other sharer.
#![cfg(loom)]

mod model;

use loom::cell::UnsafeCell;
use loom::thread;
use std::rc::Rc;
use std::sync::Arc;

use model::{EVERY, Reached, assert_every_slot_once, explore, pool, write};

/// [SHARE-DROP] with [SHARE-LAST]: the last sharer, which counted itself out or saw that it is alone, gives the slot back and is its next owner, with nothing else to
/// order its write after the other sharer's read.
#[test]
fn the_last_of_two_sharers_hands_on_a_slot_nobody_reads() {
    let last = Reached::new("the slot's next owner is its last sharer");
    let other = Reached::new("the other sharer was the last");
    let (mark_last, mark_other) = (last.clone(), other.clone());
    explore(EVERY, move || {
        let pool = pool(1);
        let one = pool.alloc().unwrap().share();
        let two = one.clone();
        let reader = thread::spawn(move || {
            assert_eq!(one[0], 0);
            drop(one);
        });
        let next = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                assert_eq!(two[0], 0);
                drop(two);
                let mut taken = pool.alloc()?;
                write(&mut taken, 1);
                Some(taken)
            })
        };
        reader.join().unwrap();
        let held = next.join().unwrap();
        mark_last.mark_if(held.is_some());
        mark_other.mark_if(held.is_none());
        assert_every_slot_once(&pool, held.into_iter().collect());
    });
    last.check();
    other.check();
}

/// [SHARE-DROP] with [UNSHARE]: the only sharer left writes.
#[test]
fn an_unshared_slot_has_no_reader_left() {
    let owned = Reached::new("the share became the unique right");
    let refused = Reached::new("the share came back, because another was there");
    let (mark_owned, mark_refused) = (owned.clone(), refused.clone());
    explore(EVERY, move || {
        let pool = pool(1);
        let one = pool.alloc().unwrap().share();
        let two = one.clone();
        let reader = thread::spawn(move || {
            assert_eq!(one[0], 0);
            drop(one);
        });
        let writer = thread::spawn(move || match two.try_unshare() {
            Ok(mut lease) => {
                write(&mut lease, 1);
                true
            }
            Err(share) => {
                assert_eq!(share[0], 0);
                false
            }
        });
        reader.join().unwrap();
        if writer.join().unwrap() {
            mark_owned.mark();
        } else {
            mark_refused.mark();
        }
        assert_every_slot_once(&pool, Vec::new());
    });
    owned.check();
    refused.check();
}

/// Two sharers that both want to own: one at most does.
#[test]
fn at_most_one_of_two_sharers_becomes_the_owner() {
    let one = Reached::new("one became the owner after the other let go");
    let none = Reached::new("both were refused");
    let (mark_one, mark_none) = (one.clone(), none.clone());
    explore(EVERY, move || {
        let pool = pool(1);
        let share = pool.alloc().unwrap().share();
        let sharers = [share.clone(), share].map(|share| {
            thread::spawn(move || {
                let mut lease = share.try_unshare().ok()?;
                write(&mut lease, 1);
                Some(lease)
            })
        });
        let held: Vec<_> = sharers
            .into_iter()
            .filter_map(|it| it.join().unwrap())
            .collect();
        mark_one.mark_if(held.len() == 1);
        mark_none.mark_if(held.is_empty());
        assert_every_slot_once(&pool, held);
    });
    one.check();
    none.check();
}

/// Cloning beside the drop of another share: the slot goes home once, after the clone.
#[test]
fn a_clone_keeps_the_slot_while_another_share_goes() {
    let last = Reached::new("the clone was the last to go");
    let first = Reached::new("the other share was the last to go");
    let (mark_last, mark_first) = (last.clone(), first.clone());
    explore(EVERY, move || {
        let pool = pool(1);
        let one = pool.alloc().unwrap().share();
        let two = one.clone();
        let cloner = {
            let (pool, mark) = (Arc::clone(&pool), mark_last.clone());
            thread::spawn(move || {
                let clone = one.clone();
                drop(one);
                assert_eq!(clone[0], 0);
                assert!(pool.alloc().is_none(), "the clone keeps the slot");
                drop(clone);
                mark.mark_if(pool.free_count() == 1);
            })
        };
        let dropper = {
            let (pool, mark) = (Arc::clone(&pool), mark_first.clone());
            thread::spawn(move || {
                drop(two);
                let Some(mut taken) = pool.alloc() else {
                    return;
                };
                mark.mark();
                write(&mut taken, 1);
            })
        };
        cloner.join().unwrap();
        dropper.join().unwrap();
        assert_every_slot_once(&pool, Vec::new());
    });
    last.check();
    first.check();
}

/// [SHARE-DROP] with [SHARERS]: a count of one tells that all the others have finished, with whatever they did.
#[test]
fn a_count_of_one_comes_after_everything_the_others_did() {
    let alone = Reached::new("counted one");
    let not_alone = Reached::new("counted two");
    let (mark_alone, mark_not) = (alone.clone(), not_alone.clone());
    explore(EVERY, move || {
        let pool = pool(1);
        let elsewhere = Rc::new(UnsafeCell::new(()));
        let one = pool.alloc().unwrap().share();
        let two = one.clone();
        let other = {
            let elsewhere = Rc::clone(&elsewhere);
            thread::spawn(move || {
                elsewhere.with_mut(|_| ());
                drop(one);
            })
        };
        let counter = thread::spawn(move || {
            let alone = two.sharers() == 1;
            if alone {
                elsewhere.with_mut(|_| ());
            }
            alone
        });
        other.join().unwrap();
        if counter.join().unwrap() {
            mark_alone.mark();
        } else {
            mark_not.mark();
        }
        assert_every_slot_once(&pool, Vec::new());
    });
    alone.check();
    not_alone.check();
}

/// [SHARE-DROP] with [SHARE-AGAIN]: a count that was written anew still tells the last sharer what those did who went before.
#[test]
fn a_share_made_without_a_locked_step_hides_nobody_who_went() {
    let alone = Reached::new("the clone was made alone, and its slot handed on");
    let not_alone = Reached::new("the clone was made beside another");
    let (mark_alone, mark_not) = (alone.clone(), not_alone.clone());
    explore(EVERY, move || {
        let pool = pool(1);
        let one = pool.alloc().unwrap().share();
        let mut two = one.clone();
        let reader = thread::spawn(move || {
            assert_eq!(one[0], 0);
            drop(one);
        });
        let cloner = {
            let (pool, alone, not_alone) =
                (Arc::clone(&pool), mark_alone.clone(), mark_not.clone());
            thread::spawn(move || {
                let three = two.clone_mut();
                let counted = three.sharers();
                drop(two);
                drop(three);
                let Some(mut taken) = pool.alloc() else {
                    assert_eq!(counted, 3);
                    return not_alone.mark();
                };
                alone.mark_if(counted == 2);
                write(&mut taken, 1);
            })
        };
        reader.join().unwrap();
        cloner.join().unwrap();
        assert_every_slot_once(&pool, Vec::new());
    });
    alone.check();
    not_alone.check();
}
