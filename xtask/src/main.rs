//! The workspace's one door to its checks and measurements: `cargo xtask <command>`.
//!
//! | command | what it does | file |
//! |---|---|---|
//! | `ci [STEP…] [--deep] [--strict]` | runs the tables of checks | [`steps`], [`deep_steps`], [`runner`] |
//! | `steps` | prints those tables | [`steps`], [`deep_steps`] |
//! | `api` | records what the crates offer | [`api`] |
//! | `edges [--bless]` | checks the names of the ordering edges, writes their table | [`edges`] |
//! | `loom [CRATE…] [--mutants]` | the models, and the mutants they must kill | [`loom`], [`mutants`] |
//! | `miri [CRATE…]` | the tests under both borrow models | [`miri`] |
//! | `bench [GROUP…] [--quick\|--full]` | the relay and the workloads against their rivals | [`mod@bench`] |
//!
//! Two rules hold in every file: a check that found nothing to check fails, and nothing here changes
//! the user's toolchains: where a component is missing, the command to get it is printed instead.

mod api;
mod bench;
mod book;
mod command_line;
mod commands;
mod coverage;
mod debian;
mod deep_steps;
mod edges;
mod examples;
mod fast_path;
mod fuzz;
mod layers;
mod lessons;
mod libtest;
mod loom;
mod matrix;
mod miri;
mod mutant_list;
mod mutants;
mod no_std;
mod ordering_comments;
mod package;
mod process;
mod readme;
mod relay;
mod repeat;
mod rivals;
mod runner;
mod sanitizer;
mod source_text;
mod steps;
mod targets;
mod test_suite;
mod tidy;
mod tools;
mod workspace;

use clap::Parser;
use command_line::{CommandLine, Task};
use std::process::ExitCode;
use workspace::Workspace;

fn main() -> ExitCode {
    let task = CommandLine::parse().task;
    let result = Workspace::enter().and_then(|workspace| match task {
        Task::Ci {
            steps,
            deep,
            strict,
        } => runner::run(&workspace, &steps, deep, strict),
        Task::Api => api::command(&workspace),
        Task::Steps => runner::print_table(),
        Task::Edges { bless } => edges::command(&workspace, bless),
        Task::Loom { crates, mutants } => loom::command(&workspace, &crates, mutants),
        Task::Miri { crates } => miri::command(&workspace, &crates),
        Task::Bench(options) => bench::command(&workspace, &options),
    });
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
