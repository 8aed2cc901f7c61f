//! Cargo's subcommands that are not cargo's own: whether they are there, and how one comes here.

use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The toolchain for what stable does not offer. Never installed by xtask.
pub(crate) const NIGHTLY: &str = "nightly";

/// The last version tried; another one may read deny.toml differently.
const CARGO_DENY: &str = "0.20.2";

/// Whether `cargo <tool>` can be run.
pub(crate) fn is_there(tool: &str) -> bool {
    quiet(Command::new("cargo").args([tool, "--version"])).is_some()
}

/// The output of a probing command that succeeded. rustup is told not to install on the way.
pub(crate) fn quiet(command: &mut Command) -> Option<String> {
    command.env("RUSTUP_AUTO_INSTALL", "0").stdin(Stdio::null());
    let output = command
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Checks the dependencies against deny.toml.
///
/// Offline, because the list of security advisories is a git database that this workspace's machines
/// cannot reach: `cargo deny check advisories` is for where there is a network.
pub(crate) fn deny_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let program = cargo_deny(workspace, progress)?;
    // It reads the manifest of each dependency, those for other systems included.
    process::succeed(process::command("cargo fetch"), progress)?;
    let mut command = Command::new(program);
    command.args("--offline check --deny unused-wrapper bans licenses sources".split(' '));
    let output = process::succeed(command, progress)?;
    let summary = output
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or_default();
    Ok(Outcome::Passed(summary.trim().to_owned()))
}

/// The user's cargo-deny if there is one, else the pinned version in a folder of the workspace, where
/// the first call installs it.
fn cargo_deny(workspace: &Workspace, progress: &ProgressBar) -> Result<PathBuf> {
    if is_there("deny") {
        return Ok(PathBuf::from("cargo-deny"));
    }
    let root = workspace.target().join("tools");
    let program = root.join("bin/cargo-deny");
    if !program.exists() {
        progress.suspend(|| eprintln!("installing cargo-deny {CARGO_DENY} (minutes)"));
        let build = root.join("build");
        let mut install = process::command("cargo install --locked cargo-deny --version");
        install
            .arg(CARGO_DENY)
            .arg("--root")
            .arg(&root)
            .arg("--target-dir")
            .arg(&build);
        process::succeed(install, progress).context("cargo-deny could not be installed")?;
        fs::remove_dir_all(&build)?;
    }
    Ok(program)
}
