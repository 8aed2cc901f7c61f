//! Other compilers and other machines, as far as they are installed here: nothing is installed unasked.

use crate::process;
use crate::steps::Outcome;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use std::process::Command;

/// Pointers of 32 bits; weak ordering in hardware; the other order of bytes.
const WANTED: &[&str] = &[
    "i686-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "powerpc64-unknown-linux-gnu",
];

/// The oldest compiler that the manifests promise.
pub(crate) fn msrv_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let version = workspace
        .crates()
        .find_map(|package| package.rust_version.as_ref())
        .context("no crate says a rust-version")?;
    let toolchain = format!("{}.{}", version.major, version.minor);
    let probe = [&format!("+{toolchain}"), "--version"];
    if tools::quiet(Command::new("rustc").args(probe)).is_none() {
        return Ok(Outcome::Skipped(format!(
            "no toolchain {toolchain}; to install it: rustup toolchain install {toolchain} --profile minimal"
        )));
    }
    let line = format!("cargo +{toolchain} check");
    check(workspace, &line, "msrv", progress)?;
    Ok(Outcome::Passed(format!("Rust {toolchain}")))
}

/// Each installed target for which this machine itself is none.
pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let installed = tools::quiet(Command::new("rustup").args(["target", "list", "--installed"]));
    let installed = installed.unwrap_or_default();
    let (there, missing): (Vec<_>, Vec<_>) = WANTED
        .iter()
        .copied()
        .partition(|target| installed.lines().any(|line| line == *target));
    let hint = format!("to install: rustup target add {}", missing.join(" "));
    if there.is_empty() {
        return Ok(Outcome::Skipped(format!("no other target; {hint}")));
    }
    for target in &there {
        let line = format!("cargo check --target {target}");
        check(workspace, &line, "targets", progress)?;
    }
    let rest = if missing.is_empty() {
        String::new()
    } else {
        format!("\n             not {}; {hint}", missing.join(", "))
    };
    Ok(Outcome::Passed(format!("{}{rest}", there.join(", "))))
}

/// Checks the crates in a folder of their own, so that nothing else is built anew for it.
fn check(workspace: &Workspace, line: &str, folder: &str, progress: &ProgressBar) -> Result<()> {
    let mut command = process::command(line);
    for package in workspace.crates() {
        command.args(["-p", package.name.as_str()]);
    }
    command.env("CARGO_TARGET_DIR", workspace.target().join(folder));
    process::succeed(command, progress)?;
    Ok(())
}
