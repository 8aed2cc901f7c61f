//! What each crate offers, item by item, in a file that changes when the offer does: `crates/<crate>/public-api.txt`.
//!
//! rustdoc's description of a crate is nightly's; `cargo public-api` turns it into lines.

use crate::process;
use crate::steps::Outcome;
use crate::tools::{NIGHTLY, PUBLIC_API, quiet};
use crate::workspace::Workspace;
use anyhow::{Result, bail, ensure};
use cargo_metadata::Package;
use indicatif::ProgressBar;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// What every type has is not listed.
const OPTIONS: &str = "--all-features --omit blanket-impls,auto-trait-impls,auto-derived-impls";

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    if let Some(reason) = missing() {
        return Ok(Outcome::Skipped(reason));
    }
    let mut problems = Vec::new();
    let mut items = 0;
    for package in workspace.crates() {
        let now = public_api(workspace, package, progress)?;
        items += now.lines().count();
        let recorded = fs::read_to_string(record(package)).unwrap_or_default();
        if now != recorded {
            problems.push(format!(
                "{}:\n{}",
                package.name,
                difference(&recorded, &now)
            ));
        }
    }
    if !problems.is_empty() {
        bail!("{}\nif that is meant: cargo xtask api", problems.join("\n"));
    }
    Ok(Outcome::Passed(format!("{items} items")))
}

/// Writes what there is now.
pub(crate) fn command(workspace: &Workspace) -> Result<ExitCode> {
    if let Some(reason) = missing() {
        bail!("{reason}");
    }
    let progress = ProgressBar::new_spinner();
    for package in workspace.crates() {
        let now = public_api(workspace, package, &progress)?;
        fs::write(record(package), now)?;
    }
    progress.finish_and_clear();
    Ok(ExitCode::SUCCESS)
}

fn missing() -> Option<String> {
    let probe = [&format!("+{NIGHTLY}"), "--version"];
    quiet(Command::new("rustdoc").args(probe)).is_none().then(|| {
        format!("no toolchain `{NIGHTLY}`; to install it: rustup toolchain install {NIGHTLY} --profile minimal")
    })
}

fn record(package: &Package) -> PathBuf {
    package
        .manifest_path
        .with_file_name("public-api.txt")
        .into_std_path_buf()
}

fn public_api(workspace: &Workspace, package: &Package, progress: &ProgressBar) -> Result<String> {
    let program = PUBLIC_API.provide(workspace, progress)?;
    let mut command = Command::new(program);
    command.args(OPTIONS.split(' '));
    command.args(["-p", package.name.as_str(), "--target-dir"]);
    command.arg(workspace.target().join("api"));
    // Only what it writes to its standard output is the list.
    let output = command.output()?;
    let list = String::from_utf8(output.stdout)?;
    ensure!(
        output.status.success() && !list.is_empty(),
        "`{}` ended with {}\n{}",
        process::describe(&command),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(list)
}

/// The lines that only one of the two has.
fn difference(recorded: &str, now: &str) -> String {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) =
        (recorded.lines().collect(), now.lines().collect());
    let gone = before.difference(&after).map(|line| format!("- {line}"));
    let new = after.difference(&before).map(|line| format!("+ {line}"));
    gone.chain(new).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_comes_before_what_is_new() {
        assert_eq!(difference("a\nb\n", "b\nc\n"), "- a\n+ c");
    }
}
