//! The rounds: in each, every program measures every wanted subject for a short while.

use super::executables::{self, Executable};
use super::machine::Pin;
use super::plan::{Pace, Plan};
use super::record::Record;
use super::rows::{self, Measured};
use super::samples;
use crate::process;
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::process::Command;
use std::time::Instant;

/// Measures what `filter` lets through and adds it to `record`.
pub(super) fn run(
    workspace: &Workspace,
    plan: &Plan,
    programs: &[Executable],
    filter: &str,
    record: &mut Record,
) -> Result<()> {
    let subjects = programs.iter().map(|program| program.benchmarks).sum();
    let progress = measuring_progress(u64::from(subjects) * u64::from(plan.rounds));
    let pin = Pin::new();
    let mut pace = Pace::new(plan, subjects);
    let mut measured = Measured::default();
    for _ in 0..plan.rounds {
        let (start, times) = (Instant::now(), pace.times());
        samples::clear(workspace)?;
        for program in programs {
            let mut command = program.command(workspace, pin.as_ref(), filter);
            command.args(times.arguments());
            let output = run_program(command, &progress)?;
            record
                .missing
                .extend(executables::missing_subjects(&output));
        }
        measured.add_round(samples::read(workspace)?);
        pace.took(times, start.elapsed());
    }
    progress.finish_and_clear();
    record.rows.extend(rows::summarise(measured));
    Ok(())
}

fn run_program(command: Command, progress: &ProgressBar) -> Result<String> {
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
    Ok(finished.output)
}

fn measuring_progress(measurements: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} measurements, {eta} left")
        .expect("the template is a constant");
    ProgressBar::new(measurements).with_style(style)
}
