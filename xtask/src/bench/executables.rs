//! The benchmark programs: built once, listed, and run with criterion's arguments.

use super::machine::Pin;
use super::plan::Plan;
use super::samples;
use crate::process;
use crate::rivals;
use crate::workspace::Workspace;
use anyhow::{Result, ensure};
use cargo_metadata::Message;
use indicatif::ProgressBar;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program, and how many of the wanted benchmarks it has.
pub(super) struct Executable {
    path: PathBuf,
    pub(super) benchmarks: u32,
}

/// Builds the benchmark programs and keeps those with wanted benchmarks.
///
/// The lines in which they say that a subject is missing are added to `missing`.
pub(super) fn build(
    workspace: &Workspace,
    plan: &Plan,
    filter: &str,
    missing: &mut BTreeSet<String>,
    progress: &ProgressBar,
) -> Result<Vec<Executable>> {
    let mut command = rivals::cargo(workspace, "bench --no-run");
    command.args([
        "--message-format=json-render-diagnostics",
        "--profile",
        plan.profile,
    ]);
    if !plan.features.is_empty() {
        command.args(["--features", plan.features]);
    }
    let output = process::succeed(command, progress)?;
    let paths = built_benches(&output);
    ensure!(
        !paths.is_empty(),
        "{} has no benchmark program",
        rivals::FOLDER
    );
    let mut executables = Vec::new();
    for path in paths {
        let mut executable = Executable {
            path,
            benchmarks: 0,
        };
        let mut list = executable.command(workspace, None, filter);
        list.arg("--list");
        let output = process::succeed(list, progress)?;
        missing.extend(missing_subjects(&output));
        let listed = output.lines().filter(|line| line.ends_with(": benchmark"));
        executable.benchmarks = u32::try_from(listed.count())?;
        if executable.benchmarks > 0 {
            executables.push(executable);
        }
    }
    Ok(executables)
}

impl Executable {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn command(
        &self,
        workspace: &Workspace,
        pin: Option<&Pin>,
        filter: &str,
    ) -> Command {
        let mut command = match pin {
            Some(pin) => pin.command(&self.path),
            None => Command::new(&self.path),
        };
        command.env("CRITERION_HOME", samples::folder(workspace));
        command.args(["--bench", "--noplot", filter]);
        command
    }
}

/// The paths of the benchmarks among cargo's messages.
fn built_benches(output: &str) -> Vec<PathBuf> {
    let messages = output
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let mut paths = Vec::new();
    for message in messages {
        if let Message::CompilerArtifact(artifact) = message
            && artifact.target.is_bench()
        {
            paths.extend(artifact.executable.map(PathBuf::from));
        }
    }
    paths.sort();
    paths
}

/// The `<subject>: <reason>` of each line `missing: <subject>: <reason>`.
pub(super) fn missing_subjects(output: &str) -> impl Iterator<Item = String> {
    output
        .lines()
        .filter_map(|line| Some(line.strip_prefix("missing: ")?.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_subjects_are_read_from_among_other_lines() {
        let output = "pool/pair/pool-core: benchmark\nmissing: dpdk: no librte_mempool\n";
        assert!(missing_subjects(output).eq(["dpdk: no librte_mempool"]));
    }
}
