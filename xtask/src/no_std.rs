//! The lower crates without std, on any machine.
//!
//! # Why a sysroot of our own
//!
//! On the host, `cargo check --no-default-features` proves little: a crate that names std finds it.
//! A bare target would refuse, but is another component to install. So the check gets a sysroot with
//! core and alloc of the installed toolchain and nothing else, where `std` cannot be found.

use crate::process;
use crate::steps::Outcome;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CRATES: &[&str] = &[
    "pool-core",
    "framebuf",
    "sizeclass",
    "zerocopy-view",
    "percore-slab",
];

/// What a `no_std` program with a heap may link.
const LIBRARIES: &[&str] = &["core", "alloc", "compiler_builtins"];

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let host = ask_rustc(&["--print", "host-tuple"])?;
    let folder = workspace.target().join("no-std");
    let sysroot = folder.join("sysroot");
    fill(&sysroot, &host)?;
    for name in CRATES {
        // With --target, the flags reach only what is built for the target: build scripts and
        // procedural macros keep the toolchain's own sysroot, where std is.
        let line = format!("cargo check --no-default-features --target {host} -p {name}");
        let mut command = process::command(&line);
        command.env("RUSTFLAGS", format!("--sysroot {}", sysroot.display()));
        command.env("CARGO_TARGET_DIR", &folder);
        process::succeed(command, progress)?;
    }
    Ok(Outcome::Passed(format!(
        "{} crates, on {host} with std taken away",
        CRATES.len()
    )))
}

/// Makes `sysroot` anew, with links to the installed [`LIBRARIES`].
fn fill(sysroot: &Path, host: &str) -> Result<()> {
    let installed = PathBuf::from(ask_rustc(&["--print", "target-libdir"])?);
    let ours = sysroot.join("lib/rustlib").join(host).join("lib");
    if sysroot.exists() {
        fs::remove_dir_all(sysroot)?;
    }
    fs::create_dir_all(&ours)?;
    let mut linked = 0;
    for entry in fs::read_dir(&installed)? {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        let is_wanted = |library: &&str| text.starts_with(&format!("lib{library}-"));
        if LIBRARIES.iter().any(is_wanted) {
            std::os::unix::fs::symlink(installed.join(&name), ours.join(&name))?;
            linked += 1;
        }
    }
    ensure!(
        linked >= LIBRARIES.len(),
        "no core and alloc in {}",
        installed.display()
    );
    Ok(())
}

fn ask_rustc(arguments: &[&str]) -> Result<String> {
    let answer = tools::quiet(Command::new("rustc").args(arguments));
    Ok(answer
        .with_context(|| format!("rustc {arguments:?} failed"))?
        .trim()
        .to_owned())
}
