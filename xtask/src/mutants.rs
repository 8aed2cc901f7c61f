//! Hand-written mistakes in the lock-free code, each of which a named model must notice.
//!
//! A crate lists them in its `mutants.toml`:
//!
//! ```toml
//! [[mutant]]
//! name = "push publishes nothing"
//! file = "src/free_list.rs"
//! find = "Release, // [PUSH]"
//! replace = "Relaxed, // [PUSH]"
//! killed_by = "loom_free_list::a_popped_slot_shows_its_last_owners_writes"
//! ```
//!
//! Each is made in a copy of the workspace, so that a run that is cut short leaves no mistake behind.
//! A mutant that does not compile is a broken mutant, not a killed one; and a model that fails without
//! any mutant kills nothing.

use crate::libtest::tests_run;
use crate::loom::test_command;
use crate::matrix::Matrix;
use crate::process::{self, Finished};
use crate::steps::Outcome;
use crate::workspace::{Workspace, files};
use anyhow::{Context, Result, ensure};
use cargo_metadata::Package;
use indicatif::ProgressBar;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MutantFile {
    mutant: Vec<Mutant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    name: String,
    /// Relative to the crate.
    file: PathBuf,
    /// Occurs exactly once in the file.
    find: String,
    replace: String,
    /// `<file of models>::<test>`.
    killed_by: String,
}

impl Mutant {
    fn model(&self) -> Result<(&str, &str)> {
        let model = self
            .killed_by
            .split_once("::")
            .filter(|(file, _)| file.starts_with("loom_"));
        model.with_context(|| format!("killed_by = {:?} is not loom_…::test", self.killed_by))
    }

    fn apply(&self, source: &str) -> Result<String> {
        let times = source.matches(&self.find).count();
        ensure!(
            times == 1,
            "{}: `find` occurs {times} times",
            self.file.display()
        );
        let mutated = source.replacen(&self.find, &self.replace, 1);
        ensure!(mutated != source, "`find` and `replace` are the same");
        Ok(mutated)
    }
}

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let killed = run_all(workspace, &[], Matrix::silent(progress))?;
    Ok(Outcome::Passed(format!("mutants: {killed}, all killed")))
}

/// Runs the mutants of the crates called `names` (or of all), and gives their number.
pub(crate) fn run_all(
    workspace: &Workspace,
    names: &[String],
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
        let models = list
            .iter()
            .map(Mutant::model)
            .collect::<Result<BTreeSet<_>>>()?;
        for model in models {
            copy.require_pass(&package.name, model, matrix.progress)?;
        }
        for mutant in &list {
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
    let path = folder.join("mutants.toml");
    if !path.exists() {
        ensure!(
            !package.features.contains_key("loom"),
            "{} has models and no mutants.toml: nothing shows that they notice",
            package.name
        );
        return Ok(None);
    }
    let text = fs::read_to_string(&path)?;
    let list: MutantFile = toml::from_str(&text).with_context(|| format!("{}", path.display()))?;
    Ok(Some(list.mutant))
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

    /// Builds a file of models (which must work) and runs one of its tests.
    fn run(
        &self,
        package: &str,
        (file, test): (&str, &str),
        progress: &ProgressBar,
    ) -> Result<Finished> {
        // Not where the models of the workspace itself are built: to cargo, both are the same program, and the workspace would
        // run the mutant.
        let target = self.root.join("target");
        let mut build = test_command(&target, package, file);
        build.arg("--no-run").current_dir(&self.root);
        process::succeed(build, progress).context("does not compile")?;
        let mut run = test_command(&target, package, file);
        run.args(["--", "--exact", test, "--test-threads=1"])
            .current_dir(&self.root);
        process::run(run, progress)
    }

    fn require_pass(
        &self,
        package: &str,
        model: (&str, &str),
        progress: &ProgressBar,
    ) -> Result<()> {
        let finished = self.run(package, model, progress)?;
        let (file, test) = model;
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
        let finished = self.run(package, mutant.model()?, progress);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(find: &str, killed_by: &str) -> Mutant {
        Mutant {
            name: "a mistake".into(),
            file: "src/a.rs".into(),
            find: find.into(),
            replace: "Relaxed".into(),
            killed_by: killed_by.into(),
        }
    }

    #[test]
    fn a_mutant_changes_one_place() {
        let source = "store(Release); load(Acquire); load(Acquire)";
        let changed = mutant("Release", "")
            .apply(source)
            .expect("it is there once");
        assert_eq!(changed, "store(Relaxed); load(Acquire); load(Acquire)");
        for find in ["Acquire", "SeqCst"] {
            assert!(mutant(find, "").apply(source).is_err(), "{find}");
        }
        assert!(mutant("Relaxed", "").apply("Relaxed").is_err());
    }

    #[test]
    fn its_killer_is_a_model() {
        assert_eq!(
            mutant("", "loom_a::inner::test").model().expect("a model"),
            ("loom_a", "inner::test")
        );
        for wrong in ["loom_a", "free_list::test"] {
            assert!(mutant("", wrong).model().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_file_has_only_known_keys() {
        let row = "[[mutant]]\nname='a'\nfile='b'\nfind='c'\nreplace='d'\nkilled_by='loom_e::f'\n";
        let parsed: MutantFile = toml::from_str(row).expect("complete");
        assert_eq!(parsed.mutant.len(), 1);
        assert!(toml::from_str::<MutantFile>(&format!("{row}why='g'")).is_err());
    }
}
