//! The relay and the workloads of `benches/` against their rivals, in one table.
//!
//! The subjects of a case are measured in rounds, each subject a short while per round: what slows the
//! machine for a minute slows them all, and the spread between rounds shows it.

mod executables;
mod machine;
mod rounds;
mod rows;
mod samples;
mod selection;
mod table;

use crate::relay::{self, RelayRun};
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use rows::Row;
use selection::Selection;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// What was measured, and what could not be.
#[derive(Default)]
struct Results {
    rows: Vec<Row>,
    /// `<subject>: <reason>`.
    missing: BTreeSet<String>,
}

pub(crate) fn command(
    workspace: &Workspace,
    groups: &[String],
    quick: bool,
    json: Option<PathBuf>,
) -> Result<ExitCode> {
    let selection = Selection::new(groups)?;
    println!("{}\n", machine::description());
    let mut results = Results::default();
    if selection.wants_relay() {
        run_relay(workspace, &selection, &mut results)?;
    }
    if let Some(filter) = selection.criterion_filter() {
        let plan = if quick {
            &rounds::QUICK
        } else {
            &rounds::THOROUGH
        };
        println!("{plan}\n");
        rounds::run(workspace, plan, &filter, &mut results)?;
    }
    println!("{}", table::render(&results.rows));
    for missing in &results.missing {
        println!("missing: {missing}");
    }
    if let Some(path) = json {
        fs::write(&path, rows::to_json(&results.rows)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let unmeasured = selection.unmeasured(&results);
    if !unmeasured.is_empty() {
        bail!("nothing was measured for: {}", unmeasured.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the relay with its own clients, shows its table, and takes the rows that it measured.
fn run_relay(workspace: &Workspace, selection: &Selection, results: &mut Results) -> Result<()> {
    if !relay::exists(workspace) {
        results
            .missing
            .insert("relay: no crate has an example by that name".to_owned());
        return Ok(());
    }
    let folder = workspace.target().join("bench");
    fs::create_dir_all(&folder)?;
    let json = folder.join("relay.json");
    if json.exists() {
        fs::remove_file(&json)?; // An older run's rows are no measurement of this one.
    }
    let progress = ProgressBar::new_spinner();
    let run = relay::self_test(workspace, Some(&json), &progress)?;
    progress.finish_and_clear();
    match run {
        RelayRun::Passed(output) => {
            println!("{}\n", output.trim_end());
            let rows = rows::from_json(&fs::read_to_string(&json).context("the relay's rows")?)?;
            results
                .rows
                .extend(rows.into_iter().filter(|row| selection.includes(&row.case)));
        }
        RelayRun::CannotRunHere(reason) => _ = results.missing.insert(format!("relay: {reason}")),
    }
    Ok(())
}
