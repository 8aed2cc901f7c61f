//! The fast paths, instruction by instruction.

use crate::process::{self, CANNOT_RUN_HERE};
use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use indicatif::ProgressBar;

const TARGET: &str = "--release -p benches --bin fast_path";

pub(crate) fn step(_: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    process::succeed(process::command(&format!("cargo build {TARGET}")), progress)?;
    let finished = process::run(
        process::command(&format!("cargo run --quiet {TARGET}")),
        progress,
    )?;
    let counted = finished.output.lines().next().unwrap_or_default();
    match finished.status.code() {
        Some(0) => Ok(Outcome::Passed(counted.to_owned())),
        Some(CANNOT_RUN_HERE) => Ok(Outcome::Skipped(finished.last_line().to_owned())),
        _ => bail!(
            "ended with {}\n{}",
            finished.status,
            finished.output.trim_end()
        ),
    }
}
