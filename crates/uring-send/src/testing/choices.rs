//! Where a scenario's decisions come from: all of them in turn, a seed, or a fuzzer's bytes.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A source of decisions, and the memory of those that were taken. Clones share it.
#[derive(Clone)]
pub struct Choices {
    state: Arc<Mutex<State>>,
}

struct State {
    source: Source,
    taken: Vec<Taken>,
}

enum Source {
    /// These first, then always 0.
    Path(VecDeque<usize>),
    Seed(fastrand::Rng),
}

/// A decision: which of how many.
#[derive(Debug, Clone, Copy)]
struct Taken {
    picked: usize,
    of: usize,
}

impl Choices {
    /// Decides always for the first: the calmest order.
    #[must_use]
    pub fn first() -> Self {
        Self::replay(&[])
    }

    /// Decides at random, the same for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::from_source(Source::Seed(fastrand::Rng::with_seed(seed)))
    }

    /// Decides as it stands in a row that [`Debug`](fmt::Debug) printed, or that a fuzzer made up; afterwards for the first.
    #[must_use]
    pub fn replay(path: &[usize]) -> Self {
        Self::from_source(Source::Path(path.iter().copied().collect()))
    }

    fn from_source(source: Source) -> Self {
        let taken = Vec::new();
        Self {
            state: Arc::new(Mutex::new(State { source, taken })),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number below `of`.
    ///
    /// # Panics
    ///
    /// If `of` is 0.
    #[must_use]
    pub fn pick(&self, of: usize) -> usize {
        assert!(of > 0, "of: at least 1, got 0");
        let mut state = self.state();
        let picked = match &mut state.source {
            Source::Path(path) => path.pop_front().unwrap_or(0) % of,
            Source::Seed(random) => random.usize(..of),
        };
        state.taken.push(Taken { picked, of });
        picked
    }

    /// The next row of decisions in the order of the last decision first; `None` after the last row.
    fn next_path(&self) -> Option<Vec<usize>> {
        let state = self.state();
        let last = state
            .taken
            .iter()
            .rposition(|taken| taken.picked + 1 < taken.of)?;
        let mut path: Vec<_> = state.taken[..=last]
            .iter()
            .map(|taken| taken.picked)
            .collect();
        path[last] += 1;
        Some(path)
    }
}

impl fmt::Debug for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let picked = state.taken.iter().map(|taken| taken.picked);
        f.debug_list().entries(picked).finish()
    }
}

/// Says which decisions led to a panic, so that it can be replayed.
struct OnPanic<'a>(&'a Choices);

impl Drop for OnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the decisions so far, for `Choices::replay`: {:?}", self.0);
        }
    }
}

/// Runs a scenario once for each row of decisions that it can take, and tells how many there are. The scenario must do the same when it
/// is given the same decisions.
///
/// A panic of the scenario passes through, after the decisions that led to it were printed.
///
/// # Panics
///
/// If there are more than `most` rows.
pub fn explore(most: usize, mut scenario: impl FnMut(&Choices)) -> usize {
    let mut path = Vec::new();
    for run in 1..=most {
        let choices = Choices::replay(&path);
        let told = OnPanic(&choices);
        scenario(&choices);
        drop(told);
        match choices.next_path() {
            Some(next) => path = next,
            None => return run,
        }
    }
    panic!("most: the scenario has more than {most} orders; make it smaller or raise this");
}
