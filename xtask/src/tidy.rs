//! What neither the compiler nor clippy looks at: headers, debts, words that are not to be there.

use crate::lessons;
use crate::source_text::{code, has_word};
use crate::steps::Outcome;
use crate::workspace::{CRATES, Workspace, files};
use anyhow::{Result, bail, ensure};
use indicatif::ProgressBar;
use std::fs;
use std::path::Path;

/// Words that mean unfinished work, or a test that waits for time to pass. (In two pieces each, or
/// this file would be the first offender.)
const UNWANTED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("thread::", "sleep"),
];

/// Safety comments that say nothing.
const EMPTY_REASONS: &[&str] = &["untriaged", "trivial", "obviously", "as above"];

/// A folder of the machines this was built on: a path there means nothing to anybody else.
const OUTSIDE: &str = concat!("/wo", "rk/");

/// An attribute that silences a lint; with a reason it is fine.
const ALLOW: &[&str] = &[concat!("#[", "allow("), concat!("#![", "allow(")];

pub(crate) fn step(_: &Workspace, _: &ProgressBar) -> Result<Outcome> {
    let mut problems = lessons::problems()?;
    let mut looked_at = 0;
    for path in files(".")? {
        // What is not text has no words in it.
        let Ok(text) = String::from_utf8(fs::read(&path)?) else {
            continue;
        };
        let found = file_problems(&path, &text);
        problems.extend(
            found
                .into_iter()
                .map(|found| format!("{}: {found}", path.display())),
        );
        looked_at += 1;
    }
    ensure!(looked_at > 0, "there is no file to look at");
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(Outcome::Passed(format!("{looked_at} files")))
}

fn file_problems(path: &Path, text: &str) -> Vec<String> {
    let mut found = line_problems(text, |line| {
        line.contains(OUTSIDE)
            .then(|| format!("a path in {OUTSIDE}, which is not ours"))
    });
    if path.extension().is_none_or(|extension| extension != "rs") {
        return found;
    }
    found.extend(header_problem(text));
    found.extend(line_problems(text, |line| {
        line.ends_with([' ', '\t'])
            .then(|| "white space at the end".to_owned())
    }));
    found.extend(line_problems(text, |line| {
        UNWANTED
            .iter()
            .find(|word| line.contains(*word))
            .map(|word| format!("`{word}`"))
    }));
    found.extend(allows_without_reason(text));
    found.extend(unsafe_without_safety(text));
    found.extend(line_problems(text, empty_reason));
    if is_in(path, "examples") {
        found.extend(line_problems(text, |line| {
            line.contains("unsafe")
                .then(|| "an example needs no unsafe".to_owned())
        }));
    }
    found
}

/// Whether `path` is `crates/<any>/<folder>/…`.
fn is_in(path: &Path, folder: &str) -> bool {
    let inside = path
        .strip_prefix(CRATES)
        .ok()
        .and_then(|path| path.iter().nth(1));
    inside.is_some_and(|name| name == folder)
}

fn line_problems(text: &str, problem: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let lines = text.lines().zip(1..);
    lines
        .filter_map(|(line, number)| Some(format!("line {number}: {}", problem(line)?)))
        .collect()
}

fn header_problem(text: &str) -> Option<String> {
    let has_header = text
        .lines()
        .take(5)
        .any(|line| line.starts_with("//!") || line.starts_with("#![doc"));
    (!has_header).then(|| "no `//!` among the first five lines says what the file is".to_owned())
}

fn allows_without_reason(text: &str) -> Vec<String> {
    let starts = ALLOW.iter().flat_map(|allow| text.match_indices(allow));
    let mut found = Vec::new();
    for (at, _) in starts {
        let attribute = text[at..]
            .split_once(")]")
            .map_or("", |(attribute, _)| attribute);
        if !attribute.contains("reason") {
            let number = text[..at].matches('\n').count() + 1;
            found.push(format!("line {number}: a lint is allowed without a reason"));
        }
    }
    found
}

fn empty_reason(line: &str) -> Option<String> {
    let comment = crate::source_text::split_comment(line).1?;
    let comment = comment.split_once("SAFETY:")?.1.to_lowercase();
    let word = EMPTY_REASONS.iter().find(|word| comment.contains(*word))?;
    Some(format!("a safety comment that says `{word}` says nothing"))
}

/// Lines with `unsafe` that no comment or documentation with `SAFETY` or `# Safety` leads to.
fn unsafe_without_safety(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if makes_promise(&code(line)) && !has_safety(&lines[..=at]) {
            found.push(format!("line {}: unsafe without a SAFETY comment", at + 1));
        }
    }
    found
}

/// Whether a line of code has an `unsafe` that needs a reason: not the type of a function, and not a
/// function that may belong to a trait, whose documentation says what it asks for.
fn makes_promise(code: &str) -> bool {
    let is_type = code.contains("unsafe fn(") || code.contains("unsafe extern \"\" fn(");
    // What is foreign is declared, and not used; clippy wants no such comment there.
    let is_foreign_module = code.contains("unsafe extern \"\" {");
    let is_method = code.trim_start() != code && code.trim_start().starts_with("unsafe fn ");
    has_word(code, "unsafe") && !is_type && !is_method && !is_foreign_module
}

/// Looks up from the last line, over at most three lines of code, to the end of the first comment.
fn has_safety(lines: &[&str]) -> bool {
    let (last, before) = lines.split_last().expect("it has the line with `unsafe`");
    let is_comment = |line: &&&str| line.trim_start().starts_with("//");
    let is_attribute = |line: &&&str| line.trim_start().starts_with("#[");
    let comment_at = before
        .iter()
        .rev()
        .take(3)
        .position(|line| is_comment(&line));
    let comment = before.iter().rev().skip(comment_at.unwrap_or(before.len()));
    let comment = comment.take_while(|line| is_comment(line) || is_attribute(line));
    let says_so = |line: &&str| line.contains("SAFETY") || line.contains("# Safety");
    says_so(last) || comment.clone().any(says_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_found(path: &str, text: &str, words: &str) {
        let found = file_problems(Path::new(path), text);
        assert!(found.len() == 1 && found[0].contains(words), "{found:?}");
    }

    #[test]
    fn a_tidy_file_passes() {
        let text = "#![no_std]\n//! What it is.\n#[expect(dead_code, reason = \"it is\")]\n\
                    // SAFETY:\n// - validity: REGION-1;\n// - aliasing: LEASE-1.\n\
                    let x =\n    unsafe { y };\n";
        assert_eq!(
            file_problems(Path::new("crates/a/src/lib.rs"), text),
            [""; 0]
        );
    }

    #[test]
    fn a_file_says_what_it_is() {
        let readme = "#![doc = include_str!(\"../README.md\")]\n";
        assert_eq!(
            file_problems(Path::new("crates/a/src/lib.rs"), readme),
            [""; 0]
        );
        assert_found("xtask/src/a.rs", "fn a() {}\n", "no `//!`");
    }

    #[test]
    fn white_space_and_debts_are_found() {
        assert_found("benches/a.rs", "//! A.\nlet a; \n", "line 2: white space");
        for word in UNWANTED {
            assert_found("crates/a/tests/a.rs", &format!("//! A.\n// {word}\n"), word);
        }
    }

    #[test]
    fn an_allow_needs_a_reason() {
        for allow in ALLOW {
            assert_found(
                "benches/a.rs",
                &format!("//! A.\n{allow}dead_code)]\n"),
                "line 2: a lint",
            );
            let text = format!("//! A.\n{allow}\n    dead_code,\n    reason = \"it is\"\n)]\n");
            assert_eq!(file_problems(Path::new("benches/a.rs"), &text), [""; 0]);
        }
    }

    #[test]
    fn unsafe_needs_a_reason_and_has_no_place_in_examples() {
        let text = "//! A.\n\nunsafe { x }\n";
        for path in ["crates/a/src/a.rs", "crates/a/tests/a.rs", "xtask/src/a.rs"] {
            assert_found(path, text, "line 3: unsafe without");
        }
        let reasoned = "//! A.\n// SAFETY: it is.\nunsafe { x }\n";
        assert_found("crates/a/examples/a.rs", reasoned, "needs no unsafe");
        let far = "//! A.\n// SAFETY: it is.\na\n\nb\nc\nunsafe { x }\n";
        assert_found("crates/a/src/a.rs", far, "line 7: unsafe without");
        let documented = "//! A.\n/// # Safety\n/// Must be so.\n#[inline]\nunsafe fn a() {}\n";
        assert_eq!(
            file_problems(Path::new("crates/a/src/a.rs"), documented),
            [""; 0]
        );
        let others = "//! A.\nfree: unsafe fn(u8),\n    unsafe fn of_a_trait(&self) {}\n";
        assert_eq!(
            file_problems(Path::new("crates/a/src/a.rs"), others),
            [""; 0]
        );
        let empty = "//! A.\n// SAFETY: Trivial.\nunsafe { x }\n";
        assert_found("crates/a/src/a.rs", empty, "`trivial` says nothing");
    }

    #[test]
    fn foreign_paths_are_found_in_any_file() {
        assert_found(
            "README.md",
            &format!("See {OUTSIDE}shared.\n"),
            "line 1: a path",
        );
    }
}
