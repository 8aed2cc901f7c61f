//! Which lines of the crates the tests execute.
//!
//! Every line of a crate's `src` counts that the compiler made code for, the paths of errors and of the operating system too. Not counted is what other steps
//! run: documentation tests, and the models, which compile another build.

use crate::process;
use crate::steps::Outcome;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use core::fmt::Write;
use indicatif::ProgressBar;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Of each crate's lines.
const LEAST_PERCENT: f64 = 95.0;

/// LLVM's two programs, as cargo-llvm-cov asks for them.
const PROGRAMS: &[(&str, &str)] = &[("LLVM_COV", "llvm-cov"), ("LLVM_PROFDATA", "llvm-profdata")];

/// How many of a crate's lines there are, and which were not executed, by file.
#[derive(Default)]
struct Lines {
    count: usize,
    missed: BTreeMap<String, Vec<usize>>,
}

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let Some(programs) = programs()? else {
        return Ok(Outcome::Skipped(
            "no llvm-cov of this compiler's LLVM; to install it: rustup component add llvm-tools, or Debian's package llvm-N".to_owned(),
        ));
    };
    let program = tools::LLVM_COV.provide(workspace, progress)?;
    let folder = workspace.target().join("coverage");
    fs::create_dir_all(&folder)?;
    let run = |arguments: &str| {
        let mut command = Command::new(&program);
        command.arg("llvm-cov").args(arguments.split_whitespace());
        command.envs(programs.iter().cloned());
        // It would fetch LLVM's programs by itself.
        command.env("CARGO_LLVM_COV_SETUP", "no");
        command
    };
    let packages: Vec<_> = workspace
        .crates()
        .map(|package| format!("-p {}", package.name))
        .collect();
    let packages = packages.join(" ");
    process::succeed(run("clean --workspace"), progress)?;
    process::succeed(run(&format!("nextest --no-report {packages}")), progress)?;
    let report = folder.join("lcov.info");
    let mut write = run("report --lcov --output-path");
    write.arg(&report);
    process::succeed(write, progress)?;
    let crates = read(&fs::read_to_string(&report)?, workspace.root());
    let list = folder.join("missed.txt");
    fs::write(&list, missed_lines(&crates)?)?;
    judge(&crates, &list)
}

/// Where LLVM's programs are: of rustup's component, which cargo-llvm-cov finds by itself, or of the system, with the number of the compiler's LLVM.
fn programs() -> Result<Option<Vec<(&'static str, String)>>> {
    let about = tools::quiet(Command::new("rustc").arg("-vV")).context("rustc -vV failed")?;
    let libraries = tools::quiet(Command::new("rustc").args(["--print", "target-libdir"]));
    let libraries = libraries.context("rustc --print target-libdir failed")?;
    let component = Path::new(libraries.trim())
        .with_file_name("bin")
        .join(PROGRAMS[0].1);
    if component.exists() {
        return Ok(Some(Vec::new()));
    }
    let number = llvm_number(&about).context("rustc names no LLVM")?;
    let programs: Vec<_> = PROGRAMS
        .iter()
        .map(|(variable, name)| (*variable, format!("{name}-{number}")))
        .collect();
    let are_there = programs
        .iter()
        .all(|(_, name)| tools::quiet(Command::new(name).arg("--version")).is_some());
    Ok(are_there.then_some(programs))
}

/// Reads `LLVM version: 22.1.2`.
fn llvm_number(about: &str) -> Option<&str> {
    let version = about
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))?;
    version.split('.').next()
}

/// Reads a report in lcov's format: `SF:<file>`, then `DA:<line>,<times>` for each line.
fn read(report: &str, root: &Path) -> BTreeMap<String, Lines> {
    let mut crates = BTreeMap::<String, Lines>::new();
    let mut file = None;
    for line in report.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            file = crate_and_path(Path::new(path), root);
        }
        let Some((name, path)) = &file else {
            continue;
        };
        if let Some((line, times)) = line
            .strip_prefix("DA:")
            .and_then(|rest| rest.split_once(','))
        {
            let lines = crates.entry(name.clone()).or_default();
            lines.count += 1;
            if let ("0", Ok(line)) = (times, line.parse()) {
                lines.missed.entry(path.clone()).or_default().push(line);
            }
        }
    }
    crates
}

/// The crate whose source a file is, and its path from the root.
fn crate_and_path(path: &Path, root: &Path) -> Option<(String, String)> {
    let path = path.strip_prefix(root).unwrap_or(path);
    let mut parts = path.iter().filter_map(|part| part.to_str());
    let name = (parts.next()? == "crates").then(|| parts.next())??;
    (parts.next()? == "src").then(|| (name.to_owned(), path.display().to_string()))
}

impl Lines {
    fn missed(&self) -> usize {
        self.missed.values().map(Vec::len).sum()
    }

    fn percent(&self) -> f64 {
        let hit = self.count - self.missed();
        100.0 * hit as f64 / self.count as f64
    }
}

/// Each line that was not executed, as it stands in its file.
fn missed_lines(crates: &BTreeMap<String, Lines>) -> Result<String> {
    let mut text = String::new();
    for (path, missed) in crates.values().flat_map(|lines| &lines.missed) {
        let source = fs::read_to_string(path)?;
        let source: Vec<_> = source.lines().collect();
        for line in missed {
            let words = source.get(line - 1).unwrap_or(&"");
            writeln!(text, "{path}:{line}: {}", words.trim())?;
        }
    }
    Ok(text)
}

fn judge(crates: &BTreeMap<String, Lines>, list: &Path) -> Result<Outcome> {
    ensure!(!crates.is_empty(), "the report has no line of a crate");
    let told: Vec<_> = crates
        .iter()
        .map(|(name, lines)| format!("{name} {:.1} %", lines.percent()))
        .collect();
    let told = format!(
        "{}\n             the lines that are left: {}",
        told.join(", "),
        list.display()
    );
    let is_enough = |lines: &Lines| lines.percent() >= LEAST_PERCENT;
    ensure!(
        crates.values().all(is_enough),
        "each crate must have {LEAST_PERCENT} % of its lines executed: {told}"
    );
    Ok(Outcome::Passed(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "SF:/w/crates/a/src/lib.rs\nDA:1,7\nDA:2,0\nend_of_record\n\
                          SF:/w/crates/a/tests/t.rs\nDA:1,0\nend_of_record\n\
                          SF:/w/crates/b/src/b.rs\nDA:9,1\nend_of_record\n\
                          SF:/elsewhere/src/c.rs\nDA:9,0\nend_of_record\n";

    #[test]
    fn lines_are_counted_by_crate() {
        let crates = read(REPORT, Path::new("/w"));
        let names: Vec<_> = crates.keys().collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!((crates["a"].count, crates["a"].percent()), (2, 50.0));
        assert_eq!(crates["a"].missed["crates/a/src/lib.rs"], [2]);
        assert_eq!(crates["b"].percent(), 100.0);
    }

    #[test]
    fn too_few_lines_are_a_failure_that_says_where() {
        let list = Path::new("missed.txt");
        let error = judge(&read(REPORT, Path::new("/w")), list).err();
        let text = error.expect("half of a's lines").to_string();
        assert!(
            text.contains("a 50.0 %, b 100.0 %") && text.contains("missed.txt"),
            "{text}"
        );
        assert!(judge(&BTreeMap::new(), list).is_err());
        assert!(
            judge(
                &read("SF:/w/crates/b/src/b.rs\nDA:9,1\n", Path::new("/w")),
                list
            )
            .is_ok()
        );
    }

    #[test]
    fn the_number_of_llvm_is_read() {
        assert_eq!(
            llvm_number("release: 1.95.0\nLLVM version: 22.1.2\n"),
            Some("22")
        );
        assert_eq!(llvm_number("release: 1.95.0\n"), None);
    }
}
