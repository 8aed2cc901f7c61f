//! The oldest compiler, and other machines: by rustup's toolchains where they are installed, else by Debian's, which are unpacked for it (`debian.rs`).

use crate::debian::DebianRust;
use crate::process;
use crate::steps::Outcome;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use std::process::Command;

/// Pointers of 32 bits; weak ordering in hardware; the other order of bytes.
const WANTED: &[&str] = &[
    "i686-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "s390x-unknown-linux-gnu",
];

/// Where the io-uring crate brings the kernel's structures; elsewhere it does not compile, and neither does uring-send.
const HAS_IO_URING: &[&str] = &["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// What compiles the crates.
enum Compiler {
    /// Words between `cargo` and `check`: the pinned toolchain, or another of rustup's.
    Rustup(String),
    Debian(DebianRust),
}

/// The oldest compiler that the manifests promise.
pub(crate) fn msrv_step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let release = promised(workspace)?;
    let probe = [&format!("+{release}"), "--version"];
    let compiler = if tools::quiet(Command::new("rustc").args(probe)).is_some() {
        Compiler::Rustup(format!("+{release}"))
    } else if let Some(rust) = DebianRust::provide(workspace, &release, progress)? {
        Compiler::Debian(rust)
    } else {
        return Ok(Outcome::Skipped(format!(
            "no toolchain {release}; to install it: rustup toolchain install {release} --profile minimal"
        )));
    };
    compiler.check(workspace, None, progress)?;
    Ok(Outcome::Passed(format!(
        "Rust {release}{}",
        compiler.origin()
    )))
}

/// The crates on each machine that is not this one.
pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let installed = tools::quiet(Command::new("rustup").args(["target", "list", "--installed"]));
    let installed = installed.unwrap_or_default();
    let pinned = Compiler::Rustup(String::new());
    let debian = DebianRust::provide(workspace, &promised(workspace)?, progress)?;
    let debian = debian.map(Compiler::Debian);
    let (mut checked, mut missing) = (Vec::new(), Vec::new());
    for target in WANTED {
        let compiler = if installed.lines().any(|line| line == *target) {
            &pinned
        } else if let Some(debian) = &debian
            && debian.has(target, progress)?
        {
            debian
        } else {
            missing.push(*target);
            continue;
        };
        compiler.check(workspace, Some(target), progress)?;
        checked.push(format!("{target}{}", compiler.origin()));
    }
    let hint = format!("to install: rustup target add {}", missing.join(" "));
    if checked.is_empty() {
        return Ok(Outcome::Skipped(format!("no other target; {hint}")));
    }
    let rest = if missing.is_empty() {
        String::new()
    } else {
        format!("\n             not {}; {hint}", missing.join(", "))
    };
    Ok(Outcome::Passed(format!("{}{rest}", checked.join(", "))))
}

/// The number of the oldest compiler, such as `1.85`.
fn promised(workspace: &Workspace) -> Result<String> {
    let version = workspace
        .crates()
        .find_map(|package| package.rust_version.as_ref())
        .context("no crate says a rust-version")?;
    Ok(format!("{}.{}", version.major, version.minor))
}

impl Compiler {
    /// Where it came from, if that is not the usual place.
    fn origin(&self) -> &'static str {
        match self {
            Compiler::Rustup(_) => "",
            Compiler::Debian(_) => " (Debian's)",
        }
    }

    fn has(&self, target: &str, progress: &ProgressBar) -> Result<bool> {
        match self {
            Compiler::Rustup(_) => Ok(true),
            Compiler::Debian(rust) => rust.add_target(target, progress),
        }
    }

    /// Checks the crates in a folder of their own, so that nothing else is built anew for it.
    fn check(
        &self,
        workspace: &Workspace,
        target: Option<&str>,
        progress: &ProgressBar,
    ) -> Result<()> {
        let toolchain = match self {
            Compiler::Rustup(words) => words,
            Compiler::Debian(_) => "",
        };
        let mut command = process::command(&format!("cargo {toolchain} check"));
        if let Some(target) = target {
            command.args(["--target", target]);
        }
        let has_io_uring = target.is_none_or(|target| HAS_IO_URING.contains(&target));
        for package in workspace.crates() {
            if has_io_uring || package.name != "uring-send" {
                command.args(["-p", package.name.as_str()]);
            }
        }
        if let Compiler::Debian(rust) = self {
            rust.lend_to(&mut command)?;
        }
        command.env("CARGO_TARGET_DIR", workspace.target().join("targets"));
        process::succeed(command, progress)?;
        Ok(())
    }
}
