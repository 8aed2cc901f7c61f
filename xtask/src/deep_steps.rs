//! The table of checks that only `cargo xtask ci --deep` runs, or `cargo xtask ci` with their names: each takes long, or a tool that takes minutes to install.

use crate::bench::browser;
use crate::steps::{Action, Line, Step, line};
use crate::{api, coverage, fuzz, miri, mutants, package, repeat, tools};

pub(crate) const DEEP_STEPS: &[Step] = &[
    Step {
        name: "package-build",
        proves: "each crate compiles from its packed form, with nothing of the workspace round it",
        action: Action::Check("cargo package", package::build_step),
    },
    Step {
        name: "test-threads",
        proves: "no test disturbs another of the same process, as `cargo test` runs them",
        action: Action::Check(
            "cargo test --workspace --lib --bins --tests",
            repeat::one_process_step,
        ),
    },
    Step {
        name: "repeat",
        proves: "no test fails one time in twenty, with random histories drawn anew and every core busy",
        action: Action::Check(
            "cargo nextest run --workspace, 20 times under load",
            repeat::step,
        ),
    },
    Step {
        name: "long-runs",
        proves: "no mistake that only many more operations meet: orders of a kernel's answers, turns of threads on one slot",
        action: Action::Run(&[
            Line {
                words: "cargo test --release -p uring-send --test fake_orders",
                environment: Some(("URING_SEND_DEEP", "1")),
            },
            Line {
                words: "cargo test --release -p pool-core --test caches -- holders",
                environment: Some(("POOL_CORE_ROUNDS", "25000000")),
            },
            Line {
                words: "cargo test --release -p percore-slab --test stress",
                environment: Some(("PERCORE_SLAB_ROUND_TRIPS", "100000000")),
            },
        ]),
    },
    Step {
        name: "coverage",
        proves: "the tests reach the safe code: 95 of 100 lines of each crate, its paths of errors among them; what they miss is listed",
        action: Action::Check(
            "cargo llvm-cov nextest -p …; cargo llvm-cov report",
            coverage::step,
        ),
    },
    Step {
        name: "check-mutants",
        proves: "the tests notice when a generation, a bound or a kernel's word is not asked for: each hand-written mistake is killed by the test it names",
        action: Action::Check("built in: xtask/src/mutants.rs", mutants::checks_step),
    },
    Step {
        name: "safe-mutants",
        proves: "the tests notice when the safe logic decides otherwise, expression by expression",
        action: Action::Check(
            "cargo mutants (.cargo/mutants.toml: where, and what is argued)",
            tools::safe_mutants_step,
        ),
    },
    Step {
        name: "fuzz",
        proves: "no wrong answer on a path that random operations do not reach by themselves",
        action: Action::Check(
            "cargo run --manifest-path fuzz/Cargo.toml --bin …, 10 minutes each (xtask/src/fuzz.rs)",
            fuzz::step,
        ),
    },
    Step {
        name: "miri-seeds",
        proves: "no undefined behaviour that only a rare schedule or a rare address shows",
        action: Action::Check("cargo +nightly miri test -p …, 60 seeds", miri::deep_step),
    },
    Step {
        name: "bench",
        proves: "the benchmarks run, the rivals' checks of their work included",
        action: Action::Run(&[line("cargo xtask bench --quick")]),
    },
    Step {
        name: "report",
        proves: "the report of a run can be read in a browser, in light and in dark, and says nothing on its console",
        action: Action::Check(
            "chromium --headless on a page of docs/benchmarks.json",
            browser::step,
        ),
    },
    Step {
        name: "advisories",
        proves: "no dependency has a published advisory",
        action: Action::Check(
            "cargo deny fetch db; cargo deny check advisories",
            tools::advisories_step,
        ),
    },
    Step {
        name: "machete",
        proves: "no manifest names a dependency that nothing uses",
        action: Action::Check("cargo machete", tools::machete_step),
    },
    Step {
        name: "typos",
        proves: "no well-known misspelling is in a name, a message or a page",
        action: Action::Check("typos", tools::typos_step),
    },
    Step {
        name: "api",
        proves: "no public item appears, goes or changes unnoticed",
        action: Action::Check("cargo public-api -p …, against public-api.txt", api::step),
    },
    Step {
        name: "semver",
        proves: "nothing of the public face that the last release had is gone or means something else",
        action: Action::Check("cargo semver-checks --baseline-rev …", tools::semver_step),
    },
];
