//! libFuzzer over every target in `fuzz/`, as its README says, on the pinned toolchain and from what is kept in `fuzz/corpus/`.

use crate::process;
use crate::steps::Outcome;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;
use indicatif::ProgressBar;
use std::fs;
use std::process::Command;

const MANIFEST: &str = "fuzz/Cargo.toml";
const SECONDS_EACH: u32 = 600;

/// What cargo-fuzz passes too: each branch counts itself.
const FLAGS: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    if tools::quiet(Command::new("c++").arg("--version")).is_none() {
        return Ok(Outcome::Skipped(
            "no C++ compiler, which builds libFuzzer; on Debian: apt-get install g++".to_owned(),
        ));
    }
    let host = tools::quiet(Command::new("rustc").args(["--print", "host-tuple"]));
    let host = host.context("rustc does not say what it compiles for")?;
    let metadata = MetadataCommand::new()
        .manifest_path(MANIFEST)
        .no_deps()
        .exec()?;
    let mut names = Vec::new();
    for target in metadata
        .packages
        .iter()
        .flat_map(|package| &package.targets)
    {
        if target.is_bin() {
            run(workspace, &target.name, host.trim(), progress)?;
            names.push(target.name.as_str());
        }
    }
    ensure!(!names.is_empty(), "there is no fuzz target");
    Ok(Outcome::Passed(format!(
        "{} targets, {SECONDS_EACH} s each",
        names.len()
    )))
}

fn run(workspace: &Workspace, name: &str, host: &str, progress: &ProgressBar) -> Result<()> {
    let folder = workspace.target().join("fuzz");
    // What is found here is kept by hand, with the fix: see fuzz/README.md.
    let found = folder.join("found").join(name);
    fs::create_dir_all(&found)?;
    let line = format!(
        "cargo run --quiet --release --manifest-path {MANIFEST} --target {host} --bin {name} -- -max_len=256 -max_total_time={SECONDS_EACH}"
    );
    let mut command = process::command(&line);
    command
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg(&found)
        .arg(format!("fuzz/corpus/{name}"))
        .env("RUSTFLAGS", FLAGS)
        .env("CARGO_TARGET_DIR", &folder);
    process::succeed(command, progress)?;
    Ok(())
}
