//! The address sanitizer, which finds leaks too, over the tests of every crate that works without a kernel's help.

use super::{Instrument, Sanitizer};
use crate::steps::Outcome;
use crate::workspace::Workspace;
use anyhow::Result;
use cargo_metadata::{Package, Target};
use indicatif::ProgressBar;

const ADDRESS: Sanitizer = Sanitizer {
    folder: "asan",
    flags: "-Zsanitizer=address",
    probe: include_str!("probes/use_after_free.rs"),
    report: "ERROR: AddressSanitizer: heap-use-after-free",
    options: "ASAN_OPTIONS",
};

const CRATES: &[&str] = &[
    "pool-core",
    "framebuf",
    "sizeclass",
    "percore-slab",
    "zerocopy-view",
];

/// Test files that cannot run beside the sanitizer's own memory.
const LEFT_OUT: &[&str] = &[
    "lazy_memory",     // counts the pages of the process
    "resident",        // so does this
    "ten_times",       // and this
    "within_budget",   // and this
    "scrubbed_memory", // and this
    "build_bytes",     // and this
    "dead_pools",      // and this
    "stock_memory",    // and this
    "out_of_mappings", // takes every mapping there is
    "no_mappings",     // allows the process no more of them
    "bridge", // names a type of 2^40 bytes, for which the instrumented build takes all memory
];

/// Test files that leak on purpose: ids that nobody redeems, charges and shares that are forgotten.
const LEAKY: &[&str] = &[
    "oracle",
    "budget",
    "charged_regions",
    "shared_kept",
    "local_view",
    "leaked_regions",
    "ids_of_others",
];

/// The sanitizer makes `mlock` do nothing.
const NOT_LOCKED: &str = "--skip=locked_memory_is_locked_or_the_error_names_the_limit";

pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let instrument = match ADDRESS.try_out(workspace, progress)? {
        Ok(instrument) => instrument,
        Err(reason) => return Ok(Outcome::Skipped(reason)),
    };
    let names: Vec<_> = CRATES.iter().map(|name| (*name).to_owned()).collect();
    let mut tests = 0;
    for package in workspace.chosen_crates(&names)? {
        tests += run(&instrument, package)?;
    }
    Ok(Outcome::Passed(format!(
        "tests: {tests}; a use after free made on purpose is reported"
    )))
}

fn run(instrument: &Instrument<'_>, package: &Package) -> Result<usize> {
    let (leaky, tight): (Vec<_>, Vec<_>) = package
        .targets
        .iter()
        .filter(|target| is_wanted(target))
        .map(|target| target.name.as_str())
        .partition(|name| LEAKY.contains(name));
    let words = |files: &[&str]| format!("-p {} --test {}", package.name, files.join(" --test "));
    let tight = instrument.test(&format!("{} --lib", words(&tight)), "", &[NOT_LOCKED])?;
    if leaky.is_empty() {
        return Ok(tight);
    }
    Ok(tight + instrument.test(&words(&leaky), "detect_leaks=0", &[])?)
}

/// Whether a target is a file of tests that needs no feature and may run here.
fn is_wanted(target: &Target) -> bool {
    target.is_test()
        && target.required_features.is_empty()
        && !LEFT_OUT.contains(&target.name.as_str())
}
