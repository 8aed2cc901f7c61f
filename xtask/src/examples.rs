//! The example programs: built as a user builds them, and run.

use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::{Result, ensure};
use cargo_metadata::{Package, Target};
use indicatif::ProgressBar;
use std::process::Command;

/// Runs longer, and says what it lacks: it has a step of its own.
const RELAY: &str = "relay";

/// Tells an example that can do more to drive itself and end; the others read no arguments.
const SELF_TEST: &str = "--self-test";

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    process::succeed(
        process::command("cargo build --release --examples"),
        progress,
    )?;
    let mut ran = 0;
    for package in workspace.members() {
        for target in package.targets.iter().filter(|target| target.is_example()) {
            if target.name != RELAY {
                process::succeed(command(workspace, package, target), progress)?;
                ran += 1;
            }
        }
    }
    ensure!(ran > 0, "there is no example to run");
    Ok(Outcome::Passed(format!("{ran} ran")))
}

/// The program as it was built above, or by cargo where it asks for features that are not on by themselves.
fn command(workspace: &Workspace, package: &Package, target: &Target) -> Command {
    let asked = target.required_features.join(",");
    let default = package.features.get("default");
    let is_default = |feature: &String| default.is_some_and(|default| default.contains(feature));
    let mut command = if target.required_features.iter().all(is_default) {
        Command::new(
            workspace
                .target()
                .join("release/examples")
                .join(&target.name),
        )
    } else {
        let line = format!(
            "cargo run --quiet --release -p {} --example {} --features {asked} --",
            package.name, target.name
        );
        process::command(&line)
    };
    command.arg(SELF_TEST);
    command
}
