//! The tests as a developer runs them: unit and integration tests, then the doc tests.
//!
//! A test that needs root, a namespace or a kernel feature asks for it first; without it, it prints
//! a line `skipped: <reason>` and passes. Those lines are counted here: they are no proof.

use crate::libtest::tests_run;
use crate::process;
use crate::steps::Outcome;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Result, ensure};
use core::fmt::Write;
use indicatif::ProgressBar;
use std::collections::BTreeMap;

/// The whole workspace, then what only a feature switches on.
const SELECTIONS: &[&str] = &[
    "--workspace",
    "-p pool-core -p framebuf -p sizeclass -p percore-slab -p zerocopy-view -p uring-send --features track",
    "-p framebuf -p zerocopy-view -p uring-send --all-features",
];

/// The same, of the examples in the documentation.
const DOCUMENTED: &[&str] = &[
    "--workspace",
    "-p framebuf -p zerocopy-view -p uring-send --all-features",
    "-p guide --features track",
];

/// What one selection of tests did, all of them passing.
pub(crate) struct Run {
    pub(crate) tests: usize,
    output: String,
}

pub(crate) fn step(_: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let mut counts = Vec::new();
    let mut output = String::new();
    for selection in SELECTIONS {
        let run = run(selection, progress)?;
        counts.push(run.tests.to_string());
        output.push_str(&run.output);
    }
    let tool = if has_nextest() {
        ""
    } else {
        " (no nextest here)"
    };
    Ok(Outcome::Passed(format!(
        "tests: {}{tool}{}",
        counts.join(" + "),
        own_skips(&output)
    )))
}

/// Runs what cargo selects by these words, of which there must be some.
pub(crate) fn run(selection: &str, progress: &ProgressBar) -> Result<Run> {
    // nextest runs each test in its own process and kills one that hangs.
    if has_nextest() {
        let line = format!(
            "cargo nextest run {selection} --success-output immediate --failure-output final"
        );
        return run_line(&line, nextest_run, progress);
    }
    run_in_one_process(selection, progress)
}

/// As [`run`], with the tests of each file as threads of one process.
pub(crate) fn run_in_one_process(selection: &str, progress: &ProgressBar) -> Result<Run> {
    let line = format!("cargo test {selection} --lib --bins --tests -- --show-output");
    run_line(&line, tests_run, progress)
}

fn run_line(line: &str, count: fn(&str) -> usize, progress: &ProgressBar) -> Result<Run> {
    let output = process::succeed(process::command(line), progress)?;
    let tests = count(&output);
    ensure!(tests > 0, "`{line}` ran no test");
    Ok(Run { tests, output })
}

fn has_nextest() -> bool {
    tools::is_there("nextest")
}

pub(crate) fn doctest_step(_: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let mut counts = Vec::new();
    for selection in DOCUMENTED {
        let line = format!("cargo test {selection} --doc");
        let count = tests_run(&process::succeed(process::command(&line), progress)?);
        ensure!(count > 0, "`{line}` ran no test");
        counts.push(count.to_string());
    }
    Ok(Outcome::Passed(format!(
        "doc tests: {}",
        counts.join(" + ")
    )))
}

/// Reads `Summary [ 0.1s] 31 tests run: 31 passed, 0 skipped`.
fn nextest_run(output: &str) -> usize {
    let line = output
        .lines()
        .find(|line| line.trim_start().starts_with("Summary ["));
    let counts = line.and_then(|line| Some(line.split_once(']')?.1));
    let first = counts.and_then(|counts| counts.split_whitespace().next());
    first.and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// How many tests said that they skip themselves, by reason; nothing if none did.
fn own_skips(output: &str) -> String {
    let mut reasons = BTreeMap::<&str, usize>::new();
    for line in output.lines() {
        if let Some(reason) = line.trim_start().strip_prefix("skipped: ") {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    let mut text = String::new();
    for (reason, count) in reasons {
        write!(
            text,
            "\n             {count} of them proved nothing: {reason}"
        )
        .expect("a string takes all");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_read() {
        let output = "──────\n     Summary [   0.004s] 12 tests run: 12 passed, 1 skipped\n";
        assert_eq!(nextest_run(output), 12);
        assert_eq!(nextest_run("error: no tests to run\n"), 0);
    }

    #[test]
    fn tests_that_skip_themselves_are_counted_by_reason() {
        let output = "  skipped: not root\nother\n    skipped: no io_uring\nskipped: not root\n";
        let text = own_skips(output);
        assert!(
            text.contains("2 of them proved nothing: not root"),
            "{text}"
        );
        assert!(
            text.contains("1 of them proved nothing: no io_uring"),
            "{text}"
        );
        assert_eq!(own_skips("1 skipped: 2\n"), "");
    }
}
