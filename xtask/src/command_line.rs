//! What may stand after `cargo xtask`.

use crate::bench::Options;
use clap::{Parser, Subcommand};

/// The workspace's checks and measurements.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Subcommand)]
pub(crate) enum Task {
    /// Run the checks: all of them, or the named steps.
    Ci {
        /// Names from `cargo xtask steps`; without any, every step runs that is not only for `--deep`.
        #[arg(value_name = "STEP")]
        steps: Vec<String>,
        /// Also run what takes long: hours, for a night.
        #[arg(long)]
        deep: bool,
        /// Exit with 1 also when a step was skipped.
        #[arg(long)]
        strict: bool,
    },
    /// Print the table of checks: name, what it proves, what it runs.
    Steps,
    /// Write what each crate offers to its `public-api.txt`, as it is now.
    Api,
    /// Check the labels of the ordering edges against each other and against their table.
    Edges {
        /// Write the table in docs/memory-orderings.md anew.
        #[arg(long)]
        bless: bool,
    },
    /// Run the loom models of every crate that has some.
    Loom {
        #[arg(value_name = "CRATE")]
        crates: Vec<String>,
        /// Run the hand-written mutants instead: each must be killed by the model it names.
        #[arg(long)]
        mutants: bool,
    },
    /// Run the tests under Miri, with stacked borrows and with tree borrows.
    Miri {
        #[arg(value_name = "CRATE")]
        crates: Vec<String>,
    },
    /// Run the relay and the workloads against their rivals; print tables, write a page.
    Bench(Options),
}
