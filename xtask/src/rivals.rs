//! The rivals of our crates: a workspace of its own, `benches/rivals`, so that who builds ours builds none of them.

use crate::process;
use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::{Result, bail, ensure};
use indicatif::ProgressBar;
use std::process::Command;

/// Relative to the workspace root.
pub(crate) const FOLDER: &str = "benches/rivals";

/// How a reason begins for which a subject may be missing: something is not installed, or the machine has it not.
const MAY_BE_MISSING: &[&str] = &["install", "needs"];

/// `cargo <command>` for that workspace, built in the same folder as ours: what both need is built once.
pub(crate) fn cargo(workspace: &Workspace, command: &str) -> Command {
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let mut cargo = process::command(&format!(
        "cargo {verb} --manifest-path {FOLDER}/Cargo.toml --target-dir"
    ));
    cargo.arg(workspace.target());
    cargo.args(rest.split_whitespace());
    cargo
}

/// Builds everything there, runs its tests, and has each subject of each case checked.
pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    process::succeed(
        cargo(workspace, "clippy --all-targets -- -D warnings"),
        progress,
    )?;
    process::succeed(cargo(workspace, "test --lib --bins"), progress)?;
    let listed = process::succeed(cargo(workspace, "bench --profile dev -- --list"), progress)?;
    let checked = Checked::read(&listed);
    ensure!(checked.subjects > 0, "the program `matrix` has no subject");
    if !checked.failed.is_empty() {
        bail!("{}", checked.failed.join("\n"));
    }
    let missing = checked
        .missing
        .iter()
        .map(|missing| format!("\n             missing: {missing}"));
    Ok(Outcome::Passed(format!(
        "{} subjects do the work of their cases{}",
        checked.subjects,
        missing.collect::<String>()
    )))
}

/// What the program says of its subjects.
struct Checked<'a> {
    subjects: usize,
    /// `<subject>: <case>: <reason>`, where the reason is a good one.
    missing: Vec<&'a str>,
    failed: Vec<&'a str>,
}

impl Checked<'_> {
    fn read(output: &str) -> Checked<'_> {
        let subjects = output
            .lines()
            .filter(|line| line.ends_with(": benchmark"))
            .count();
        let lines = output
            .lines()
            .filter_map(|line| line.strip_prefix("missing: "));
        let is_excused = |line: &&str| {
            let reason = line.rsplit(": ").next().unwrap_or_default();
            MAY_BE_MISSING.iter().any(|start| reason.starts_with(start))
        };
        let (missing, failed) = lines.partition(is_excused);
        Checked {
            subjects,
            missing,
            failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;
    use toml::{Table, Value};

    fn table(path: &str) -> Table {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path));
        text.expect("a manifest")
            .parse()
            .expect("written for cargo")
    }

    #[test]
    fn both_workspaces_measure_and_lint_alike() {
        let (ours, theirs) = (table("Cargo.toml"), table("benches/rivals/Cargo.toml"));
        let profiles = theirs["profile"].as_table().expect("profiles");
        for (name, profile) in profiles {
            assert_eq!(Some(profile), ours["profile"].get(name), "profile {name}");
        }
        for name in ["bench", "bench-quick", "release"] {
            assert!(profiles.contains_key(name), "profile {name}");
        }
        let lints: Option<&Value> = ours["workspace"].get("lints");
        assert_eq!(theirs.get("lints"), lints);
    }

    #[test]
    fn who_does_not_do_the_work_fails_and_who_is_not_here_is_named() {
        let output = "pool/pair/opool: benchmark\nmissing: dpdk: pool/pair: install libdpdk-dev\n\
                      missing: opool: pool/cross: gave the same memory twice\n";
        let checked = Checked::read(output);
        assert_eq!(checked.subjects, 1);
        assert_eq!(checked.missing, ["dpdk: pool/pair: install libdpdk-dev"]);
        assert_eq!(
            checked.failed,
            ["opool: pool/cross: gave the same memory twice"]
        );
    }
}
