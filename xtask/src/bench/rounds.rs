//! The rounds: in each, every program measures every wanted subject for a short while.

use super::Results;
use super::executables::{self, Executable};
use super::machine::Pin;
use super::rows::{self, Measured};
use super::samples;
use crate::process;
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use core::fmt;
use indicatif::{ProgressBar, ProgressStyle};

/// How often and how long each subject is measured.
pub(super) struct Plan {
    /// Of the workspace's manifest. One for all, so that nothing is built twice.
    pub(super) profile: &'static str,
    pub(super) rounds: usize,
    warm_up_seconds: f64,
    measurement_seconds: f64,
}

/// About a sixth of a second per subject and round, with criterion's own work: eighty subjects
/// take half a minute.
pub(super) const QUICK: Plan = Plan {
    profile: "bench-quick",
    rounds: 2,
    warm_up_seconds: 0.03,
    measurement_seconds: 0.1,
};

/// Eighty subjects take about a quarter of an hour.
pub(super) const THOROUGH: Plan = Plan {
    profile: "bench",
    rounds: 11,
    warm_up_seconds: 0.2,
    measurement_seconds: 0.5,
};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan {
            profile,
            rounds,
            measurement_seconds: seconds,
            ..
        } = self;
        write!(
            f,
            "profile {profile}; {rounds} rounds, in each {seconds} s per subject; ns is the median of all samples, "
        )?;
        write!(
            f,
            "lo and hi are the lowest and the highest median of a round"
        )
    }
}

/// Measures what `filter` lets through and adds it to `results`.
pub(super) fn run(
    workspace: &Workspace,
    plan: &Plan,
    filter: &str,
    results: &mut Results,
) -> Result<()> {
    let building = ProgressBar::new_spinner();
    let executables = executables::build(
        workspace,
        plan.profile,
        filter,
        &mut results.missing,
        &building,
    )?;
    building.finish_and_clear();

    let progress = measuring_progress(plan, &executables);
    let pin = Pin::new();
    let mut measured = Measured::default();
    for _ in 0..plan.rounds {
        samples::clear(workspace)?;
        for executable in &executables {
            let mut command = executable.command(workspace, pin.as_ref(), filter);
            command.args(plan.arguments());
            let text = process::describe(&command);
            let finished = process::run_watched(command, |line| {
                // Criterion's line with the result ends a benchmark.
                progress.inc(u64::from(line.contains("time:   [")));
            })?;
            if !finished.status.success() {
                bail!(
                    "`{text}` ended with {}\n{}",
                    finished.status,
                    finished.output.trim_end()
                );
            }
            results
                .missing
                .extend(executables::missing_subjects(&finished.output));
        }
        measured.add_round(samples::read(workspace)?);
    }
    progress.finish_and_clear();
    results.rows.extend(rows::summarise(measured));
    Ok(())
}

impl Plan {
    /// Few resamples: the medians over the rounds are ours to compute, criterion's bootstrap would
    /// take longer than the measurement. (1001, because it warns at 1000.)
    fn arguments(&self) -> Vec<String> {
        let Plan {
            warm_up_seconds,
            measurement_seconds,
            ..
        } = self;
        let arguments = format!(
            "--sample-size 10 --nresamples 1001 \
             --warm-up-time {warm_up_seconds} --measurement-time {measurement_seconds}"
        );
        arguments.split(' ').map(str::to_owned).collect()
    }
}

fn measuring_progress(plan: &Plan, executables: &[Executable]) -> ProgressBar {
    let per_round: u64 = executables
        .iter()
        .map(|executable| executable.benchmarks)
        .sum();
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} measurements, {eta} left")
        .expect("the template is a constant");
    ProgressBar::new(per_round * plan.rounds as u64).with_style(style)
}
