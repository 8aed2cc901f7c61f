//! Hand-written mistakes (a crate's `mutants.toml`, `mutant_list.rs`), each of which a named model or test must notice.
//!
//! Each is made in a copy of the workspace, so that a run that is cut short leaves no mistake behind.
//! A mutant that does not compile is a broken mutant, not a killed one; and a model that fails without
//! any mutant kills nothing.

use crate::libtest::tests_run;
use crate::matrix::Matrix;
use crate::mutant_list::{Killer, Mutant, MutantList};
use crate::process::{self, Finished};
use crate::steps::Outcome;
use crate::workspace::{Workspace, files};
use anyhow::{Context, Result, ensure};
use cargo_metadata::Package;
use indicatif::ProgressBar;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which mutants: those for models, or those for ordinary tests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Models,
    Tests,
}

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    step_for(workspace, For::Models, progress)
}

/// The mistakes that need no model.
pub(crate) fn checks_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    step_for(workspace, For::Tests, progress)
}

fn step_for(workspace: &Workspace, which: For, progress: &ProgressBar) -> Result<Outcome> {
    let killed = run_all(workspace, &[], which, Matrix::silent(progress))?;
    Ok(Outcome::Passed(format!("mutants: {killed}, all killed")))
}

/// Runs the mutants of the crates called `names` (or of all), and gives their number.
pub(crate) fn run_all(
    workspace: &Workspace,
    names: &[String],
    which: For,
    mut matrix: Matrix<'_>,
) -> Result<usize> {
    let copy = WorkspaceCopy::make(workspace)?;
    for package in workspace.chosen_crates(names)? {
        let folder = package
            .manifest_path
            .parent()
            .context("a manifest lies in a folder")?;
        let folder = folder.strip_prefix(workspace.root())?.as_std_path();
        let Some(list) = mutants_of(package, folder)? else {
            continue;
        };
        let is_wanted = |mutant: &&Mutant| mutant.is_for_a_model() == (which == For::Models);
        let list: Vec<_> = list.iter().filter(is_wanted).collect();
        let killers = list
            .iter()
            .map(|mutant| mutant.killer())
            .collect::<Result<BTreeSet<_>>>()?;
        for killer in killers {
            copy.require_pass(&package.name, killer, matrix.progress)?;
        }
        for mutant in list {
            let result = copy.require_kill(&package.name, folder, mutant, matrix.progress);
            matrix.add(
                &format!("{}: {}", package.name, mutant.name),
                result.map(|()| format!("killed by {}", mutant.killed_by)),
            );
        }
    }
    matrix.finish("mutant")
}

/// The mutants of the crate in `folder`; a crate with models must have some.
fn mutants_of(package: &Package, folder: &Path) -> Result<Option<Vec<Mutant>>> {
    let list = MutantList::read(folder)?.map(|list| list.mutants);
    let has_some = list
        .as_ref()
        .is_some_and(|list| list.iter().any(Mutant::is_for_a_model));
    ensure!(
        has_some || !package.features.contains_key("loom"),
        "{} has models and no mutants: nothing shows that they notice",
        package.name
    );
    Ok(list)
}

/// The workspace's files without its build output, in a place where they may be wrong for a while.
struct WorkspaceCopy {
    root: PathBuf,
}

impl WorkspaceCopy {
    fn make(original: &Workspace) -> Result<WorkspaceCopy> {
        let root = original.target().join("mutants");
        let copy = WorkspaceCopy { root };
        let wanted = files(".")?;
        if copy.root.exists() {
            // A module that was removed would still be found by the compiler.
            remove_others(&copy.root, &wanted)?;
        }
        for file in wanted {
            copy.write(&file, &fs::read(&file)?)?;
        }
        Ok(copy)
    }

    /// Leaves a file alone that is as it should be: cargo then builds only what changed.
    fn write(&self, file: &Path, content: &[u8]) -> Result<()> {
        let path = self.root.join(file);
        if fs::read(&path).is_ok_and(|old| old == content) {
            return Ok(());
        }
        fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        Ok(fs::write(&path, content)?)
    }

    /// Builds a file of models or tests (which must work) and runs one of them.
    fn run(&self, package: &str, killer: Killer<'_>, progress: &ProgressBar) -> Result<Finished> {
        // Not where the workspace itself is built: to cargo, both are the same program, and the workspace would run the mutant.
        let target = self.root.join("target");
        let mut build = killer.command(&target, package);
        build.arg("--no-run").current_dir(&self.root);
        process::succeed(build, progress).context("does not compile")?;
        let mut run = killer.command(&target, package);
        run.args(["--", "--exact", killer.test, "--test-threads=1"])
            .current_dir(&self.root);
        process::run(run, progress)
    }

    fn require_pass(
        &self,
        package: &str,
        killer: Killer<'_>,
        progress: &ProgressBar,
    ) -> Result<()> {
        let finished = self.run(package, killer, progress)?;
        let Killer { file, test } = killer;
        let ran = tests_run(&finished.output);
        ensure!(
            ran == 1 || !finished.status.success(),
            "{package}: no test {file}::{test}"
        );
        ensure!(
            finished.status.success(),
            "{package}: {file}::{test} fails without any mutant\n{}",
            finished.output
        );
        Ok(())
    }

    fn require_kill(
        &self,
        package: &str,
        folder: &Path,
        mutant: &Mutant,
        progress: &ProgressBar,
    ) -> Result<()> {
        let file = folder.join(&mutant.file);
        let source = fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        self.write(&file, mutant.apply(&source)?.as_bytes())?;
        let finished = self.run(package, mutant.killer()?, progress);
        self.write(&file, source.as_bytes())?;
        ensure!(!finished?.status.success(), "SURVIVED {}", mutant.killed_by);
        Ok(())
    }
}

/// Removes the files below `root` that are not in `wanted`.
fn remove_others(root: &Path, wanted: &[PathBuf]) -> Result<()> {
    let root_text = root.to_string_lossy();
    for path in files(&root_text)? {
        let file = path.strip_prefix(root)?;
        if wanted.binary_search(&file.to_owned()).is_err() {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
