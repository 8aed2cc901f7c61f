//! What each model needs: exploration with a stated bound, marks of reached states, a census of the slots.
#![allow(
    dead_code,
    reason = "each file of models compiles this module for itself and uses its part of it"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pool_core::{Lease, Pool};

/// More preemptions than a model of two short threads has places for.
///
/// Not "no bound": then loom 0.7.2 explores less, because its reduction of equal interleavings is too eager, and a bound makes it
/// look again. One model here went from 36 interleavings without a bound to 484 with a bound of three, and only then met
/// the mistake it was written for.
pub(crate) const EVERY: usize = 60;

/// Runs `model` under each interleaving with at most `preemptions` forced switches between its threads.
///
/// Every actor is to be a spawned thread: with work on the model's first thread loom leaves interleavings out.
pub(crate) fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    // Some models begin with many steps of one thread.
    builder.max_branches = 4000;
    builder.check(move || {
        // Relaxed: outside the model; loom runs one interleaving at a time.
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let runs = runs.load(Ordering::Relaxed);
    assert!(runs > 1, "vacuous model: one interleaving explored");
    println!("{runs} interleavings");
}

/// A state that a model's claim is about. A model that never gets there proves nothing.
#[derive(Clone)]
pub(crate) struct Reached {
    state: &'static str,
    times: Arc<AtomicUsize>,
}

impl Reached {
    pub(crate) fn new(state: &'static str) -> Self {
        Self {
            state,
            times: Arc::default(),
        }
    }

    /// Notes that this interleaving got there.
    pub(crate) fn mark(&self) {
        // Relaxed: outside the model; loom runs one interleaving at a time.
        self.times.fetch_add(1, Ordering::Relaxed);
    }

    /// As [`mark`](Self::mark), if `here`.
    pub(crate) fn mark_if(&self, here: bool) {
        if here {
            self.mark();
        }
    }

    /// To be called after the exploration.
    pub(crate) fn check(&self) {
        let times = self.times.load(Ordering::Relaxed);
        assert!(times > 0, "vacuous model: never reached: {}", self.state);
        println!("reached {times} times: {}", self.state);
    }
}

/// A small pool; `Arc` and not a handle for each thread, so that the handles' count adds no edges to a model.
pub(crate) fn pool(slots: usize) -> Arc<Pool> {
    Arc::new(small_pool(slots))
}

pub(crate) fn small_pool(slots: usize) -> Pool {
    Pool::builder()
        .slots(slots)
        .slot_bytes(8)
        .build()
        .expect("a few bytes")
}

/// Touches the bytes as their owner: loom reports any other access that is not ordered with this one.
pub(crate) fn write(lease: &mut Lease, mark: u8) {
    lease[0] = mark;
}

/// Each slot is either among `held` or can be taken now, once; and the counts say so.
#[track_caller]
pub(crate) fn assert_every_slot_once(pool: &Pool, held: Vec<Lease>) {
    let (counted, out) = (pool.in_use(), held.len());
    let mut found = held;
    // One more than there can be, so that a list that runs in a circle ends too.
    for _ in 0..=pool.capacity() {
        found.extend(pool.alloc());
    }
    for lease in &mut found {
        write(lease, 0xee);
    }
    let mut slots: Vec<_> = found.iter().map(Lease::slot_index).collect();
    slots.sort_unstable();
    let all: Vec<_> = (0..pool.capacity()).collect();
    assert_eq!(slots, all, "every slot exactly once");
    assert_eq!(counted, out, "slots in use");
    drop(found);
    assert_eq!(pool.free_count(), pool.capacity());
}
