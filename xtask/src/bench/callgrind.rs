//! Instructions and cache misses of one iteration, counted by callgrind: numbers that do not depend on the machine's mood.
//!
//! The benchmarks' program does each subject's work twice, so often and twice as often (`benches/src/counting/callgrind.rs`); the difference leaves
//! what one iteration takes. The processor is the one that valgrind imitates: no SHA instructions, and a cache without neighbours.

use super::counts::{Count, hundredths};
use super::executables::Executable;
use super::plan::Times;
use super::selection::Selection;
use crate::process;
use crate::tools::quiet;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
use indicatif::ProgressBar;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Of the function in the benchmarks' program whose calls are counted.
const MARK: &str = "benches::counting::callgrind::marked";
/// For all subjects of a group; a subject that hangs in there must not hold up the rest.
const MOST_SECONDS: u32 = 120;
/// With this exit code, or by the same signal, ends `timeout` that had to kill the program.
const KILLED: i32 = 128 + 9;

/// What callgrind counted in one marked call.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Totals {
    instructions: f64,
    cache_misses: f64,
}

/// One marked call, as the program told of it.
#[derive(Debug, PartialEq)]
struct Call {
    case: String,
    subject: String,
    iterations: f64,
}

/// What was counted, and why not more.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) counts: Vec<Count>,
    pub(super) missing: Vec<String>,
}

/// Counts for all subjects of one thread that `selection` wants.
pub(super) fn run(
    workspace: &Workspace,
    programs: &[Executable],
    selection: &Selection,
) -> Result<Counted> {
    let mut counted = Counted::default();
    if quiet(Command::new("valgrind").arg("--version")).is_none() {
        counted
            .missing
            .push("instructions: valgrind is not installed: nothing was counted".to_owned());
        return Ok(counted);
    }
    let progress = ProgressBar::new_spinner();
    for filter in selection.criterion_filters() {
        for program in programs {
            progress.set_message(format!("counting instructions: {filter}"));
            if let Err(error) = count(workspace, program, &filter, &mut counted) {
                counted
                    .missing
                    .push(format!("instructions: of {filter} not all: {error:#}"));
            }
            progress.tick();
        }
    }
    progress.finish_and_clear();
    Ok(counted)
}

fn count(
    workspace: &Workspace,
    program: &Executable,
    filter: &str,
    counted: &mut Counted,
) -> Result<()> {
    let folder = workspace.target().join("bench/callgrind");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut command = process::command("timeout");
    command.args(["--signal=KILL", &MOST_SECONDS.to_string()]);
    command.args(["valgrind", "--tool=callgrind", "--cache-sim=yes"]);
    command.arg(format!(
        "--callgrind-out-file={}",
        folder.join("out").display()
    ));
    command.args([
        format!("--zero-before={MARK}"),
        format!("--dump-after={MARK}"),
    ]);
    command
        .arg(program.path())
        .args(["--bench", "--noplot", filter])
        .args(Times::SHORTEST.arguments());
    command
        .env("CRITERION_HOME", &folder)
        .env("BENCHES_COUNT", "callgrind");
    let finished = process::run(command, &ProgressBar::hidden())?;
    let calls: Vec<_> = finished.output.lines().filter_map(Call::read).collect();
    let mut totals = Vec::new();
    for number in 1..=calls.len() {
        totals.push(totals_of(&folder.join(format!("out.{number}")))?);
    }
    fs::remove_dir_all(&folder)?;
    counted.counts.extend(differences(&calls, &totals));
    if matches!(finished.status.code(), Some(KILLED) | None) {
        bail!("it took longer than {MOST_SECONDS} s");
    }
    if !finished.status.success() {
        bail!(
            "valgrind ended with {}: {}",
            finished.status,
            finished.last_line()
        );
    }
    Ok(())
}

impl Call {
    /// From a line `counted: <case>/<subject>: <iterations>`.
    fn read(line: &str) -> Option<Call> {
        let (id, iterations) = line.strip_prefix("counted: ")?.rsplit_once(": ")?;
        let (case, subject) = id.rsplit_once('/')?;
        Some(Call {
            case: case.to_owned(),
            subject: subject.to_owned(),
            iterations: iterations.trim().parse().ok()?,
        })
    }
}

fn totals_of(path: &Path) -> Result<Totals> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    read_totals(&text).with_context(|| format!("{}", path.display()))
}

/// From a file of callgrind's: `events:` names what the numbers after `totals:` are.
fn read_totals(text: &str) -> Result<Totals> {
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let names = line("events: ").context("no events")?.split_whitespace();
    let numbers = line("totals: ").context("no totals")?.split_whitespace();
    let mut totals = Totals::default();
    let mut counts_instructions = false;
    for (name, number) in names.zip(numbers) {
        let number: f64 = number.parse()?;
        match name {
            "Ir" => (totals.instructions, counts_instructions) = (number, true),
            "D1mr" | "D1mw" => totals.cache_misses += number,
            _ => {}
        }
    }
    ensure!(counts_instructions, "no event Ir");
    Ok(totals)
}

/// Two calls of a subject, one after the other, make a count. A subject that did nothing between its marks has none: it works on several
/// threads.
fn differences(calls: &[Call], totals: &[Totals]) -> Vec<Count> {
    let pairs = calls.chunks_exact(2).zip(totals.chunks_exact(2));
    let counts = pairs.filter_map(|(calls, totals)| {
        let iterations = calls[1].iterations - calls[0].iterations;
        let each =
            |of: fn(&Totals) -> f64| hundredths((of(&totals[1]) - of(&totals[0])) / iterations);
        let count = Count {
            case: calls[1].case.clone(),
            subject: calls[1].subject.clone(),
            instructions: Some(each(|totals| totals.instructions)),
            // What the first call fetched, the second need not: that may leave less than nothing.
            cache_misses: Some(each(|totals| totals.cache_misses).max(0.0)),
            ..Count::default()
        };
        (count.instructions > Some(0.0)).then_some(count)
    });
    counts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_by_the_names_of_the_events() {
        let text = "events: Ir Dr Dw I1mr D1mr D1mw\nfn=(1)\ntotals: 100 30 20 5 2 3\n";
        let totals = read_totals(text).expect("as callgrind writes");
        assert_eq!(
            totals,
            Totals {
                instructions: 100.0,
                cache_misses: 5.0
            }
        );
        assert!(read_totals("events: Dr\ntotals: 1\n").is_err());
        assert!(read_totals("events: Ir\n").is_err());
    }

    #[test]
    fn the_difference_of_two_calls_is_what_an_iteration_takes() {
        let lines = "missing: x: y\ncounted: pool/pair/dpdk: 1024\ncounted: pool/pair/dpdk: 2048\n\
                     counted: pool/cross/dpdk: 1024\ncounted: pool/cross/dpdk: 2048\n";
        let calls: Vec<_> = lines.lines().filter_map(Call::read).collect();
        assert_eq!(
            (calls[0].case.as_str(), calls[0].subject.as_str()),
            ("pool/pair", "dpdk")
        );
        let totals = |instructions| Totals {
            instructions,
            cache_misses: 7.0,
        };
        let totals = [
            totals(300.0 + 1024.0 * 42.0),
            totals(300.0 + 2048.0 * 42.0),
            totals(9.0),
            totals(9.0),
        ];
        let (case, subject) = ("pool/pair".to_owned(), "dpdk".to_owned());
        assert_eq!(
            differences(&calls, &totals),
            [Count {
                case,
                subject,
                instructions: Some(42.0),
                cache_misses: Some(0.0),
                ..Count::default()
            }]
        );
    }
}
