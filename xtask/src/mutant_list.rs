//! A crate's `mutants.toml`: its hand-written mistakes, and the edges that have none, with the reason.
//!
//! ```toml
//! [[mutant]]
//! name = "[PUSH] publishes nothing"
//! file = "src/free_list.rs"
//! find = "Release, // [PUSH]"
//! replace = "Relaxed, // [PUSH]"
//! killed_by = "loom_free_list::a_popped_slot_shows_its_last_owners_writes"
//!
//! [[argued]]
//! edges = ["SITE"]
//! why = "no model compiles it"
//! ```
//!
//! A mutant whose name has an edge's label in brackets is that edge's. What no model is needed for names an ordinary test: `lessons::…` for one in
//! `tests/lessons.rs`, `lib::…` for one among the sources.

use crate::loom;
use crate::process;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MutantList {
    #[serde(rename = "mutant")]
    pub(crate) mutants: Vec<Mutant>,
    pub(crate) argued: Vec<Argued>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    pub(crate) name: String,
    /// Relative to the crate.
    pub(crate) file: PathBuf,
    /// Occurs exactly once in the file.
    pub(crate) find: String,
    pub(crate) replace: String,
    /// `<file of tests>::<test>`, or `lib::<test>`.
    pub(crate) killed_by: String,
}

/// The test that must notice a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Killer<'a> {
    pub(crate) file: &'a str,
    pub(crate) test: &'a str,
}

/// Ends of edges of which no mutant dies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Argued {
    pub(crate) edges: Vec<String>,
    /// A phrase for the table of the edges.
    pub(crate) why: String,
}

impl MutantList {
    /// The list of the crate in `folder`, if it has one.
    pub(crate) fn read(folder: &Path) -> Result<Option<MutantList>> {
        let path = folder.join("mutants.toml");
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path)?;
        let list = toml::from_str(&text).with_context(|| format!("{}", path.display()))?;
        Ok(Some(list))
    }

    /// How many mutants an edge has.
    pub(crate) fn mutants_of(&self, label: &str) -> usize {
        let bracketed = format!("[{label}]");
        let named = |mutant: &&Mutant| mutant.name.contains(&bracketed);
        self.mutants.iter().filter(named).count()
    }

    /// Whether there is a reason why an edge has none.
    pub(crate) fn argues(&self, label: &str) -> bool {
        let mut edges = self.argued.iter().flat_map(|argued| &argued.edges);
        edges.any(|edge| edge == label)
    }
}

impl Mutant {
    pub(crate) fn killer(&self) -> Result<Killer<'_>> {
        let killer = self.killed_by.split_once("::");
        let (file, test) = killer
            .with_context(|| format!("killed_by = {:?} is not file::test", self.killed_by))?;
        Ok(Killer { file, test })
    }

    /// Whether a model must notice, and not an ordinary test.
    pub(crate) fn is_for_a_model(&self) -> bool {
        self.killed_by.starts_with("loom_")
    }

    pub(crate) fn apply(&self, source: &str) -> Result<String> {
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

impl Killer<'_> {
    /// `cargo test` for its file, built below `target`.
    pub(crate) fn command(&self, target: &Path, package: &str) -> Command {
        if self.file.starts_with("loom_") {
            return loom::test_command(target, package, self.file);
        }
        let which = match self.file {
            "lib" => "--lib".to_owned(),
            file => format!("--test {file}"),
        };
        let mut command = process::command(&format!("cargo test -p {package} {which}"));
        command.env("CARGO_TARGET_DIR", target);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(find: &str, killed_by: &str) -> Mutant {
        Mutant {
            name: "[PUSH] publishes nothing".into(),
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
    fn its_killer_is_a_model_or_a_test() {
        let killer = |killed_by| {
            let mutant = mutant("", killed_by);
            let command = mutant.killer()?.command(Path::new("t"), "p");
            anyhow::Ok((mutant.is_for_a_model(), process::describe(&command)))
        };
        let (is_model, model) = killer("loom_a::inner::test").expect("a model");
        assert!(is_model && model.contains("--cfg loom") && model.ends_with("--test loom_a"));
        let (is_model, test) = killer("lessons::l_1").expect("a test");
        assert!(
            !is_model && test.ends_with("cargo test -p p --test lessons"),
            "{test}"
        );
        let (_, unit) = killer("lib::a::tests::b").expect("a test");
        assert!(unit.ends_with("cargo test -p p --lib"), "{unit}");
        assert!(killer("loom_a").is_err());
    }

    #[test]
    fn the_file_has_only_known_keys() {
        let row = "[[mutant]]\nname='a'\nfile='b'\nfind='c'\nreplace='d'\nkilled_by='loom_e::f'\n";
        let argued = "[[argued]]\nedges=['A','B-C']\nwhy='g'\n";
        let parsed: MutantList = toml::from_str(&format!("{row}{argued}")).expect("complete");
        assert_eq!((parsed.mutants.len(), parsed.argued.len()), (1, 1));
        assert!(toml::from_str::<MutantList>(&format!("{row}why='g'")).is_err());
        assert!(toml::from_str::<MutantList>(&format!("{argued}name='g'")).is_err());
    }

    #[test]
    fn an_edge_has_the_mutants_that_name_it() {
        let list = MutantList {
            mutants: vec![mutant("", ""), mutant("", "")],
            argued: vec![Argued {
                edges: vec!["SITE".into()],
                why: "no model compiles it".into(),
            }],
        };
        assert_eq!((list.mutants_of("PUSH"), list.mutants_of("PU")), (2, 0));
        assert!(list.argues("SITE") && !list.argues("PUSH"));
    }
}
