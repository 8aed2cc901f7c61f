//! The machine that measures: what it is, and on which of its cores.

use crate::tools::quiet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

/// Processor, cores, kernel and compiler: without them a number means nothing.
pub(super) fn description() -> String {
    let processor = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let cores = available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let rustc = quiet(Command::new("rustc").arg("--version")).unwrap_or_default();
    format!(
        "{processor} · {cores} cores · Linux {} · {}",
        kernel.trim(),
        rustc.trim()
    )
}

/// Year, month, day, by the machine's clock.
pub(super) fn date() -> String {
    let date = quiet(Command::new("date").args(["-u", "+%Y-%m-%d"]));
    date.map_or_else(|| "unknown".to_owned(), |date| date.trim().to_owned())
}

/// Keeps a program on the first two cores it may use: enough for the cases with two threads, and
/// the same two in each round.
pub(super) struct Pin {
    cores: String,
}

impl Pin {
    /// None where `taskset` is not installed.
    pub(super) fn new() -> Option<Pin> {
        quiet(Command::new("taskset").arg("--version"))?;
        let allowed = field("/proc/self/status", "Cpus_allowed_list")?;
        Some(Pin {
            cores: first_two(&allowed)?,
        })
    }

    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &self.cores]).arg(program);
        command
    }
}

/// The value of the first line `name : value` of a file below /proc.
fn field(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The first two cores of a list such as `0-3,8`, as a list of that kind.
fn first_two(allowed: &str) -> Option<String> {
    let ranges = allowed.split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse::<u32>().ok()?..=last.parse().ok()?)
    });
    let cores: Vec<_> = ranges
        .flatten()
        .take(2)
        .map(|core| core.to_string())
        .collect();
    (!cores.is_empty()).then(|| cores.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_cores_are_taken_over_ranges() {
        for (allowed, two) in [
            ("0-1", "0,1"),
            ("3,5-9", "3,5"),
            ("2", "2"),
            ("0-0,7", "0,7"),
        ] {
            assert_eq!(first_two(allowed).as_deref(), Some(two));
        }
        assert_eq!(first_two(""), None);
    }
}
