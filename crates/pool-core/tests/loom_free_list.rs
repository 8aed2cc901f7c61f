//! Models of the free list, through pools of two or three slots: [PUSH] against every way to take slots.
//!
//! The bytes of a lease are a cell of loom's in a model, so an access to them without a happens-before edge from the last
//! owner, and two owners at once, are both reported.
#![cfg(loom)]

mod model;

use loom::thread;
use std::sync::Arc;

use model::{EVERY, Reached, assert_every_slot_once, explore, pool, write};

/// The ABA problem: [POP-LOAD] sees slot 0 over slot 1, and the exchange comes after slot 0 went, slot 1 went, and slot
/// 0 came back.
#[test]
fn a_stale_pop_fails_after_pop_pop_push() {
    let aba = Reached::new("pop, pop, push beside a pop that won");
    let mark = aba.clone();
    explore(EVERY, move || {
        let pool = pool(2);
        let popper = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.alloc())
        };
        let cycler = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let first = pool.alloc();
                let second = pool.alloc();
                drop(first);
                second
            })
        };
        let (mine, theirs) = (popper.join().unwrap(), cycler.join().unwrap());
        mark.mark_if(mine.is_some() && theirs.is_some());
        assert_every_slot_once(&pool, mine.into_iter().chain(theirs).collect());
    });
    aba.check();
}

/// The same with everything taken at once in between: taking all is a removal like any other.
#[test]
fn a_stale_pop_fails_after_all_went_and_one_came_back() {
    let aba = Reached::new("all went and one came back beside a pop that won");
    let mark = aba.clone();
    explore(EVERY, move || {
        let pool = pool(2);
        let popper = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.alloc())
        };
        let cycler = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut all = Vec::new();
                pool.alloc_many(usize::MAX, &mut all);
                // The one that was on top goes back.
                all.drain(..all.len() / 2).for_each(drop);
                all
            })
        };
        let (mine, mut held) = (popper.join().unwrap(), cycler.join().unwrap());
        mark.mark_if(mine.is_some() && !held.is_empty());
        held.extend(mine);
        assert_every_slot_once(&pool, held);
    });
    aba.check();
}

/// [PUSH] with [POP-LOAD]: the only slot goes from one owner to the next.
#[test]
fn a_popped_slot_shows_its_last_owners_writes() {
    let handed_on = Reached::new("the second owner got the slot");
    let mark = handed_on.clone();
    explore(EVERY, move || {
        let pool = pool(1);
        let mut lease = pool.alloc().unwrap();
        let giver = thread::spawn(move || {
            write(&mut lease, 1);
            drop(lease);
        });
        let taker = {
            let (pool, mark) = (Arc::clone(&pool), mark.clone());
            thread::spawn(move || {
                let mut taken = pool.alloc()?;
                mark.mark();
                assert_eq!(taken[0], 1);
                write(&mut taken, 2);
                Some(taken)
            })
        };
        giver.join().unwrap();
        let held = taker.join().unwrap();
        assert_every_slot_once(&pool, held.into_iter().collect());
    });
    handed_on.check();
}

/// [PUSH] with [POP-RETRY]: the taker looked at another slot first, lost, and takes the one just given back.
#[test]
fn a_pop_that_lost_once_shows_the_last_owners_writes() {
    let handed_on = Reached::new("the slot given back was taken, not the one that was free before");
    let mark = handed_on.clone();
    explore(EVERY, move || {
        let pool = pool(2);
        let mut lease = pool.alloc().unwrap();
        let given = lease.slot_index();
        let giver = thread::spawn(move || {
            write(&mut lease, 1);
            drop(lease);
        });
        let taker = {
            let (pool, mark) = (Arc::clone(&pool), mark.clone());
            thread::spawn(move || {
                let mut taken = pool.alloc().unwrap();
                mark.mark_if(taken.slot_index() == given);
                write(&mut taken, 2);
                taken
            })
        };
        giver.join().unwrap();
        let held = taker.join().unwrap();
        assert_every_slot_once(&pool, vec![held]);
    });
    handed_on.check();
}

/// "Exhausted" means that every slot was in use: with as many slots as holders of one, nobody is ever refused.
#[test]
fn holders_of_one_slot_each_are_never_refused() {
    let met = Reached::new("a slot was used by both threads");
    let mark = met.clone();
    // Three preemptions, 4444 interleavings; five are 85 755 and found no more; all of them did not end in a minute.
    explore(3, move || {
        let pool = pool(2);
        let holder = |rounds: u8| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut seen = [false; 2];
                for round in 0..rounds {
                    let mut lease = pool.alloc().expect("one of two slots is not in use");
                    write(&mut lease, round);
                    seen[lease.slot_index()] = true;
                }
                seen
            })
        };
        let (one, other) = (holder(2), holder(2));
        let (one, other) = (one.join().unwrap(), other.join().unwrap());
        mark.mark_if((one[0] && other[0]) || (one[1] && other[1]));
        assert_eq!(pool.stats().exhausted, 0);
        assert_every_slot_once(&pool, Vec::new());
    });
    met.check();
}

/// Three threads at the same head: two take, one gives back.
#[test]
fn two_takers_and_a_giver_never_share_a_slot() {
    let both = Reached::new("both takers got a slot");
    let one = Reached::new("a taker was refused while every slot was in use");
    let (mark_both, mark_one) = (both.clone(), one.clone());
    // Three preemptions: each of three threads can be held up once. Five take ten times as long and found no more.
    explore(3, move || {
        let pool = pool(2);
        let mut lease = pool.alloc().unwrap();
        let giver = thread::spawn(move || {
            write(&mut lease, 1);
            drop(lease);
        });
        let taker = |mark: u8| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut taken = pool.alloc()?;
                write(&mut taken, mark);
                Some(taken)
            })
        };
        let (first, second) = (taker(2), taker(3));
        giver.join().unwrap();
        let held: Vec<_> = first
            .join()
            .unwrap()
            .into_iter()
            .chain(second.join().unwrap())
            .collect();
        mark_both.mark_if(held.len() == 2);
        mark_one.mark_if(held.len() == 1);
        assert!(!held.is_empty(), "one slot was free all the time");
        assert_every_slot_once(&pool, held);
    });
    both.check();
    one.check();
}

/// [PUSH] with [POP-MANY-LOAD] and [POP-MANY-RETRY]: a run of slots, of which one was given back just now.
#[test]
fn a_run_shows_every_slots_last_writes() {
    let handed_on = Reached::new("the run held the slot given back");
    let mark = handed_on.clone();
    explore(EVERY, move || {
        let pool = pool(3);
        let mut lease = pool.alloc().unwrap();
        let given = lease.slot_index();
        let giver = thread::spawn(move || {
            write(&mut lease, 1);
            drop(lease);
        });
        let taker = {
            let (pool, mark) = (Arc::clone(&pool), mark.clone());
            thread::spawn(move || {
                let mut run = Vec::new();
                assert_eq!(pool.alloc_many(2, &mut run), 2);
                mark.mark_if(run.iter().any(|taken| taken.slot_index() == given));
                run.iter_mut().for_each(|taken| write(taken, 2));
                run
            })
        };
        giver.join().unwrap();
        let held = taker.join().unwrap();
        assert_every_slot_once(&pool, held);
    });
    handed_on.check();
}

/// The walk of a run crosses a slot that another thread took meanwhile, and whose link word now counts its sharers.
///
/// Four sharers of three slots: a count that is followed as if it were a link leads out of the table.
#[test]
fn a_run_beside_a_shared_slot_is_taken_whole_or_not() {
    let overtaken = Reached::new("the other thread took the slot the walk started at");
    let mark = overtaken.clone();
    // Four preemptions, 1847 interleavings: two find the mistake this is written for, sixty are 25 260.
    explore(4, move || {
        let pool = pool(3);
        let runner = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut run = Vec::new();
                pool.alloc_many(2, &mut run);
                run.iter_mut().for_each(|taken| write(taken, 1));
                run
            })
        };
        let sharer = {
            let (pool, mark) = (Arc::clone(&pool), mark.clone());
            thread::spawn(move || {
                let mut taken = pool.alloc().expect("a run of two leaves one");
                write(&mut taken, 2);
                mark.mark_if(taken.slot_index() == 0);
                let shared = taken.share();
                let clones = [shared.clone(), shared.clone(), shared.clone()];
                assert_eq!(clones[2][0], 2);
            })
        };
        sharer.join().unwrap();
        let held = runner.join().unwrap();
        assert_eq!(held.len(), 2, "two slots were free at any time");
        assert_every_slot_once(&pool, held);
    });
    overtaken.check();
}

/// A run of all that is there, against a pop and a push.
#[test]
fn taking_all_beside_pop_and_push_loses_nothing() {
    let all = Reached::new("the run was everything");
    let rest = Reached::new("the run was what the other thread left");
    let (mark_all, mark_rest) = (all.clone(), rest.clone());
    explore(EVERY, move || {
        let pool = pool(2);
        let runner = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut run = Vec::new();
                assert_eq!(pool.alloc_many(usize::MAX, &mut run), run.len());
                run.iter_mut().for_each(|taken| write(taken, 1));
                run
            })
        };
        let user = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                if let Some(mut taken) = pool.alloc() {
                    write(&mut taken, 2);
                }
            })
        };
        user.join().unwrap();
        let held = runner.join().unwrap();
        mark_all.mark_if(held.len() == 2);
        mark_rest.mark_if(held.len() == 1);
        assert_every_slot_once(&pool, held);
    });
    all.check();
    rest.check();
}

/// [PUSH] with [PUSH-SEEN] and [PUSH-RETRY]: each push counts on the depth that the push below it stored. The slots come
/// back in the order that makes their depths other than they were.
#[test]
fn depths_add_up_after_two_pushes() {
    let swapped = Reached::new("slot 0 came home below slot 1");
    let mark = swapped.clone();
    explore(EVERY, move || {
        let pool = pool(2);
        let (first, second) = (pool.alloc().unwrap(), pool.alloc().unwrap());
        let givers = [
            thread::spawn(|| drop(first)),
            thread::spawn(|| drop(second)),
        ];
        givers.into_iter().for_each(|giver| giver.join().unwrap());
        assert_eq!(pool.free_count(), 2);
        let top = pool.alloc().unwrap();
        mark.mark_if(top.slot_index() == 1);
        assert_eq!(pool.free_count(), 1);
        assert_every_slot_once(&pool, vec![top]);
    });
    swapped.check();
}

/// [PUSH] with [LEN]: a count seen beside a push is a true one.
#[test]
fn a_count_never_tells_of_a_slot_that_is_held() {
    let none = Reached::new("counted before the push");
    let one = Reached::new("counted after the push");
    let (mark_none, mark_one) = (none.clone(), one.clone());
    explore(EVERY, move || {
        let pool = pool(2);
        let (given, kept) = (pool.alloc().unwrap(), pool.alloc().unwrap());
        let giver = thread::spawn(|| drop(given));
        let counter = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.free_count())
        };
        giver.join().unwrap();
        match counter.join().unwrap() {
            0 => mark_none.mark(),
            1 => mark_one.mark(),
            more => panic!("{more} slots free while one of two is held"),
        }
        assert_every_slot_once(&pool, vec![kept]);
    });
    none.check();
    one.check();
}
