//! Models of pages that come home while their owner works or leaves.
//!
//! These run the mailboxes and pool-core under them, with loom watching each access to a page's bytes, so that a page that had two holders, or
//! changed hands without an edge, is reported. In a model a mailbox has room for one page, so that the second goes home by the list; its queue is a
//! stand-in (`queue.rs`), because loom does not see into rtrb. A mailbox comes to its owner by [ARRIVAL] and [ARRIVALS-TAKEN]. The owner's end is in `loom_slab_end`.
#![cfg(loom)]

mod reached;

use loom::thread;
use percore_slab::{CoreSlab, Page};
use reached::{Reached, Toss, explore};

fn slab(pages: usize) -> CoreSlab {
    CoreSlab::new(0, 8, pages).expect("a small slab")
}

/// Every page once: each can be had and written, and not one more.
fn assert_every_page_once(slab: &CoreSlab) {
    let pages: Vec<Page> = (0..slab.pages())
        .map_while(|_| slab.alloc(b"end"))
        .collect();
    assert_eq!(pages.len(), slab.pages(), "a page is lost");
    assert!(slab.alloc(b"more").is_none(), "a page is there twice");
    drop(pages);
    assert_eq!(slab.available(), slab.pages());
}

#[test]
fn pages_returned_at_once_are_there_for_the_owners_next_alloc() {
    let early = Reached::new("the owner got a page between two returns");
    let none = Reached::new("the owner found nothing");
    let marks = (early.clone(), none.clone());
    explore(2, move || {
        let (early, none) = marks.clone();
        let owner = thread::spawn(move || {
            let (slab, toss) = (slab(2), Toss::new());
            let [first, second] = [b"a", b"b"].map(|data| {
                let page = slab.alloc(data).expect("free");
                page.into_remote()
            });
            let tossed = toss.clone();
            let returning = thread::spawn(move || {
                assert_eq!(&first[..], b"a");
                drop(first);
                tossed.touch();
            });
            let also_tossed = toss.clone();
            let also_returning = thread::spawn(move || {
                assert_eq!(&second[..], b"b");
                drop(second);
                also_tossed.touch();
            });
            toss.touch();
            let page = slab.alloc(b"new");
            match &page {
                Some(_) if slab.available() == 0 => early.mark(),
                Some(_) => {}
                None => none.mark(),
            }
            returning.join().expect("no panic");
            also_returning.join().expect("no panic");
            assert_eq!(slab.available(), 2 - page.iter().len());
            assert!(page.iter().all(|page| &page[..] == b"new"));
            drop(page);
            assert_every_page_once(&slab);
            let stats = slab.stats();
            assert_eq!(
                stats.allocs,
                stats.local_frees + stats.remote_frees,
                "{stats}"
            );
            assert_eq!(stats.remote_frees, 2);
        });
        owner.join().expect("no panic");
    });
    early.check();
    none.check();
}

#[test]
fn a_tick_takes_in_each_return_once() {
    let between = Reached::new("a tick between two returns");
    let mark = between.clone();
    explore(2, move || {
        let mark = mark.clone();
        let owner = thread::spawn(move || {
            let (slab, toss) = (slab(2), Toss::new());
            let [first, second] = [(); 2].map(|()| slab.alloc(b"x").expect("free").into_remote());
            let tossed = toss.clone();
            let returning = thread::spawn(move || {
                drop(first);
                tossed.touch();
            });
            let also_tossed = toss.clone();
            let also_returning = thread::spawn(move || {
                drop(second);
                also_tossed.touch();
            });
            toss.touch();
            let came = slab.tick();
            if came == 1 {
                mark.mark();
            }
            returning.join().expect("no panic");
            also_returning.join().expect("no panic");
            assert_eq!(came + slab.tick(), 2);
            assert_eq!(slab.tick(), 0);
            assert_every_page_once(&slab);
        });
        owner.join().expect("no panic");
    });
    between.check();
}

#[test]
fn the_last_of_two_clones_brings_the_page_home_once() {
    let home = Reached::new("the page was home before the owner looked");
    let away = Reached::new("the page was away when the owner looked");
    let marks = (home.clone(), away.clone());
    explore(2, move || {
        let (home, away) = marks.clone();
        let owner = thread::spawn(move || {
            let (slab, toss) = (slab(1), Toss::new());
            let page = slab.alloc(b"x").expect("free").into_remote();
            let copy = page.clone();
            let tossed = toss.clone();
            let reading = thread::spawn(move || {
                assert_eq!(&page[..], b"x");
                drop(page);
                tossed.touch();
            });
            let also_tossed = toss.clone();
            let also_reading = thread::spawn(move || {
                assert_eq!(&copy[..], b"x");
                drop(copy);
                also_tossed.touch();
            });
            toss.touch();
            match slab.alloc(b"mine") {
                Some(_) => home.mark(),
                None => away.mark(),
            }
            reading.join().expect("no panic");
            also_reading.join().expect("no panic");
            assert_every_page_once(&slab);
        });
        owner.join().expect("no panic");
    });
    home.check();
    away.check();
}

/// What this shows is that bytes stay readable and nobody frees twice; that the memory is freed at all is pool-core's model.
#[test]
fn a_page_outlives_an_owner_that_leaves_meanwhile() {
    let after = Reached::new("a page came home after its owner had left");
    let before = Reached::new("both pages came home before their owner left");
    let marks = (after.clone(), before.clone());
    explore(2, move || {
        let (after, before) = marks.clone();
        let owner = thread::spawn(move || {
            let (slab, toss) = (slab(2), Toss::new());
            let [first, second] = [b"a", b"b"].map(|data| {
                let page = slab.alloc(data).expect("free");
                page.into_remote()
            });
            let tossed = toss.clone();
            let reading = thread::spawn(move || {
                assert_eq!(&first[..], b"a");
                drop(first);
                tossed.touch();
            });
            let also_tossed = toss.clone();
            let also_reading = thread::spawn(move || {
                assert_eq!(&second[..], b"b");
                drop(second);
                also_tossed.touch();
            });
            toss.touch();
            match slab.available() {
                2 => before.mark(),
                _ => after.mark(),
            }
            drop(slab);
            reading.join().expect("no panic");
            also_reading.join().expect("no panic");
        });
        owner.join().expect("no panic");
    });
    after.check();
    before.check();
}

/// The first goes into the mailbox and the second, which finds it full, into the list, unless the owner took the first meanwhile.
#[test]
fn a_full_mailbox_holds_up_nobody() {
    let between = Reached::new("the owner took a page between the two");
    let none = Reached::new("the owner found nothing");
    let both = Reached::new("the owner found both");
    let marks = [between.clone(), none.clone(), both.clone()];
    explore(3, move || {
        let [between, none, both] = marks.clone();
        let owner = thread::spawn(move || {
            let (slab, toss) = (slab(2), Toss::new());
            let [first, second] = [(); 2].map(|()| slab.alloc(b"x").expect("free").into_remote());
            let tossed = toss.clone();
            let returning = thread::spawn(move || {
                assert_eq!(&first[..], b"x");
                drop(first);
                assert_eq!(&second[..], b"x");
                drop(second);
                tossed.touch();
            });
            toss.touch();
            let came = slab.tick();
            match came {
                0 => none.mark(),
                1 => between.mark(),
                _ => both.mark(),
            }
            assert!(slab.available() >= came);
            returning.join().expect("no panic");
            assert_eq!(slab.available(), 2);
            assert_every_page_once(&slab);
        });
        owner.join().expect("no panic");
    });
    between.check();
    none.check();
    both.check();
}

/// A thread's mailbox is thrown away when the thread is gone, and what it put in last is not.
#[test]
fn what_a_thread_returned_last_outlives_it() {
    let early = Reached::new("the owner looked before the return");
    let late = Reached::new("the owner found the page");
    let marks = (early.clone(), late.clone());
    explore(3, move || {
        let (early, late) = marks.clone();
        let owner = thread::spawn(move || {
            let (slab, toss) = (slab(2), Toss::new());
            let [first, second] = [(); 2].map(|()| slab.alloc(b"x").expect("free").into_remote());
            let tossed = toss.clone();
            let returning = thread::spawn(move || {
                drop(first);
                tossed.touch();
                // By now the mailbox may be known to the owner.
                thread::yield_now();
                drop(second);
            });
            toss.touch();
            let mut came = slab.tick();
            match came {
                0 => early.mark(),
                _ => late.mark(),
            }
            came += slab.tick();
            came += slab.tick();
            returning.join().expect("no panic");
            assert_eq!(came + slab.tick(), 2);
            assert_every_page_once(&slab);
        });
        owner.join().expect("no panic");
    });
    early.check();
    late.check();
}
