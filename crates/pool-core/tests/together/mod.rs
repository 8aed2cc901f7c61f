//! Threads that begin at the same moment, and what they share.
//!
//! Nothing here waits inside `std`: its barriers, channels and contended locks are compiled without the thread sanitizer, which so would not
//! see that one thread's unlock comes before another's lock, and would call what the lock protects a race.
#![allow(
    dead_code,
    reason = "each test file compiles this module for itself and uses its part of it"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread;

/// Runs `work` on so many threads, which begin at once, each with its number; gives what they give, in the order of the numbers.
pub(crate) fn at_once<T: Send + 'static>(
    threads: usize,
    work: impl Fn(usize) -> T + Send + Sync + 'static,
) -> Vec<T> {
    let (start, work) = (Arc::new(Meeting::of(threads)), Arc::new(work));
    let spawned: Vec<_> = (0..threads)
        .map(|thread| {
            let (start, work) = (Arc::clone(&start), Arc::clone(&work));
            thread::spawn(move || {
                start.wait();
                work(thread)
            })
        })
        .collect();
    spawned
        .into_iter()
        .map(|thread| thread.join().expect("its assertions hold"))
        .collect()
}

/// A barrier that is good for one meeting.
pub(crate) struct Meeting {
    expected: usize,
    arrived: AtomicUsize,
}

impl Meeting {
    pub(crate) fn of(threads: usize) -> Self {
        Self {
            expected: threads,
            arrived: AtomicUsize::new(0),
        }
    }

    /// Comes back when all are here.
    pub(crate) fn wait(&self) {
        // AcqRel and Acquire: as of a barrier, what was done before it is seen behind it.
        self.arrived.fetch_add(1, Ordering::AcqRel);
        while self.arrived.load(Ordering::Acquire) < self.expected {
            thread::yield_now();
        }
    }
}

/// Locks without waiting inside `std`.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::WouldBlock) => thread::yield_now(),
            Err(TryLockError::Poisoned(_)) => panic!("another thread panicked"),
        }
    }
}
