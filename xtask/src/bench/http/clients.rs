//! The load: wrk on a core of its own.

use super::CLIENT_CORE;
use crate::process;
use crate::tools;
use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use std::process::Command;

/// Connections that are open at a time: more than one core serves at once, so that a server never waits for a client.
const CONNECTIONS: usize = 32;
const SECONDS: usize = 2;

pub(super) fn are_there() -> bool {
    // wrk tells its version with exit code 1.
    let wrk = Command::new("wrk").arg("-v").output().is_ok();
    wrk && tools::quiet(Command::new("taskset").arg("--version")).is_some()
}

/// How many requests were answered in a second.
pub(super) fn requests_per_second(url: &str) -> Result<f64> {
    let line = format!("taskset -c {CLIENT_CORE} wrk -t1 -c{CONNECTIONS} -d{SECONDS}s {url}");
    let output = process::succeed(process::command(&line), &ProgressBar::hidden())?;
    parse(&output).with_context(|| format!("`{line}` wrote\n{output}"))
}

fn parse(output: &str) -> Result<f64> {
    for bad in ["Non-2xx", "Socket errors"] {
        ensure!(!output.contains(bad), "not every request was answered");
    }
    let rate = output
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    let rate: f64 = rate.context("no rate")?.trim().parse()?;
    ensure!(rate > 0.0, "no request was answered");
    Ok(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read() {
        let rate = parse("  12 requests in 2.00s, 1MB read\nRequests/sec:   2790.74\n");
        assert!((rate.expect("as wrk writes it") - 2790.74).abs() < 1e-9);
    }

    #[test]
    fn a_load_with_errors_is_no_measurement() {
        for output in [
            "  Non-2xx or 3xx responses: 3\nRequests/sec:   10.00\n",
            "  Socket errors: connect 0, read 1, write 0, timeout 0\nRequests/sec:   10.00\n",
            "Requests/sec:   0.00\n",
            "",
        ] {
            assert!(parse(output).is_err(), "{output}");
        }
    }
}
