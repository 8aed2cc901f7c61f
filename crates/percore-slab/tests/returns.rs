//! How pages come home from threads that stop, panic, end or never run again.

use percore_slab::{CoreSlab, RemotePage};
use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::thread;

fn slab(pages: usize) -> CoreSlab {
    CoreSlab::new(0, 64, pages).expect("a small slab")
}

fn take<const N: usize>(slab: &CoreSlab) -> [RemotePage; N] {
    std::array::from_fn(|_| slab.alloc(b"x").expect("free").into_remote())
}

/// Each number of pages, around those that a mailbox has room for: nothing waits in the returner's hands.
#[test]
fn what_a_sleeping_thread_returned_is_there() {
    let counts = [1, 2, 31, 32, 33, 511, 512, 513, 600];
    let counts = &counts[..if cfg!(miri) { 4 } else { counts.len() }];
    for count in counts {
        let slab = slab(*count);
        let all: Vec<RemotePage> = (0..*count)
            .map(|_| slab.alloc(b"x").expect("free").into_remote())
            .collect();
        let (returned, wake) = (&Barrier::new(2), &Barrier::new(2));
        thread::scope(|scope| {
            scope.spawn(move || {
                drop(all);
                returned.wait();
                wake.wait();
            });
            returned.wait();
            assert_eq!(slab.available(), *count);
            assert_eq!(slab.stats().remote_frees, *count as u64);
            assert!(slab.alloc(b"without a tick").is_some());
            assert_eq!(slab.available(), *count, "it was dropped again");
            wake.wait();
        });
    }
}

#[test]
fn a_tick_takes_what_an_alloc_would_find() {
    let slab = slab(3);
    let pages: [RemotePage; 3] = take(&slab);
    let (returned, wake) = (&Barrier::new(2), &Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(move || {
            drop(pages);
            returned.wait();
            wake.wait();
        });
        returned.wait();
        assert_eq!((slab.tick(), slab.tick()), (3, 0));
        wake.wait();
    });
}

#[test]
fn a_thread_that_panics_while_it_returns_loses_nothing() {
    let slab = slab(8);
    let pages: [RemotePage; 8] = take(&slab);
    let panicked = thread::spawn(move || {
        let mut left = pages.into_iter();
        drop(left.next());
        let _dropped_by_the_panic = left;
        panic!("half way");
    })
    .join();
    assert!(panicked.is_err());
    assert_eq!(slab.available(), 8);
    assert_eq!(slab.tick(), 8);
}

#[test]
fn what_thread_locals_hold_comes_home_when_the_thread_ends() {
    thread_local! {
        static HELD: std::cell::RefCell<Vec<RemotePage>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    let slab = slab(4);
    let [first, second, third, fourth] = take(&slab);
    // Touched before the mailbox and after it: one of the two outlives it.
    thread::spawn(move || {
        HELD.with_borrow_mut(|held| held.push(first));
        drop(second);
    })
    .join()
    .expect("no panic");
    thread::spawn(move || {
        drop(third);
        HELD.with_borrow_mut(|held| held.push(fourth));
    })
    .join()
    .expect("no panic");
    assert_eq!(slab.available(), 4);
    assert_eq!(slab.tick(), 4);
}

/// Mailboxes of threads that ended are emptied and thrown away; those that come later are found.
#[test]
fn threads_come_and_go() {
    let slab = slab(2);
    for round in 0..if cfg!(miri) { 5_u64 } else { 300 } {
        let [page, copy] = {
            let [page] = take(&slab);
            [page.clone(), page]
        };
        thread::spawn(move || drop((page, copy)))
            .join()
            .expect("no panic");
        if round % 3 == 0 {
            assert_eq!(slab.tick(), 1, "round {round}");
        }
        assert_eq!(slab.available(), 2, "round {round}");
        assert_eq!(slab.stats().remote_frees, round + 1);
    }
}

/// One thread that outlives many slabs, whose memory may lie at the same addresses again.
#[test]
fn a_reader_outlives_many_owners() {
    let (sender, receiver) = channel::<RemotePage>();
    let reader = thread::spawn(move || {
        for page in receiver {
            assert_eq!(&page[..], b"x");
        }
    });
    for _ in 0..if cfg!(miri) { 5 } else { 200 } {
        let sender = sender.clone();
        thread::spawn(move || {
            let slab = slab(3);
            let pages: [RemotePage; 3] = take(&slab);
            for page in pages {
                sender.send(page).expect("the reader listens");
            }
            // Some come home before the owner leaves, some later.
            drop(slab);
        })
        .join()
        .expect("no panic");
    }
    drop(sender);
    reader.join().expect("its assertions hold");
    assert_eq!(pool_core::leaked_regions(), 0);
}

/// A reader that holds one page stops nobody: the others go round as often as they like.
#[test]
fn a_stalled_reader_with_a_page_stops_nobody() {
    let slab = slab(2);
    let [held] = take(&slab);
    let (holding, may_go) = (&Barrier::new(2), &Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(move || {
            holding.wait();
            may_go.wait();
            assert_eq!(&held[..], b"x");
        });
        holding.wait();
        let (sender, receiver) = channel::<RemotePage>();
        scope.spawn(move || receiver.into_iter().for_each(drop));
        for _ in 0..if cfg!(miri) { 20 } else { 2000 } {
            let page = loop {
                match slab.alloc(b"goes round") {
                    Some(page) => break page,
                    None => thread::yield_now(),
                }
            };
            sender.send(page.into_remote()).expect("the reader listens");
        }
        drop(sender);
        may_go.wait();
    });
    assert_eq!(slab.available(), 2);
}

#[test]
fn high_water_is_what_was_really_out() {
    let slab = slab(8);
    for _ in 0..3 {
        let pages: [RemotePage; 3] = take(&slab);
        thread::spawn(move || drop(pages)).join().expect("no panic");
    }
    assert_eq!(slab.stats().high_water, 3);
    let pages: [RemotePage; 5] = take(&slab);
    assert_eq!(slab.stats().high_water, 5);
    drop(pages);
}
