//! The counted box, explored: [COUNT-DROP], [COUNT-LAST], [COUNT-READ].
//!
//! The bytes themselves are memory that loom does not see. A witness cell stands for them: reading a view's bytes reads the cell,
//! dropping their owner (or using them alone) writes it, so loom reports a use that is not ordered before the end.

#![cfg(loom)]

use std::sync::atomic::{AtomicUsize as UncheckedUsize, Ordering as UncheckedOrdering};

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use zerocopy_view::{StableBytes, View};

/// Counts executions in which the state that a model is about was met.
struct Reached {
    state: &'static str,
    times: std::sync::Arc<UncheckedUsize>,
}

impl Reached {
    fn new(state: &'static str) -> Self {
        let times = std::sync::Arc::new(UncheckedUsize::new(0));
        Self { state, times }
    }

    fn marker(&self) -> impl Fn() + Send + Sync + Clone + use<> {
        let times = self.times.clone();
        move || {
            // Relaxed: a count on its own.
            times.fetch_add(1, UncheckedOrdering::Relaxed);
        }
    }

    fn check(self) {
        // Relaxed: a count on its own.
        let times = self.times.load(UncheckedOrdering::Relaxed);
        assert!(times > 0, "vacuous model: never reached: {}", self.state);
        println!("{}: {times} executions", self.state);
    }
}

/// What is left of an owner's bytes for the model: the cell, and how often the owner was dropped.
struct Witness {
    bytes: UnsafeCell<u8>,
    drops: AtomicUsize,
}

// SAFETY: loom checks every access to the cell.
unsafe impl Send for Witness {}
// SAFETY: loom checks every access to the cell.
unsafe impl Sync for Witness {}

impl Witness {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            bytes: UnsafeCell::new(0),
            drops: AtomicUsize::new(0),
        })
    }

    fn read(&self) {
        self.bytes.with(|_| ());
    }

    fn write(&self) {
        self.bytes.with_mut(|_| ());
    }

    fn drops(&self) -> usize {
        // Relaxed: the threads were joined.
        self.drops.load(Ordering::Relaxed)
    }
}

struct Owned(Arc<Witness>);

// SAFETY: static bytes.
unsafe impl StableBytes for Owned {
    fn stable_bytes(&self) -> &[u8] {
        b"bytes"
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.write();
        // Relaxed: a count on its own.
        self.0.drops.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn the_owner_is_dropped_once_and_after_every_use() {
    let first_was_last = Reached::new("the first was last");
    let second_was_last = Reached::new("the second was last");
    let markers = [second_was_last.marker(), first_was_last.marker()];
    loom::model(move || {
        let witness = Witness::new();
        let first = View::from_owner(Owned(witness.clone()));
        let actors = [
            (first.clone(), markers[0].clone()),
            (first, markers[1].clone()),
        ];
        let threads = actors.map(|(view, other_was_last)| {
            let witness = witness.clone();
            thread::spawn(move || {
                let clone = view.clone();
                drop(view);
                witness.read();
                // Relaxed: a count on its own.
                let early = witness.drops.load(Ordering::Relaxed);
                assert_eq!(early, 0, "dropped under a view");
                drop(clone);
                // Relaxed: a count on its own.
                if witness.drops.load(Ordering::Relaxed) == 0 {
                    other_was_last();
                }
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(witness.drops(), 1);
    });
    first_was_last.check();
    second_was_last.check();
}

#[test]
fn who_is_alone_comes_after_every_other_use() {
    let alone = Reached::new("alone after the other's drop");
    let shared = Reached::new("not alone");
    let (was_alone, was_shared) = (alone.marker(), shared.marker());
    loom::model(move || {
        let witness = Witness::new();
        let mine = View::from_owner(Owned(witness.clone()));
        let theirs = mine.slice(1..3);
        let reader = thread::spawn({
            let witness = witness.clone();
            move || {
                witness.read();
                drop(theirs);
            }
        });
        let asker = thread::spawn({
            let (witness, was_alone, was_shared) =
                (witness.clone(), was_alone.clone(), was_shared.clone());
            move || {
                if mine.sharers() == 1 {
                    witness.write();
                    was_alone();
                } else {
                    was_shared();
                }
            }
        });
        reader.join().unwrap();
        asker.join().unwrap();
        assert_eq!(witness.drops(), 1);
    });
    alone.check();
    shared.check();
}

#[test]
fn a_slot_comes_home_once_from_two_threads() {
    let home = Reached::new("the slot is home");
    let was_home = home.marker();
    loom::model(move || {
        let pool = pool_core::Pool::builder()
            .slots(1)
            .slot_bytes(8)
            .build()
            .unwrap();
        let view = View::from(pool.alloc().unwrap());
        let threads = [view.slice(..4), view].map(|view| {
            thread::spawn(move || {
                let clone = view.clone();
                drop(view);
                drop(clone);
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        let slot = pool.alloc().expect("the only slot is home");
        assert!(pool.alloc().is_none(), "home twice");
        drop(slot);
        was_home();
    });
    home.check();
}
