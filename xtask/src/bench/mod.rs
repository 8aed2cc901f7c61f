//! The relay and the workloads of `benches/` against their rivals, in one table.
//!
//! The subjects of a case are measured in rounds, each subject a short while per round: what slows the
//! machine for a minute slows them all, and the spread between rounds shows it.

mod executables;
mod machine;
mod relays;
mod rounds;
mod rows;
mod samples;
mod selection;
mod table;

use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
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
    let plan = if quick {
        &rounds::QUICK
    } else {
        &rounds::THOROUGH
    };
    println!("{plan}\n");
    if selection.wants_relay() {
        relays::run(workspace, plan, &selection, &mut results)?;
    }
    if let Some(filter) = selection.criterion_filter() {
        rounds::run(workspace, plan, &filter, &mut results)?;
    }
    println!("{}", table::render(&results.rows));
    if let Some(verdict) = table::verdict(&results.rows) {
        println!("{verdict}");
    }
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
