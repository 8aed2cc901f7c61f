//! The tests in other ways than every change runs them: in one process, and again and again on a machine whose cores all have other work.

use crate::steps::Outcome;
use crate::test_suite;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

const ROUNDS: usize = 20;

/// The tests of each file as threads of one process, which `cargo test` runs them as and the step `test`, where there is nextest, does not.
pub(crate) fn one_process_step(_: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let run = test_suite::run_in_one_process("--workspace", progress)?;
    Ok(Outcome::Passed(format!("{} tests", run.tests)))
}

/// Each round draws its random histories anew.
pub(crate) fn step(_: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let mut tests = 0;
    under_load(|| -> Result<()> {
        for round in 1..=ROUNDS {
            let run = test_suite::run("--workspace", progress);
            tests += run
                .with_context(|| format!("round {round} of {ROUNDS}"))?
                .tests;
        }
        Ok(())
    })?;
    Ok(Outcome::Passed(format!("{tests} tests in {ROUNDS} rounds")))
}

/// Runs `work` beside one thread for each core that does nothing but run.
fn under_load<T>(work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            // Relaxed: it only has to be seen at some time.
            scope.spawn(|| {
                while !done.load(Relaxed) {
                    core::hint::spin_loop();
                }
            });
        }
        let _done = OnDrop(&done); // also if `work` panics: the scope waits for its threads
        work()
    })
}

struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        // Relaxed: as above.
        self.0.store(true, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_ends_with_the_work() {
        assert_eq!(under_load(|| 7), 7);
        let panicked = std::panic::catch_unwind(|| under_load(|| panic!("the work fails")));
        assert!(panicked.is_err());
    }
}
