//! The thread sanitizer over the stress tests.
//!
//! It sees a race only where the other thread's use is ordered by nothing that it sees, and calls everything a race that `std`'s own code orders. So it runs
//! the tests whose threads share nothing but what the crates share, and meet by atomics of the test's own (`tests/together`).

use super::Sanitizer;
use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::Result;
use indicatif::ProgressBar;

const THREAD: Sanitizer = Sanitizer {
    folder: "tsan",
    // The second: `std` is taken as it is.
    flags: "-Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer",
    probe: include_str!("probes/race.rs"),
    report: "WARNING: ThreadSanitizer: data race",
    options: "TSAN_OPTIONS",
};

/// Relative to the workspace root.
const SUPPRESSIONS: &str = "xtask/src/sanitizer/thread-suppressions.txt";

/// Optimised, because a debug build is too slow to meet itself. Without `std` pools have no caches, and budgets a lock that is their own.
const RUNS: &[(&str, &[&str])] = &[
    (
        "-p pool-core --features track --test threads --test caches --test free_list --test reservation --test stats --test lessons_track",
        &[],
    ),
    (
        "-p pool-core --no-default-features --test threads --test free_list --test budget_threads",
        &[],
    ),
    // A thread's first return to a slab looks for it behind a lock of `std`'s. Tests one after the other build theirs while nobody looks.
    ("-p percore-slab --test threads", &["--test-threads=1"]),
    (
        "-p percore-slab --no-default-features --test threads --test stress",
        &[],
    ),
    ("-p zerocopy-view --test threads", &[]),
];

/// Each run takes other turns: three of a second find more than one of three.
const REPEATS: usize = 3;

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let instrument = match THREAD.try_out(workspace, progress)? {
        Ok(instrument) => instrument,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let file = workspace.root().join(SUPPRESSIONS);
    // One report is enough, and what follows it is often its echo.
    let options = format!("halt_on_error=1 suppressions=\"{}\"", file.display());
    let mut tests = 0;
    for (run, arguments) in RUNS {
        for _ in 0..REPEATS {
            tests += instrument.test(&format!("--release {run}"), &options, arguments)?;
        }
    }
    Ok(Outcome::Passed(format!(
        "{tests} test runs, each test {REPEATS} times; a race made on purpose is reported"
    )))
}
