//! The relay: first driven by its own clients, then measured in turn with its rival on tokio.

use super::counts::Count;
use super::plan::Plan;
use super::record::Record;
use super::rows::{self, Measured};
use super::samples::Samples;
use super::selection::Selection;
use crate::process;
use crate::relay::{self, RelayRun};
use crate::rivals;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The same fan-out under the same clients, by what others use for it.
const RIVAL: &str = "--bin tokio_relay";

/// What both relays measure.
const CASES: [&str; 2] = ["relay/fanout-1500", "relay/fanout-64k"];

/// Shows the relay's own table, and adds the rows of both relays to `record`.
pub(super) fn run(
    workspace: &Workspace,
    plan: &Plan,
    selection: &Selection,
    record: &mut Record,
) -> Result<()> {
    let profile = format!("--profile {}", plan.profile);
    let rival = format!("{profile} {RIVAL}");
    let building = ProgressBar::new_spinner();
    let run = relay::self_test(workspace, &profile, &building);
    building.finish_and_clear();
    match run? {
        RelayRun::Passed(output) => {
            println!("{}\n", output.trim_end());
            record.counts.extend(allocations(&output));
        }
        RelayRun::CannotRunHere(reason) => {
            record.missing.insert(format!("relay: {reason}"));
            return Ok(());
        }
    }
    let building = ProgressBar::new_spinner();
    process::succeed(
        rivals::cargo(workspace, &format!("build {rival}")),
        &building,
    )?;
    building.finish_and_clear();

    let ours = relay::target(workspace, &profile)?;
    let ours = || process::command(&format!("cargo run --quiet {ours}"));
    let theirs = || rivals::cargo(workspace, &format!("run --quiet {rival}"));
    let subjects: [&dyn Fn() -> Command; 2] = [&ours, &theirs];
    let progress = ProgressBar::new(u64::from(plan.relay_rounds) * subjects.len() as u64)
        .with_style(
            ProgressStyle::with_template("{bar:40} {pos}/{len} relays, {eta} left")
                .expect("the template is a constant"),
        );
    let folder = workspace.target().join("bench");
    fs::create_dir_all(&folder)?;
    let mut measured = Measured::default();
    for _ in 0..plan.relay_rounds {
        for subject in &subjects {
            let rows = one_round(subject(), &folder.join("relay.json"))?;
            measured.add_round(rows.into_iter().map(sample).collect());
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    let rows = rows::summarise(measured).into_iter();
    record
        .rows
        .extend(rows.filter(|row| selection.includes(&row.case)));
    Ok(())
}

/// What the relay counted in its self-test, over messages of every size: the same for each of its cases.
fn allocations(output: &str) -> Vec<Count> {
    let lines = output
        .lines()
        .filter(|line| line.contains("allocations in steady state"));
    let numbers =
        lines.flat_map(|line| line.split_whitespace().filter_map(|word| word.parse().ok()));
    let Some(allocations) = numbers.reduce(|sum: f64, number| sum + number) else {
        return Vec::new();
    };
    let count = |case: &str| Count {
        case: case.to_owned(),
        subject: "relay".to_owned(),
        allocations: Some(allocations),
        ..Count::default()
    };
    CASES.map(count).into()
}

/// As a relay writes it.
#[derive(Deserialize)]
struct RelayRow {
    case: String,
    subject: String,
    ns: f64,
}

/// Has one relay measure each of its cases once.
fn one_round(mut relay: Command, json: &Path) -> Result<Vec<RelayRow>> {
    if json.exists() {
        fs::remove_file(json)?; // An older run's rows are no measurement of this one.
    }
    relay.args(["--", "--rounds", "1", "--json"]).arg(json);
    process::succeed(relay, &ProgressBar::hidden())?;
    let rows = fs::read_to_string(json).context("a relay's rows")?;
    serde_json::from_str(&rows).context("not rows of {case, subject, ns}")
}

fn sample(row: RelayRow) -> Samples {
    Samples {
        case: row.case,
        subject: row.subject,
        nanoseconds: vec![row.ns],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relays_own_count_of_allocations_is_read_from_its_table() {
        let table = "│ messages  4000  300 │\n│ allocations in steady state, receiver  0  0 │\n\
                     │ allocations in steady state, sender  0  2 │\n";
        let counts = allocations(table);
        assert!(counts.iter().all(|count| count.allocations == Some(2.0)));
        assert_eq!(counts.len(), CASES.len());
        assert!(allocations("│ messages  4000 │").is_empty());
    }
}
