//! The commands that the pages and the examples tell a reader to run: each is one that xtask or cargo would take.
//!
//! Not run here: what README and CONTRIBUTING tell to run are `ci` itself, and programs that have steps of their own.

use crate::command_line::{CommandLine, Task};
use crate::runner;
use crate::steps::Outcome;
use crate::workspace::{CRATES, Workspace, files};
use anyhow::{Result, bail, ensure};
use cargo_metadata::Package;
use clap::Parser as _;
use indicatif::ProgressBar;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use std::fs;
use std::path::Path;

/// Cargo's own commands whose arguments name packages and targets.
const WITH_TARGETS: &[&str] = &["bench", "build", "check", "clippy", "doc", "run", "test"];

pub(crate) fn step(workspace: &Workspace, _: &ProgressBar) -> Result<Outcome> {
    let members: Vec<_> = workspace.members().iter().collect();
    let mut problems = Vec::new();
    let mut count = 0;
    for path in files(".")? {
        let Some(markdown) = markdown(&path)? else {
            continue;
        };
        for command in commands(&markdown) {
            count += 1;
            if let Some(problem) = problem(&command, &members) {
                problems.push(format!("{}: `{command}`: {problem}", path.display()));
            }
        }
    }
    ensure!(count > 0, "no page tells a reader to run anything");
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    Ok(Outcome::Passed(format!("{count} commands")))
}

/// What a page says, or the documentation at the head of an example.
fn markdown(path: &Path) -> Result<Option<String>> {
    let is_example = path.components().any(|part| part.as_os_str() == "examples")
        && (path.starts_with(CRATES) || path.starts_with("guide"));
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("md") => Ok(Some(fs::read_to_string(path)?)),
        Some("rs") if is_example => {
            let text = fs::read_to_string(path)?;
            let lines = text.lines().filter_map(|line| line.strip_prefix("//!"));
            Ok(Some(lines.collect::<Vec<_>>().join("\n")))
        }
        _ => Ok(None),
    }
}

/// Each code span and each line of a code block that begins with `cargo`, perhaps after environment variables.
fn commands(markdown: &str) -> Vec<String> {
    let mut in_block = false;
    let mut found = Vec::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_block = true,
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Text(text) if in_block => {
                found.extend(text.replace("\\\n", " ").lines().filter_map(command));
            }
            Event::Code(text) => found.extend(command(&text)),
            _ => {}
        }
    }
    found
}

fn command(line: &str) -> Option<String> {
    let line = line.split(" #").next()?;
    let mut words = line.split_whitespace().peekable();
    while words.peek()?.contains('=') {
        words.next();
    }
    let words: Vec<_> = words.collect();
    (words.len() > 1 && words[0] == "cargo" && !line.contains('…')).then(|| words.join(" "))
}

fn problem(command: &str, members: &[&Package]) -> Option<String> {
    // What comes after `--` is the program's, and a word in capitals is for the reader to fill in.
    let words: Vec<_> = command
        .split_whitespace()
        .take_while(|word| *word != "--")
        .filter(|word| !word.chars().all(|c| c.is_ascii_uppercase()))
        .collect();
    match words[..] {
        ["cargo", "xtask", ..] => xtask_problem(&words[1..]),
        ["cargo", name, ref rest @ ..] if WITH_TARGETS.contains(&name) => {
            target_problem(rest, members)
        }
        _ => None,
    }
}

fn xtask_problem(words: &[&str]) -> Option<String> {
    let steps = match CommandLine::try_parse_from(words).map(|line| line.task) {
        Ok(Task::Ci { steps, .. }) => steps,
        Ok(_) => return None,
        // `--json` waits for the name of a file, which the reader fills in.
        Err(error) if error.kind() == clap::error::ErrorKind::InvalidValue => return None,
        Err(error) => return Some(error.to_string()),
    };
    let unknown = steps.iter().find(|name| !runner::is_known(name))?;
    Some(format!("there is no step `{unknown}`"))
}

/// Whether the packages, targets and features that the words name are there.
fn target_problem(words: &[&str], members: &[&Package]) -> Option<String> {
    let values = |options: &'static [&str]| {
        let pairs = words.iter().zip(words.iter().skip(1));
        pairs
            .filter(move |(option, _)| options.contains(option))
            .map(|(_, value)| *value)
    };
    let names: Vec<_> = values(&["-p", "--package"]).collect();
    if let Some(name) = names
        .iter()
        .find(|name| members.iter().all(|member| member.name != **name))
    {
        return Some(format!("no member is called `{name}`"));
    }
    let chosen = |member: &&&Package| names.is_empty() || names.contains(&member.name.as_str());
    let chosen: Vec<_> = members.iter().filter(chosen).collect();
    for target in values(&["--example", "--test", "--bin", "--bench"]) {
        let mut targets = chosen.iter().flat_map(|member| &member.targets);
        if !targets.any(|known| known.name == target) {
            return Some(format!("there is no target `{target}`"));
        }
    }
    for feature in values(&["--features", "-F"]).flat_map(|list| list.split(',')) {
        let feature = feature.rsplit('/').next().unwrap_or(feature);
        if !members
            .iter()
            .any(|member| member.features.contains_key(feature))
        {
            return Some(format!("no crate has the feature `{feature}`"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use cargo_metadata::MetadataCommand;

    #[test]
    fn commands_are_found_in_spans_and_blocks() {
        let text = "Run `cargo test -p a` or `cargo`.\n\n```sh\nA=1 B=2 \\\n    cargo xtask ci # all\nls\n```\n";
        assert_eq!(commands(text), ["cargo test -p a", "cargo xtask ci"]);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let metadata = MetadataCommand::new().no_deps().exec();
        let metadata = metadata.expect("the tests run in the workspace");
        let members: Vec<_> = metadata.packages.iter().collect();
        let said = |command: &str| problem(command, &members).unwrap_or_default();
        assert_eq!(said("cargo xtask ci fmt STEP"), "");
        assert_eq!(said("cargo xtask bench --json F"), "");
        assert_eq!(said("cargo run -p xtask -- --what"), "");
        assert!(said("cargo xtask cl").contains("unrecognized subcommand"));
        assert!(said("cargo xtask ci lint").contains("no step `lint`"));
        assert!(said("cargo test -p xtusk").contains("no member is called `xtusk`"));
        assert!(said("cargo test -p xtask --test none").contains("no target `none`"));
        assert!(said("cargo test --features none").contains("no crate has the feature `none`"));
    }
}
