//! The workloads once, and our crates measured by them.
//!
//! - `cases` lists the cases, each with our subjects and what limits the machine.
//! - `work` holds the workloads, one file per group, and per kind of work the small trait that a subject has to offer.
//! - `ours` holds our subjects, one file for each crate.
//!
//! The rivals, and the program that measures all of them, are a workspace of their own, `benches/rivals`: who builds our crates need not build
//! those of others.
//!
//! A criterion group is a case id such as `pool/pair`, a function in it is a subject. Before a subject is timed it is checked: one
//! that does not do the work is named on standard error (`missing: <subject>: <reason>`) and not timed.
//!
//! `cargo xtask bench` runs all of it in rounds and prints the ratios; `cargo bench --manifest-path benches/rivals/Cargo.toml` runs it once.

#![allow(
    missing_debug_implementations,
    reason = "subjects are measured, not printed"
)]

mod case;
mod cases;
mod counting;
mod memcpy;

pub mod ours;
pub mod stepping;
pub mod threads;
pub mod work;

pub use case::{Case, Cases, Subject, each_of, each_of_cpu, in_bulk, run, use_and_drop};

/// The ten lines of the workspace's README, run as a doc test: here, because no other package knows all the crates they use.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
