//! What may stand after `cargo xtask bench`.

use super::plan::{FULL, Plan, QUICK, THOROUGH};
use clap::Args;
use std::io;
use std::path::{self, PathBuf};

#[derive(Args)]
pub(crate) struct Options {
    /// A case id (`pool/pair`) or its part up to the slash (`pool`); without any, everything.
    #[arg(value_name = "GROUP")]
    pub(super) groups: Vec<String>,
    /// Under four minutes: good for the order of magnitude, not for the second digit.
    #[arg(long)]
    quick: bool,
    /// Under forty minutes: more rounds, and the cases that show how cost grows.
    #[arg(long, conflicts_with = "quick")]
    pub(super) full: bool,
    /// Also write what was measured as JSON, for --compare.
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    pub(super) json: Option<PathBuf>,
    /// Say what got slower since that --json was written, and exit with 1 if something did.
    #[arg(long, value_name = "FILE", value_parser = absolute)]
    pub(super) compare: Option<PathBuf>,
    /// Keep this run: docs/benchmarks.json, and docs/benchmarks.md made from it.
    #[arg(long, conflicts_with = "groups")]
    pub(super) record: bool,
    /// Measure nothing: write docs/benchmarks.md anew from the run that is kept.
    #[arg(long, exclusive = true)]
    pub(super) bless: bool,
}

impl Options {
    pub(super) fn plan(&self) -> &'static Plan {
        match (self.quick, self.full) {
            (true, _) => &QUICK,
            (_, true) => &FULL,
            _ => &THOROUGH,
        }
    }
}

/// A path that still means the same file when xtask has gone to the workspace root.
fn absolute(path: &str) -> io::Result<PathBuf> {
    path::absolute(path)
}
