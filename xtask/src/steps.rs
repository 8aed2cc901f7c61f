//! The table of checks that `cargo xtask ci` runs and `cargo xtask steps` prints. What takes longer is in `deep_steps.rs`.

use crate::process;
use crate::workspace::Workspace;
use crate::{
    book, commands, edges, examples, fast_path, layers, loom, miri, mutants, no_std, package,
    readme, relay, rivals, sanitizer, targets, test_suite, tidy, tools,
};
use anyhow::Result;
use indicatif::ProgressBar;
use std::process::Command;

/// One row of the table.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// What is known after the step passed, and was not known before.
    pub(crate) proves: &'static str,
    pub(crate) action: Action,
}

pub(crate) enum Action {
    /// Command lines, one after another; each must succeed.
    Run(&'static [Line]),
    /// A function of xtask, and the words that describe what it runs.
    Check(
        &'static str,
        fn(&Workspace, &ProgressBar) -> Result<Outcome>,
    ),
}

/// A command line without quotes, and one environment variable it needs.
pub(crate) struct Line {
    pub(crate) words: &'static str,
    pub(crate) environment: Option<(&'static str, &'static str)>,
}

/// How a step ended that did not fail.
pub(crate) enum Outcome {
    /// With what it counted, if it counted something.
    Passed(String),
    /// With the reason: the step proved nothing.
    Skipped(String),
}

pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        proves: "one layout, so that a diff shows changes only",
        action: Action::Run(&[
            line("cargo fmt --all --check"),
            line("cargo fmt --manifest-path benches/rivals/Cargo.toml --check"),
        ]),
    },
    Step {
        name: "tidy",
        proves: "each file says what it is; no debts, no sleeping tests, a reason at each unsafe, none in examples; each lesson has its test",
        action: Action::Check("built in: xtask/src/tidy.rs, lessons.rs", tidy::step),
    },
    Step {
        name: "layers",
        proves: "a crate knows only the lower crates it may know; libc and io-uring stay where they belong",
        action: Action::Check(
            "built in: xtask/src/layers.rs on `cargo metadata`",
            layers::step,
        ),
    },
    Step {
        name: "edges",
        proves: "each ordering edge is named from both ends, and docs/memory-orderings.md lists it",
        action: Action::Check("built in: xtask/src/edges.rs", edges::step),
    },
    Step {
        name: "clippy",
        proves: "no warning, and a reason at each unsafe block, with each set of features",
        action: Action::Run(&[
            line("cargo clippy --workspace --all-targets -- -D warnings"),
            line("cargo clippy -p pool-core --no-default-features -- -D warnings"),
            line("cargo clippy -p framebuf --no-default-features -- -D warnings"),
            line("cargo clippy -p sizeclass --no-default-features -- -D warnings"),
            line("cargo clippy -p zerocopy-view --no-default-features -- -D warnings"),
            line("cargo clippy -p percore-slab --no-default-features -- -D warnings"),
            line(
                "cargo clippy --workspace --all-targets --features pool-core/track -- -D warnings",
            ),
            line(
                "cargo clippy -p framebuf -p zerocopy-view -p uring-send --all-features --all-targets -- -D warnings",
            ),
        ]),
    },
    Step {
        name: "no-std",
        proves: "the five lower crates need core and alloc only",
        action: Action::Check(
            "RUSTFLAGS='--sysroot target/no-std/sysroot' cargo check -p … --no-default-features, std left out of the sysroot",
            no_std::step,
        ),
    },
    Step {
        name: "test",
        proves: "each part does what it says, alone and together",
        action: Action::Check(
            "cargo nextest run --workspace (or cargo test); again the crates that take slots, with --features track, and those with others",
            test_suite::step,
        ),
    },
    Step {
        name: "readme",
        proves: "the code in each README and each page of the book is a doc test of some crate",
        action: Action::Check("built in: xtask/src/readme.rs", readme::step),
    },
    Step {
        name: "book",
        proves: "each page of the book is in its contents, and each relative link leads to a file and a heading",
        action: Action::Check("built in: xtask/src/book.rs", book::step),
    },
    Step {
        name: "commands",
        proves: "what pages and examples tell a reader to run names steps, packages, targets and features that are there",
        action: Action::Check("built in: xtask/src/commands.rs", commands::step),
    },
    Step {
        name: "package",
        proves: "each crate's package has what a registry asks for, and the texts that go with it",
        action: Action::Check(
            "cargo package --no-verify, cargo package --list",
            package::step,
        ),
    },
    Step {
        name: "doctest",
        proves: "the examples in the documentation and the READMEs run; what must not compile does not",
        action: Action::Check(
            "cargo test --workspace --doc; again with all features",
            test_suite::doctest_step,
        ),
    },
    Step {
        name: "docs",
        proves: "the documentation builds, and its links lead somewhere",
        action: Action::Run(&[Line {
            words: "cargo doc --workspace --no-deps",
            environment: Some(("RUSTDOCFLAGS", "-D warnings")),
        }]),
    },
    Step {
        name: "examples",
        proves: "the example programs build as a user would build them, and do what they show",
        action: Action::Check(
            "cargo build --release --examples; then each with --self-test",
            examples::step,
        ),
    },
    Step {
        name: "bench-check",
        proves: "the benchmarks compile, rivals included, and every subject of a case does its work: no slot given twice, no byte lost",
        action: Action::Check(
            "cargo clippy, test and bench --list --manifest-path benches/rivals/Cargo.toml",
            rivals::step,
        ),
    },
    Step {
        name: "fast-path",
        proves: "alloc and drop execute no locked instruction and no call, and strand no slot, in one and the same program",
        action: Action::Check(
            "cargo run --release -p benches --bin fast_path",
            fast_path::step,
        ),
    },
    Step {
        name: "relay",
        proves: "real bytes travel the whole stack: equal digests, nothing allocated, no slot lost",
        action: Action::Check(
            "cargo run --release -p uring-send --example relay -- --self-test",
            relay::step,
        ),
    },
    Step {
        name: "kv-responder",
        proves: "pages cross cores to plain TCP clients and back: equal bytes, no page out or lost",
        action: Action::Run(&[line(
            "cargo run --release --quiet -p percore-slab --example kv_responder -- --self-test",
        )]),
    },
    Step {
        name: "loom",
        proves: "no interleaving within the models' bounds breaks their claims",
        action: Action::Check(
            "RUSTFLAGS='--cfg loom' cargo test --profile loom -p … --features loom --test loom_…",
            loom::step,
        ),
    },
    Step {
        name: "mutants",
        proves: "the models notice: each hand-written mistake is killed by the model it names",
        action: Action::Check("cargo xtask loom --mutants", mutants::step),
    },
    Step {
        name: "tsan",
        proves: "no race in long runs on a real machine, where the crates' own atomics order what threads share",
        action: Action::Check(
            "RUSTFLAGS=-Zsanitizer=thread cargo test --release … (xtask/src/sanitizer/thread.rs)",
            sanitizer::thread::step,
        ),
    },
    Step {
        name: "asan",
        proves: "no use of memory that is not there, or not any more, and no leak, in the tests of the five lower crates",
        action: Action::Check(
            "RUSTFLAGS=-Zsanitizer=address cargo test … (xtask/src/sanitizer/address.rs)",
            sanitizer::address::step,
        ),
    },
    Step {
        name: "miri",
        proves: "no undefined behaviour on the tests' paths, under both borrow models",
        action: Action::Check(
            "cargo +nightly miri test -p … (cargo xtask miri)",
            miri::step,
        ),
    },
    Step {
        name: "msrv",
        proves: "the oldest compiler that the manifests promise compiles the crates",
        action: Action::Check(
            "cargo +1.85 check -p … (or Debian's rustc, unpacked for it)",
            targets::msrv_step,
        ),
    },
    Step {
        name: "targets",
        proves: "the crates compile with pointers of 32 bits and with the other order of bytes",
        action: Action::Check(
            "cargo check --target … -p … (or with Debian's rustc and libraries)",
            targets::step,
        ),
    },
    Step {
        name: "deny",
        proves: "licences, sources and duplicates of the dependencies are as deny.toml says (advisories need the network: not here)",
        action: Action::Check(
            "cargo deny --offline check --deny unused-wrapper bans licenses sources; again for benches/rivals",
            tools::deny_step,
        ),
    },
];

impl Action {
    /// What the step runs, in words for the table.
    pub(crate) fn text(&self) -> String {
        match self {
            Action::Run(lines) => {
                let lines = lines.iter().map(|line| process::describe(&line.command()));
                lines.collect::<Vec<_>>().join("\n")
            }
            Action::Check(text, _) => (*text).to_owned(),
        }
    }

    pub(crate) fn perform(&self, at: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
        match self {
            Action::Run(lines) => {
                for line in *lines {
                    process::succeed(line.command(), progress)?;
                }
                Ok(Outcome::Passed(String::new()))
            }
            Action::Check(_, check) => check(at, progress),
        }
    }
}

impl Line {
    fn command(&self) -> Command {
        let mut command = process::command(self.words);
        command.envs(self.environment);
        command
    }
}

pub(crate) const fn line(words: &'static str) -> Line {
    Line {
        words,
        environment: None,
    }
}
