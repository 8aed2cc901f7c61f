//! What is there beside a pool when it is used in earnest: other pools, other threads.

use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use crate::case::use_and_drop;
use crate::work::pool::{HELD, Shared, SlotPool};

/// Other pools that this thread has used.
pub struct Company<P> {
    _pools: Vec<P>,
}

impl<P: SlotPool> Default for Company<P> {
    /// Eight of them.
    fn default() -> Self {
        let pools: Vec<P> = (0..8).map(|_| P::with_slots(HELD)).collect();
        for pool in &pools {
            use_and_drop(pool.take());
        }
        Self { _pools: pools }
    }
}

/// A thread that has taken and given back slots of the pool, and lives on: if there is a cache per thread, it has a warm one.
pub struct Neighbour<P> {
    /// The pool that it shares with the caller.
    pub pool: Shared<P>,
    /// Dropped to let the thread end.
    leash: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<P: SlotPool> Neighbour<P> {
    /// Returns when the thread has warmed its cache.
    pub fn new(pool: Shared<P>) -> Self {
        let (leash, until) = channel::<()>();
        let (warm, warmed) = channel::<()>();
        let theirs = pool.clone();
        let thread = thread::spawn(move || {
            for _ in 0..4 {
                let slots: Vec<_> = (0..HELD).filter_map(|_| theirs.take()).collect();
                use_and_drop(slots);
            }
            drop(warm);
            // An error: the other end is gone, which is what is waited for.
            until.recv().unwrap_or_default();
        });
        // An error, as above.
        warmed.recv().unwrap_or_default();
        Self {
            pool,
            leash: Some(leash),
            thread: Some(thread),
        }
    }
}

impl<P> Drop for Neighbour<P> {
    fn drop(&mut self) {
        drop(self.leash.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it only waited");
        }
    }
}
