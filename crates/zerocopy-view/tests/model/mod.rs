//! What a model needs: exploration with a stated bound, marks of reached states, and a cell that stands for bytes loom does not see.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::cell::UnsafeCell;

/// More preemptions than a model of two short threads has places for. Not "no bound": then loom 0.7.2 explores less, as docs/verification.md tells.
const EVERY: usize = 60;

/// Runs `model` under each interleaving. Every actor is to be a spawned thread.
pub(crate) fn explore(model: impl Fn() + Send + Sync + 'static) {
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(EVERY);
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

    /// Notes that this interleaving got there, if `here`.
    pub(crate) fn mark_if(&self, here: bool) {
        // Relaxed: outside the model; loom runs one interleaving at a time.
        self.times.fetch_add(usize::from(here), Ordering::Relaxed);
    }

    /// To be called after the exploration.
    pub(crate) fn check(&self) {
        let times = self.times.load(Ordering::Relaxed);
        assert!(times > 0, "vacuous model: never reached: {}", self.state);
        println!("reached {times} times: {}", self.state);
    }
}

/// Stands for some bytes of a storage: loom reports a read or write of it that is not ordered with the writes of others.
///
/// Shared by `std`'s `Arc`, which loom does not see and which so adds no edges.
pub(crate) struct Bytes(UnsafeCell<()>);

// SAFETY: loom checks every access to the cell.
unsafe impl Send for Bytes {}
// SAFETY: loom checks every access to the cell.
unsafe impl Sync for Bytes {}

impl Bytes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(())))
    }

    pub(crate) fn read(&self) {
        self.0.with(|_| ());
    }

    pub(crate) fn write(&self) {
        self.0.with_mut(|_| ());
    }
}
