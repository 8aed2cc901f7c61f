//! The tests under the sanitizers that come with the pinned toolchain.
//!
//! They need flags that stable offers to nobody, which `RUSTC_BOOTSTRAP` gets around: for these test programs only, and without another toolchain.
//! What comes precompiled, `std` above all, has no sanitizer in it.

pub(crate) mod address;
pub(crate) mod thread;

use crate::libtest::tests_run;
use crate::process;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

struct Sanitizer {
    /// Of the folder below cargo's, because flags for all crates rebuild all crates.
    folder: &'static str,
    flags: &'static str,
    /// A program that does what the sanitizer is to find.
    probe: &'static str,
    /// What a report says.
    report: &'static str,
    /// The variable with the sanitizer's options.
    options: &'static str,
}

/// One sanitizer on this machine, shown to work.
struct Instrument<'a> {
    sanitizer: &'a Sanitizer,
    folder: PathBuf,
    /// The target is named even though it is the host's: build scripts and procedural macros then get no flags.
    host: String,
    progress: &'a ProgressBar,
}

impl Sanitizer {
    /// Builds the probe and runs it. The inner error says why this machine can show nothing.
    fn try_out<'a>(
        &'a self,
        workspace: &Workspace,
        progress: &'a ProgressBar,
    ) -> Result<Result<Instrument<'a>, String>> {
        let host = tools::quiet(Command::new("rustc").args(["--print", "host-tuple"]));
        let instrument = Instrument {
            sanitizer: self,
            folder: workspace.target().join(self.folder),
            host: host
                .context("rustc does not say what it compiles for")?
                .trim()
                .to_owned(),
            progress,
        };
        fs::create_dir_all(&instrument.folder)?;
        let built = process::run(instrument.build_probe()?, progress)?;
        if !built.status.success() {
            let why = built.output.lines().find(|line| line.starts_with("error"));
            let why = why.unwrap_or(built.last_line());
            return Ok(Err(format!(
                "this toolchain does not build with `{}`: {why}",
                self.flags
            )));
        }
        let ran = process::run(Command::new(instrument.probe()), progress)?;
        if !ran.output.contains(self.report) {
            let said = ran.last_line();
            return Ok(Err(format!(
                "a mistake made on purpose is not reported here: {said}"
            )));
        }
        Ok(Ok(instrument))
    }
}

impl Instrument<'_> {
    fn probe(&self) -> PathBuf {
        self.folder.join("probe")
    }

    fn build_probe(&self) -> Result<Command> {
        let source = self.folder.join("probe.rs");
        fs::write(&source, self.sanitizer.probe)?;
        let mut command = process::command("rustc --edition 2024 -O --target");
        command
            .arg(&self.host)
            .args(self.sanitizer.flags.split(' '))
            .arg("-o")
            .args([&self.probe(), &source])
            .env("RUSTC_BOOTSTRAP", "1");
        Ok(command)
    }

    /// Runs `cargo test` with these words and gives the number of tests, of which none may fail and none be reported.
    fn test(&self, words: &str, options: &str, arguments: &[&str]) -> Result<usize> {
        let mut command = process::command(&format!("cargo test {words} --target {}", self.host));
        command
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", self.sanitizer.flags)
            .env("CARGO_TARGET_DIR", &self.folder)
            .env(self.sanitizer.options, options);
        if !arguments.is_empty() {
            command.arg("--").args(arguments);
        }
        let text = process::describe(&command);
        let count = tests_run(&process::succeed(command, self.progress)?);
        ensure!(count > 0, "`{text}` ran no test");
        Ok(count)
    }
}
