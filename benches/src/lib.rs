//! The workloads once, and whoever is measured by them: our crates and their rivals.
//!
//! - `work` holds the workloads, one file per group, and per kind of work the small trait that a subject has to offer.
//! - `ours` and `rivals` hold the subjects, one file each. A new rival is a new file in `rivals`, and its name in the lists of the
//!   programs in `benches/`.
//!
//! A criterion group is a case id such as `pool/pair`, a function in it is a subject. Before a subject is timed it is checked: one
//! that does not do the work is named on standard error (`missing: <subject>: <reason>`) and not timed.
//!
//! `cargo xtask bench` runs all of it in rounds and prints the ratios; `cargo bench -p benches` runs it once.

#![allow(
    missing_debug_implementations,
    reason = "subjects are measured, not printed"
)]

mod case;
mod counting;
mod threads;

pub mod ours;
pub mod rivals;
pub mod work;

pub use case::{Case, Cases, run};

/// The ten lines of the workspace's README, run as a doc test: here, because no other package knows all the crates they use.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
