//! Cargo's subcommands that are not cargo's own: whether they are there, and how one comes here.

use crate::process;
use crate::rivals;
use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The toolchain for what stable does not offer. Never installed by xtask.
pub(crate) const NIGHTLY: &str = "nightly";

/// A program in its own package, of the version that was tried last: another may judge differently.
pub(crate) struct Tool {
    package: &'static str,
    program: &'static str,
    version: &'static str,
}

const DENY: Tool = Tool {
    package: "cargo-deny",
    program: "cargo-deny",
    version: "0.20.2",
};

const MACHETE: Tool = Tool {
    package: "cargo-machete",
    program: "cargo-machete",
    version: "0.9.2",
};

const TYPOS: Tool = Tool {
    package: "typos-cli",
    program: "typos",
    version: "1.52.0",
};

pub(crate) const PUBLIC_API: Tool = Tool {
    package: "cargo-public-api",
    program: "cargo-public-api",
    version: "0.52.0",
};

pub(crate) const LLVM_COV: Tool = Tool {
    package: "cargo-llvm-cov",
    program: "cargo-llvm-cov",
    version: "0.9.1",
};

const MUTANTS: Tool = Tool {
    package: "cargo-mutants",
    program: "cargo-mutants",
    version: "27.1.0",
};

const SEMVER: Tool = Tool {
    package: "cargo-semver-checks",
    program: "cargo-semver-checks",
    version: "0.51.0",
};

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
/// cannot reach: [`advisories_step`] is for where there is a network.
pub(crate) fn deny_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let program = DENY.provide(workspace, progress)?;
    // It reads the manifest of each dependency, those for other systems included.
    process::succeed(process::command("cargo fetch"), progress)?;
    let rivals = format!("cargo fetch --manifest-path {}/Cargo.toml", rivals::FOLDER);
    process::succeed(process::command(&rivals), progress)?;
    let mut summaries = Vec::new();
    for manifest in [
        "Cargo.toml".to_owned(),
        format!("{}/Cargo.toml", rivals::FOLDER),
    ] {
        let mut command = Command::new(&program);
        command.args(["--offline", "--manifest-path", &manifest, "check"]);
        command.args("--deny unused-wrapper bans licenses sources".split(' '));
        let output = process::succeed(command, progress)?;
        let summary = output.lines().rfind(|line| !line.trim().is_empty());
        summaries.push(summary.unwrap_or_default().trim().to_owned());
    }
    Ok(Outcome::Passed(summaries.join("; rivals: ")))
}

/// Checks the dependencies against the published advisories, where their database can be had.
pub(crate) fn advisories_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let program = DENY.provide(workspace, progress)?;
    let fetched = process::run(command(&program, "fetch db"), progress)?;
    if !fetched.status.success() {
        return Ok(Outcome::Skipped(format!(
            "no database of advisories here ({}); where there is a network: cargo deny check advisories",
            fetched.last_line()
        )));
    }
    process::succeed(command(&program, "check advisories"), progress)?;
    Ok(Outcome::Passed(String::new()))
}

/// Looks for dependencies that no source file names.
pub(crate) fn machete_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let program = MACHETE.provide(workspace, progress)?;
    process::succeed(command(&program, "crates benches guide xtask"), progress)?;
    Ok(Outcome::Passed(String::new()))
}

/// Looks for words that are well-known misspellings.
pub(crate) fn typos_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let program = TYPOS.provide(workspace, progress)?;
    process::succeed(command(&program, "--format brief"), progress)?;
    Ok(Outcome::Passed(String::new()))
}

/// Changes the safe logic that `.cargo/mutants.toml` names, one expression at a time: a test must fail.
pub(crate) fn safe_mutants_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let program = MUTANTS.provide(workspace, progress)?;
    let mut mutants = command(&program, "mutants --no-shuffle --output");
    mutants.arg(workspace.target().join("safe-mutants"));
    let output = process::succeed(mutants, progress)?;
    let counts = output
        .lines()
        .rfind(|line| line.contains(" mutants tested"));
    Ok(Outcome::Passed(
        counts.unwrap_or_default().trim().to_owned(),
    ))
}

/// Compares each crate's public face with that of the last tag, by the rules of semantic versions.
pub(crate) fn semver_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let tag = quiet(Command::new("git").args("describe --tags --abbrev=0".split(' ')));
    let Some(tag) = tag else {
        return Ok(Outcome::Skipped(
            "no tag to compare with; a release makes one: git tag v0.1.0".to_owned(),
        ));
    };
    let program = SEMVER.provide(workspace, progress)?;
    let mut check = command(&program, "semver-checks --workspace --baseline-rev");
    check.arg(tag.trim());
    process::succeed(check, progress)?;
    Ok(Outcome::Passed(format!("since {}", tag.trim())))
}

fn command(program: &Path, arguments: &str) -> Command {
    let mut command = Command::new(program);
    command.args(arguments.split(' '));
    command
}

impl Tool {
    /// The user's own if there is one, else the pinned version in a folder of the workspace, where the first call installs it.
    pub(crate) fn provide(&self, workspace: &Workspace, progress: &ProgressBar) -> Result<PathBuf> {
        // Some answer only as a subcommand of cargo.
        let is_there = match self.program.strip_prefix("cargo-") {
            Some(subcommand) => is_there(subcommand),
            None => quiet(Command::new(self.program).arg("--version")).is_some(),
        };
        if is_there {
            return Ok(PathBuf::from(self.program));
        }
        let root = workspace.target().join("tools");
        let program = root.join("bin").join(self.program);
        if !program.exists() {
            self.install(&root, progress)?;
        }
        Ok(program)
    }

    fn install(&self, root: &Path, progress: &ProgressBar) -> Result<()> {
        let Tool {
            package, version, ..
        } = self;
        progress.suspend(|| eprintln!("installing {package} {version} (minutes)"));
        let build = root.join("build");
        let line = format!("cargo install --locked {package} --version {version}");
        let mut install = process::command(&line);
        install.arg("--root").arg(root);
        install.arg("--target-dir").arg(&build);
        process::succeed(install, progress)
            .with_context(|| format!("{package} could not be installed; by hand: {line}"))?;
        fs::remove_dir_all(&build)?;
        Ok(())
    }
}
