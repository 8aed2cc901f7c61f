//! The benchmark cases: one publisher, 64 subscribers, the relay's own CPU time per message.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::options::Options;
use crate::round::Cast;
use crate::self_test::measured;

const CASES: [(&str, usize, usize); 2] = [
    ("relay/fanout-1500", 1500, 4000),
    ("relay/fanout-64k", 65_536, 300),
];

#[derive(Serialize)]
struct Row {
    case: &'static str,
    subject: &'static str,
    ns: f64,
    lo: f64,
    hi: f64,
}

/// Measures the cases and writes a row for each.
pub(crate) fn run(options: &Options, file: &Path) -> Result<()> {
    ensure!(options.rounds > 0, "--rounds: at least 1, got 0");
    let rows = CASES.map(|(case, bytes, messages)| measure(options, case, bytes, messages));
    let rows: Vec<Row> = rows.into_iter().collect::<Result<_>>()?;
    let text = serde_json::to_string_pretty(&rows)?;
    std::fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

fn measure(options: &Options, case: &'static str, bytes: usize, messages: usize) -> Result<Row> {
    let options = Options {
        message_bytes: vec![bytes],
        // Loopback always copies; asking it not to only costs more.
        zero_copy_from: usize::MAX,
        ..options.clone()
    };
    let cast = Cast {
        publishers: 1,
        readers: 64,
        trouble: false,
    };
    let mut nanos = Vec::new();
    for _ in 0..options.rounds {
        let outcome = measured(case, &options, cast, messages)?;
        nanos.push(outcome.cpu_per_message().as_secs_f64() * 1e9);
    }
    nanos.sort_by(f64::total_cmp);
    Ok(Row {
        case,
        subject: "relay",
        ns: nanos[options.rounds / 2],
        lo: nanos[0],
        hi: nanos[options.rounds - 1],
    })
}
