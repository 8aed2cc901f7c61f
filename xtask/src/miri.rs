//! The tests under Miri: each crate with both models of borrowing, each with several schedules.
//!
//! Only where Miri is installed; xtask never installs it.

use crate::libtest::tests_run;
use crate::matrix::Matrix;
use crate::process;
use crate::steps::Outcome;
use crate::tools::{self, NIGHTLY};
use crate::workspace::Workspace;
use anyhow::{Result, bail, ensure};
use cargo_metadata::Package;
use indicatif::ProgressBar;
use std::process::{Command, ExitCode};

struct Model {
    name: &'static str,
    flag: &'static str,
}

const MODELS: &[Model] = &[
    Model {
        name: "stacked borrows",
        flag: "",
    },
    Model {
        name: "tree borrows",
        flag: "-Zmiri-tree-borrows",
    },
];

/// Strict provenance: an integer never becomes a pointer. No isolation: property tests look for their file of earlier failures.
const FLAGS: &str = "-Zmiri-strict-provenance -Zmiri-disable-isolation";

/// Another schedule and other addresses each.
const SEEDS: &str = "0..4";
const MANY_SEEDS: &str = "4..64";

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    step_with(workspace, SEEDS, progress)
}

/// The same with many more seeds.
pub(crate) fn deep_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    step_with(workspace, MANY_SEEDS, progress)
}

fn step_with(workspace: &Workspace, seeds: &str, progress: &ProgressBar) -> Result<Outcome> {
    if let Some(reason) = missing() {
        return Ok(Outcome::Skipped(reason));
    }
    let runs = run_all(workspace, &[], seeds, Matrix::silent(progress))?;
    Ok(Outcome::Passed(format!(
        "{runs} runs: each crate with {} models",
        MODELS.len()
    )))
}

pub(crate) fn command(workspace: &Workspace, crates: &[String]) -> Result<ExitCode> {
    if let Some(reason) = missing() {
        bail!("{reason}");
    }
    let progress = ProgressBar::new_spinner();
    let runs = run_all(workspace, crates, SEEDS, Matrix::telling(&progress))?;
    println!("{runs} runs, all passed");
    Ok(ExitCode::SUCCESS)
}

/// Why Miri cannot run here, with the command that would change it.
fn missing() -> Option<String> {
    let mut list = process::command("rustup component list --installed --toolchain");
    let Some(installed) = tools::quiet(list.arg(NIGHTLY)) else {
        return Some(format!(
            "no toolchain `{NIGHTLY}`; to install it: \
             rustup toolchain install {NIGHTLY} --profile minimal --component miri,rust-src"
        ));
    };
    let is_there = |name: &&str| installed.lines().any(|line| line.starts_with(name));
    let missing: Vec<_> = ["miri", "rust-src"]
        .into_iter()
        .filter(|name| !is_there(name))
        .collect();
    (!missing.is_empty()).then(|| {
        let names = missing.join(" ");
        format!(
            "{NIGHTLY} has no {}; to install: rustup component add --toolchain {NIGHTLY} {names}",
            missing.join(" and no ")
        )
    })
}

fn run_all(
    workspace: &Workspace,
    names: &[String],
    seeds: &str,
    mut matrix: Matrix<'_>,
) -> Result<usize> {
    for package in workspace.chosen_crates(names)? {
        for model in MODELS {
            let result = run_one(workspace, package, model, seeds, matrix.progress);
            matrix.add(
                &format!("{}, {}", package.name, model.name),
                result.map(|tests| format!("{tests} tests, over all seeds")),
            );
        }
    }
    matrix.finish("crate")
}

fn run_one(
    workspace: &Workspace,
    package: &Package,
    model: &Model,
    seeds: &str,
    progress: &ProgressBar,
) -> Result<usize> {
    let command = test_command(workspace, package, model, seeds);
    let text = process::describe(&command);
    let count = tests_run(&process::succeed(command, progress)?);
    ensure!(count > 0, "`{text}` ran no test");
    Ok(count)
}

/// Without the feature `os`: Miri knows few system calls.
fn test_command(workspace: &Workspace, package: &Package, model: &Model, seeds: &str) -> Command {
    let mut command = process::command(&format!("cargo +{NIGHTLY} miri test --lib --tests -p"));
    command.args([package.name.as_str(), "--no-default-features"]);
    if package.features.contains_key("std") {
        command.args(["--features", "std"]);
    }
    let flags = format!("{FLAGS} -Zmiri-many-seeds={seeds} {}", model.flag);
    command.env("MIRIFLAGS", flags.trim_end());
    command.env("CARGO_TARGET_DIR", workspace.target().join("miri"));
    command
}
