//! The main job on real input: the example `relay`, driven by its own clients.

use crate::process::{self, CANNOT_RUN_HERE, Finished};
use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;

/// How a run of the relay ended that did not fail.
pub(crate) enum RelayRun {
    /// With what it printed.
    Passed(String),
    /// With the reason.
    CannotRunHere(String),
}

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    Ok(match self_test(workspace, "--release", progress)? {
        RelayRun::Passed(_) => Outcome::Passed(String::new()),
        RelayRun::CannotRunHere(reason) => Outcome::Skipped(reason),
    })
}

/// What selects the relay on a command line of cargo, built as `profile` says.
pub(crate) fn target(workspace: &Workspace, profile: &str) -> Result<String> {
    let (package, _) = workspace
        .example("relay")
        .context("no crate has an example called `relay`")?;
    Ok(format!("{profile} -p {} --example relay", package.name))
}

/// Builds the relay and runs it with its own clients.
pub(crate) fn self_test(
    workspace: &Workspace,
    profile: &str,
    progress: &ProgressBar,
) -> Result<RelayRun> {
    let target = target(workspace, profile)?;
    process::succeed(process::command(&format!("cargo build {target}")), progress)?;
    let command = process::command(&format!("cargo run --quiet {target} -- --self-test"));
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
