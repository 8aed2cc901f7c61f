//! Models of the lock that budgets have without `std`.
//!
//! It compiles the shipped file into the model: with `std`, budgets have another lock.
#![cfg(loom)]

mod model;
#[path = "../src/budget/spin_lock.rs"]
mod spin_lock;
#[allow(dead_code, unused_imports, reason = "the model uses a part of it")]
#[path = "../src/sync.rs"]
mod sync;

use loom::thread;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::{Reached, explore};
use spin_lock::SpinLock;

/// Whether somebody is under the lock; unknown to loom, so that it adds no edge.
#[derive(Default)]
struct Held(AtomicBool);

impl Held {
    fn enter(&self) {
        assert!(!self.0.swap(true, Ordering::Relaxed), "two at a time");
    }

    fn leave(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn is_held(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// [SPIN-LOCK] with [SPIN-UNLOCK]: each sees what the one before did to the value, which loom watches as a cell.
#[test]
fn who_spun_sees_what_was_done_under_the_lock() {
    let spun = Reached::new("one came to the lock while another held it");
    let mark = spun.clone();
    // Bounded: a spinner may be let in again and again while the holder stands still.
    explore(3, move || {
        let (lock, held) = (Arc::new(SpinLock::new(0)), Arc::new(Held::default()));
        let threads = [(); 2].map(|()| {
            let (lock, held, mark) = (Arc::clone(&lock), Arc::clone(&held), mark.clone());
            thread::spawn(move || {
                mark.mark_if(held.is_held());
                lock.with(|value| {
                    held.enter();
                    // Here another thread may come.
                    thread::yield_now();
                    *value += 1;
                    held.leave();
                });
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(lock.with(|value| *value), 2, "each added one");
    });
    spun.check();
}
