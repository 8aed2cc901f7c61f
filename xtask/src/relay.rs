//! The main job on real input: the example `relay`, driven by its own clients.

use crate::process::{self, Finished};
use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use std::path::Path;

/// With this exit code the relay says that io_uring is missing or forbidden; its last line says why.
const CANNOT_RUN_HERE: i32 = 77;

/// How a run of the relay ended that did not fail.
pub(crate) enum RelayRun {
    /// With what it printed.
    Passed(String),
    /// With the reason.
    CannotRunHere(String),
}

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    if !exists(workspace) {
        bail!("no crate has an example called `relay`");
    }
    Ok(match self_test(workspace, None, progress)? {
        RelayRun::Passed(_) => Outcome::Passed(String::new()),
        RelayRun::CannotRunHere(reason) => Outcome::Skipped(reason),
    })
}

pub(crate) fn exists(workspace: &Workspace) -> bool {
    workspace.example("relay").is_some()
}

/// Builds and runs the relay with its own clients; its measurements go to `json`.
pub(crate) fn self_test(
    workspace: &Workspace,
    json: Option<&Path>,
    progress: &ProgressBar,
) -> Result<RelayRun> {
    let (package, _) = workspace
        .example("relay")
        .context("no example is called `relay`")?;
    let target = format!("--release -p {} --example relay", package.name);
    process::succeed(process::command(&format!("cargo build {target}")), progress)?;

    let mut command = process::command(&format!("cargo run --quiet {target} -- --self-test"));
    if let Some(json) = json {
        command.arg("--json").arg(json);
    }
    let text = process::describe(&command);
    let finished = process::run(command, progress)?;
    outcome(finished).with_context(|| format!("`{text}`"))
}

fn outcome(finished: Finished) -> Result<RelayRun> {
    match finished.status.code() {
        Some(0) => Ok(RelayRun::Passed(finished.output)),
        Some(CANNOT_RUN_HERE) => Ok(RelayRun::CannotRunHere(finished.last_line().to_owned())),
        _ => bail!(
            "ended with {}\n{}",
            finished.status,
            finished.output.trim_end()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn ended(code: i32) -> Finished {
        let output = "relay: starting\nno io_uring: EPERM\n".into();
        Finished {
            status: ExitStatus::from_raw(code << 8),
            output,
        }
    }

    #[test]
    fn a_relay_without_io_uring_is_no_failure() {
        let run = outcome(ended(CANNOT_RUN_HERE)).expect("not a failure");
        assert!(matches!(run, RelayRun::CannotRunHere(reason) if reason == "no io_uring: EPERM"));
    }

    #[test]
    fn another_exit_code_is_a_failure() {
        assert!(outcome(ended(1)).is_err());
        assert!(matches!(outcome(ended(0)), Ok(RelayRun::Passed(_))));
    }
}
