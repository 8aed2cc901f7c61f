//! The relay's rival: the same TCP fan-out on tokio and bytes, with vectored writes, driven by the same clients.
//!
//! `cargo run --release --manifest-path benches/rivals/Cargo.toml --bin tokio_relay -- --json FILE` writes a row per case. It fails if a subscriber received
//! anything but what was published.

#[path = "../../../../../crates/uring-send/examples/relay/clients.rs"]
mod clients;
#[path = "../../../../../crates/uring-send/examples/relay/framing.rs"]
#[allow(
    dead_code,
    reason = "the relay's own self-test counts small messages and unfinished ones"
)]
mod framing;
#[path = "../../../../../crates/uring-send/examples/relay/pattern.rs"]
#[allow(
    dead_code,
    reason = "the relay's own self-test compares streams that were cut short too"
)]
mod pattern;
mod relay;
mod round;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use serde::Serialize;

/// As the relay's own measurement has them: case, bytes of a message, messages.
const CASES: [(&str, usize, usize); 2] = [
    ("relay/fanout-1500", 1500, 4000),
    ("relay/fanout-64k", 65_536, 300),
];

/// Measures a TCP fan-out on tokio and bytes: one publisher, 64 subscribers, the relay's CPU time per message.
#[derive(Parser)]
struct Options {
    /// Write the measured rows to this file
    #[arg(long)]
    json: PathBuf,
    /// How often each case is measured; the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[derive(Serialize)]
struct Row {
    case: &'static str,
    subject: &'static str,
    ns: f64,
    lo: f64,
    hi: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(options.rounds > 0, "--rounds: at least 1, got 0");
    let rows = CASES.map(|(case, bytes, messages)| {
        let row = measure(case, bytes, messages, options.rounds);
        row.with_context(|| case.to_owned())
    });
    let rows: Vec<Row> = rows.into_iter().collect::<Result<_>>()?;
    for row in &rows {
        println!("{}: {:.0} ns per message", row.case, row.ns);
    }
    let text = serde_json::to_string_pretty(&rows)?;
    let file = &options.json;
    std::fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

fn measure(case: &'static str, bytes: usize, messages: usize, rounds: usize) -> Result<Row> {
    let pattern = pattern::Pattern::new(&[bytes], messages);
    let cpu: Vec<Duration> = (0..rounds)
        .map(|_| round::run(&pattern))
        .collect::<Result<_>>()?;
    let mut nanos: Vec<f64> = cpu
        .iter()
        .map(|cpu| cpu.as_secs_f64() * 1e9 / messages as f64)
        .collect();
    nanos.sort_by(f64::total_cmp);
    Ok(Row {
        case,
        subject: "tokio",
        ns: nanos[rounds / 2],
        lo: nanos[0],
        hi: nanos[rounds - 1],
    })
}
