//! Proof that a model reached the state its claim is about, and the bound it runs under.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts, over all executions of a model, how often a state was reached. Not a loom type: it adds no edge.
#[derive(Clone)]
pub(crate) struct Reached {
    what: &'static str,
    times: Arc<AtomicUsize>,
}

impl Reached {
    pub(crate) fn new(what: &'static str) -> Self {
        let times = Arc::new(AtomicUsize::new(0));
        Self { what, times }
    }

    pub(crate) fn mark(&self) {
        self.times.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn check(&self) {
        let times = self.times.load(Ordering::Relaxed);
        assert!(times > 0, "vacuous model: never reached: {}", self.what);
        eprintln!("reached {times} times: {}", self.what);
    }
}

/// Runs a model with up to `preemptions` involuntary switches per execution.
pub(crate) fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// A word that every actor of a model touches once, so that loom tries each order of doing so.
///
/// loom tries another order where two accesses of one word exclude each other, and remembers the last access only: an
/// actor that merely reads a word which the others read before they write it is explored in one place. Relaxed: adds no edge.
#[derive(Clone)]
#[allow(dead_code, reason = "not every model needs it")]
pub(crate) struct Toss(loom::sync::Arc<loom::sync::atomic::AtomicUsize>);

#[allow(dead_code, reason = "not every model needs it")]
impl Toss {
    pub(crate) fn new() -> Self {
        Self(loom::sync::Arc::new(loom::sync::atomic::AtomicUsize::new(
            0,
        )))
    }

    pub(crate) fn touch(&self) {
        self.0.fetch_add(1, loom::sync::atomic::Ordering::Relaxed);
    }
}
