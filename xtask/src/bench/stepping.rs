//! Locked instructions, system calls and allocations of one iteration: the benchmarks' program runs each subject one instruction at a time
//! (`benches/src/counting/steps.rs`) and tells.

use super::counts::{Count, hundredths};
use super::executables::Executable;
use super::plan::Times;
use super::selection::Selection;
use super::subjects::ALLOCATORS;
use crate::process;
use crate::workspace::Workspace;
use anyhow::{Result, bail};
use indicatif::ProgressBar;
use std::fs;

/// The allocator whose calls are counted. Another one is asked directly, each time.
const COUNTED_ALLOCATOR: &str = "glibc";

/// Counts for all subjects that `selection` wants, but those with a second thread at work on the same.
pub(super) fn run(
    workspace: &Workspace,
    programs: &[Executable],
    selection: &Selection,
) -> Result<Vec<Count>> {
    let folder = workspace.target().join("bench/stepping");
    fs::create_dir_all(&folder)?;
    let progress = ProgressBar::new_spinner();
    let mut counts = Vec::new();
    for filter in selection.criterion_filters() {
        for program in programs {
            progress.set_message(format!("counting locked instructions and calls: {filter}"));
            progress.tick();
            // Not pinned: the work and who looks at it take turns.
            let mut command = program.command(workspace, None, &filter);
            command.args(Times::SHORTEST.arguments());
            command
                .env("CRITERION_HOME", &folder)
                .env("BENCHES_COUNT", "steps");
            let finished = process::run(command, &ProgressBar::hidden())?;
            if !finished.status.success() {
                bail!(
                    "{filter}: ended with {}: {}",
                    finished.status,
                    finished.last_line()
                );
            }
            counts.extend(finished.output.lines().filter_map(read));
        }
    }
    fs::remove_dir_all(&folder)?;
    progress.finish_and_clear();
    Ok(counts)
}

/// From a line `stepped: <case>/<subject>: <locked> <system calls> <allocations>`. A later one of the same subject counts.
fn read(line: &str) -> Option<Count> {
    let (id, numbers) = line.strip_prefix("stepped: ")?.split_once(": ")?;
    let (case, subject) = id.rsplit_once('/')?;
    let mut numbers = numbers.split_whitespace().map(|number| number.parse().ok());
    let mut next = || numbers.next().flatten().map(hundredths);
    let (locked, system_calls, allocations) = (next()?, next()?, next()?);
    let is_another_allocator = ALLOCATORS.contains(&subject) && subject != COUNTED_ALLOCATOR;
    Some(Count {
        case: case.to_owned(),
        subject: subject.to_owned(),
        locked: Some(locked),
        system_calls: Some(system_calls),
        allocations: (!is_another_allocator).then_some(allocations),
        ..Count::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_an_allocator_that_is_asked_directly_has_no_allocations() {
        let count = read("stepped: view/clone/bytes: 2.00 0.00 0.03").expect("a line");
        assert_eq!(
            (count.case.as_str(), count.subject.as_str()),
            ("view/clone", "bytes")
        );
        assert_eq!(
            (count.locked, count.system_calls, count.allocations),
            (Some(2.0), Some(0.0), Some(0.03))
        );
        let of = |subject: &str| {
            let line = format!("stepped: class/4k/{subject}: 0.00 0.00 0.00");
            read(&line).expect("a line").allocations
        };
        assert_eq!((of("jemalloc"), of("glibc")), (None, Some(0.0)));
        assert_eq!(read("stepped: view/clone/bytes: 2.00"), None);
    }
}
