//! The models: every `tests/loom_*.rs` of every crate, each run on its own and counted.

use crate::libtest::tests_run;
use crate::matrix::Matrix;
use crate::mutants;
use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::{Result, ensure};
use cargo_metadata::Package;
use indicatif::ProgressBar;
use std::path::Path;
use std::process::{Command, ExitCode};

/// The feature that a model's target requires; `--cfg loom` is what changes the code.
const LOOM: &str = "loom";

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let files = run_all(workspace, &[], Matrix::silent(progress))?;
    Ok(Outcome::Passed(format!("files of models: {files}")))
}

pub(crate) fn command(
    workspace: &Workspace,
    crates: &[String],
    with_mutants: bool,
) -> Result<ExitCode> {
    let progress = ProgressBar::new_spinner();
    let matrix = Matrix::telling(&progress);
    if with_mutants {
        let killed = mutants::run_all(workspace, crates, mutants::For::Models, matrix)?;
        println!("mutants: {killed}, all killed");
    } else {
        let files = run_all(workspace, crates, matrix)?;
        println!("files of models: {files}, all passed");
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the models of the crates called `names`, or of all that have some.
fn run_all(workspace: &Workspace, names: &[String], mut matrix: Matrix<'_>) -> Result<usize> {
    for package in workspace.chosen_crates(names)? {
        let files = model_files(package)?;
        ensure!(
            names.is_empty() || !files.is_empty(),
            "{} has no models",
            package.name
        );
        for file in files {
            let result = run_file(workspace, &package.name, file, matrix.progress);
            matrix.add(
                &format!("{} {file}", package.name),
                result.map(|models| format!("models run: {models}")),
            );
        }
    }
    matrix.finish("model")
}

/// The test targets of a crate that are models; an error if they are not declared as such.
fn model_files(package: &Package) -> Result<Vec<&str>> {
    let targets = || {
        package
            .targets
            .iter()
            .filter(|t| t.is_test() && t.name.starts_with("loom_"))
    };
    for target in targets() {
        ensure!(
            target
                .required_features
                .iter()
                .any(|feature| feature == LOOM),
            "{}: the test {} needs `required-features = [\"{LOOM}\"]`",
            package.name,
            target.name
        );
    }
    let files: Vec<_> = targets().map(|target| target.name.as_str()).collect();
    ensure!(
        !package.features.contains_key(LOOM) || !files.is_empty(),
        "{} declares the feature `{LOOM}` and has no tests/loom_*.rs",
        package.name
    );
    Ok(files)
}

fn run_file(
    workspace: &Workspace,
    name: &str,
    file: &str,
    progress: &ProgressBar,
) -> Result<usize> {
    // A folder of its own, because flags for all crates rebuild all crates.
    let mut command = test_command(&workspace.target().join(LOOM), name, file);
    // One at a time: a model's cost is its number of interleavings, and a hung one has a name.
    command.args(["--", "--test-threads=1"]);
    let text = process::describe(&command);
    let models = tests_run(&process::succeed(command, progress)?);
    ensure!(models > 0, "`{text}` ran no model");
    Ok(models)
}

/// `cargo test` for one file of models, built in the folder `target`.
pub(crate) fn test_command(target: &Path, package: &str, file: &str) -> Command {
    let mut command = process::command(&format!(
        "cargo test --profile loom -p {package} --features {LOOM} --test {file}"
    ));
    command
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", target);
    command
}
