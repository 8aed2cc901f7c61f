//! Runs the steps, tells how each ended, and counts.

use crate::deep_steps::DEEP_STEPS;
use crate::steps::{Outcome, STEPS, Step};
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use comfy_table::{ContentArrangement, Table, presets};
use core::fmt;
use core::time::Duration;
use indicatif::ProgressBar;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Instant;

/// Runs the steps called `names`, in the order of the tables. Without names, all of the first table, and of the second if it is to be `deep`.
pub(crate) fn run(
    workspace: &Workspace,
    names: &[String],
    deep: bool,
    strict: bool,
) -> Result<ExitCode> {
    let mut count = Count::default();
    let mut skips = Vec::new();
    let mut failures = Vec::new();
    for step in chosen(names, deep)? {
        let (outcome, time) = run_one(workspace, step);
        match outcome {
            Ok(Outcome::Passed(detail)) => {
                count.passed += 1;
                println!("ok       {time:>6.1} s  {detail}");
            }
            Ok(Outcome::Skipped(reason)) => {
                count.skipped += 1;
                println!("skipped  {time:>6.1} s  ({reason})");
                skips.push((step, reason));
            }
            Err(error) => {
                count.failed += 1;
                println!("FAILED   {time:>6.1} s\n{error:#}\n");
                failures.push(step);
            }
        }
    }
    print_skips(&skips, strict);
    for step in failures {
        println!(
            "FAILED {}: run it alone with `cargo xtask ci {}`",
            step.name, step.name
        );
    }
    println!("{count}");
    Ok(count.exit_code(strict))
}

/// Prints what each step is called, proves and runs.
pub(crate) fn print_table() -> Result<ExitCode> {
    println!("{}", table(STEPS));
    println!("\nOnly with `cargo xtask ci --deep`, or by name:");
    println!("{}", table(DEEP_STEPS));
    Ok(ExitCode::SUCCESS)
}

fn table(steps: &[Step]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(150);
    table.set_header(["step", "proves", "runs"]);
    for step in steps {
        table.add_row([step.name, step.proves, &step.action.text()]);
    }
    table
}

fn all() -> impl Iterator<Item = &'static Step> {
    STEPS.iter().chain(DEEP_STEPS)
}

/// Whether a step is called so.
pub(crate) fn is_known(name: &str) -> bool {
    all().any(|step| step.name == name)
}

fn chosen(names: &[String], deep: bool) -> Result<Vec<&'static Step>> {
    if let Some(name) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<_> = all().map(|step| step.name).collect();
        bail!(
            "no step is called `{name}`; there are: {}",
            known.join(", ")
        );
    }
    if names.is_empty() && !deep {
        return Ok(STEPS.iter().collect());
    }
    let wanted = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    Ok(all().filter(wanted).collect())
}

/// Runs a step and leaves the cursor behind its name; the time is in seconds.
fn run_one(workspace: &Workspace, step: &Step) -> (Result<Outcome>, f64) {
    let progress = ProgressBar::new_spinner();
    if std::io::stderr().is_terminal() {
        progress.set_prefix(step.name);
        progress.set_style(
            indicatif::ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg}")
                .expect("the template is a constant"),
        );
        progress.enable_steady_tick(Duration::from_millis(100));
    }
    let start = Instant::now();
    if !std::io::stdout().is_terminal() {
        print!("{:<12} ", step.name);
        // The name of a long step should be in the log while it runs; a closed log is no failure.
        let _ = std::io::stdout().flush();
    }
    let outcome = step.action.perform(workspace, &progress);
    progress.finish_and_clear();
    if std::io::stdout().is_terminal() {
        print!("{:<12} ", step.name);
    }
    (outcome, start.elapsed().as_secs_f64())
}

fn print_skips(skips: &[(&Step, String)], strict: bool) {
    if skips.is_empty() {
        return;
    }
    println!(
        "\n!!! SKIPPED: nothing was proved by {} step(s) !!!",
        skips.len()
    );
    for (step, reason) in skips {
        println!("!!! {:<12} {reason}", step.name);
        println!("!!! {:<12} so not proved here: {}", "", step.proves);
    }
    if strict {
        println!("!!! --strict: each of them counts as a failure for the exit code");
    }
    println!();
}

#[derive(Default)]
struct Count {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Count {
    fn exit_code(&self, strict: bool) -> ExitCode {
        if self.failed > 0 || (strict && self.skipped > 0) {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

/// The closing line, which other programs read.
impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Count {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "ci: {passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str], deep: bool) -> Result<Vec<&'static str>> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let steps = chosen(&names, deep)?.into_iter();
        Ok(steps.map(|step| step.name).collect())
    }

    #[test]
    fn no_name_means_every_step_of_one_table_or_both() {
        let default = names(&[], false).expect("no name is wrong");
        let deep = names(&[], true).expect("no name is wrong");
        assert_eq!(default.len(), STEPS.len());
        assert_eq!(deep.len(), STEPS.len() + DEEP_STEPS.len());
        assert_eq!(deep[..default.len()], default);
    }

    #[test]
    fn a_named_step_runs_whatever_its_table() {
        let named = [DEEP_STEPS[0].name, "fmt"];
        let expected = ["fmt", DEEP_STEPS[0].name];
        assert_eq!(names(&named, false).expect("both are known"), expected);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = all().map(|step| step.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_names() {
        let error = names(&["fmt", "lint"], false).expect_err("there is no step `lint`");
        assert!(
            error.to_string().contains("`lint`; there are: fmt, "),
            "{error}"
        );
    }

    #[test]
    fn the_closing_line_has_its_form() {
        let count = Count {
            passed: 12,
            failed: 0,
            skipped: 2,
        };
        assert_eq!(count.to_string(), "ci: 12 passed, 0 failed, 2 skipped");
        assert_eq!(count.exit_code(false), ExitCode::SUCCESS);
        assert_eq!(count.exit_code(true), ExitCode::FAILURE);
    }
}
