//! `docs/benchmarks.md`: made from the run that is kept in `docs/benchmarks.json`, and from what is written by hand in `templates/`.

use super::counts::{Count, count_of};
use super::judgement::{Judgement, Verdict, judge};
use super::order::in_order;
use super::projection::{Projection, project};
use super::record::Record;
use super::standing::{to_best_rival, to_limit};
use super::subjects::is_ours;
use super::table::{lost, number, said, tally};
use anyhow::{Context, Result};
use askama::Template;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const RECORD: &str = "docs/benchmarks.json";
const DOCUMENT: &str = "docs/benchmarks.md";

/// Why a rival wins a case, as far as we know.
const REASONS: &str = include_str!("../../templates/reasons.toml");

#[derive(Template)]
#[template(path = "benchmarks.md")]
struct Document<'a> {
    run: Option<Run<'a>>,
}

/// The part that a run fills.
struct Run<'a> {
    record: &'a Record,
    cases: usize,
    lost: Vec<Lost>,
    tally: String,
    projection: Option<Projected>,
    judgements: Vec<Judgement>,
    rows: Vec<Line<'a>>,
}

struct Lost {
    case: String,
    ratio: String,
    reason: String,
}

struct Line<'a> {
    case: &'a str,
    subject: &'a str,
    ns: String,
    instructions: String,
    misses: String,
    locked: String,
    system_calls: String,
    allocations: String,
    rival: String,
    limit: String,
}

/// As its table shows it.
struct Projected {
    transfer_ns: String,
    lines: Vec<Vec<String>>,
}

impl Projected {
    fn new(projection: Projection) -> Projected {
        let lines = projection.subjects.into_iter().map(|line| {
            let measured = line.measured_with_two.map(number).unwrap_or_default();
            let ns = line.ns.map(number).into_iter();
            let cells = [line.subject, number(line.locked)].into_iter().chain(ns);
            cells.chain([measured]).collect()
        });
        Projected {
            transfer_ns: number(projection.transfer_ns),
            lines: lines.collect(),
        }
    }
}

#[derive(Deserialize)]
struct Reasons {
    /// By case.
    why: BTreeMap<String, String>,
}

/// Keeps `record`, and writes the document anew.
pub(super) fn keep(record: &Record) -> Result<()> {
    record.write(Path::new(RECORD))?;
    bless()
}

/// Writes the document anew from the run that is kept, if one is.
pub(super) fn bless() -> Result<()> {
    fs::write(DOCUMENT, render(kept(Path::new("."))?.as_ref())?).context(DOCUMENT)
}

/// The run that is kept, if one is.
pub(super) fn kept(root: &Path) -> Result<Option<Record>> {
    let path = root.join(RECORD);
    path.exists().then(|| Record::read(&path)).transpose()
}

fn render(record: Option<&Record>) -> Result<String> {
    let run = record.map(Run::new).transpose()?;
    // A file ends with the end of a line.
    Ok(Document { run }.render()? + "\n")
}

impl Run<'_> {
    fn new(record: &Record) -> Result<Run<'_>> {
        let Reasons { why } = toml::from_str(REASONS).context("reasons.toml")?;
        let (standings, cases) = lost(&record.rows);
        let lost = standings.into_iter().map(|standing| Lost {
            case: standing.ours.case.clone(),
            ratio: said(standing),
            reason: why.get(&standing.ours.case).cloned().unwrap_or_default(),
        });
        let judgements = judge(record);
        Ok(Run {
            record,
            cases,
            lost: lost.collect(),
            tally: tally(&judgements),
            projection: project(record).map(Projected::new),
            judgements,
            rows: lines(record),
        })
    }
}

fn lines(record: &Record) -> Vec<Line<'_>> {
    let lines = in_order(&record.rows).into_iter().map(|row| {
        let ours = is_ours(&row.subject).then_some(row);
        let count = count_of(row, &record.counts);
        let counted = |of: fn(&Count) -> Option<f64>| count.and_then(of).map(number);
        Line {
            case: &row.case,
            subject: &row.subject,
            ns: number(row.ns),
            instructions: counted(|count| count.instructions).unwrap_or_default(),
            misses: counted(|count| count.cache_misses).unwrap_or_default(),
            locked: counted(|count| count.locked).unwrap_or_default(),
            system_calls: counted(|count| count.system_calls).unwrap_or_default(),
            allocations: counted(|count| count.allocations).unwrap_or_default(),
            rival: ours
                .and_then(|row| to_best_rival(row, &record.rows))
                .map(said)
                .unwrap_or_default(),
            limit: ours
                .and_then(|row| to_limit(row, &record.rows))
                .map(said)
                .unwrap_or_default(),
        }
    });
    lines.collect()
}

impl Judgement {
    /// The targets that are no question any more need no line in the document.
    fn is_open(&self) -> bool {
        !matches!(self.verdict, Verdict::Met(_))
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::Row;
    use super::*;

    #[test]
    fn the_document_is_what_the_kept_run_makes() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the workspace");
        let record = kept(root).expect("a run that is kept can be read");
        let document = fs::read_to_string(root.join(DOCUMENT)).expect("it is in the repository");
        assert!(
            document == render(record.as_ref()).expect("nothing is wrong with it"),
            "{DOCUMENT} is stale: write it anew with `cargo xtask bench --bless`"
        );
    }

    #[test]
    fn a_run_puts_what_rivals_win_on_top_with_the_reason() {
        let row = |case, subject, ns: f64| Row::of_rounds(case, subject, &[ns, ns]);
        let mut record = Record {
            rows: vec![
                row("pool/bulk32", "pool-core", 4.0),
                row("pool/bulk32", "dpdk", 2.0),
                row("view/clone", "zerocopy-view", 1.0),
                row("view/clone", "bytes", 2.0),
            ],
            ..Record::default()
        };
        record.about.machine = "a processor".into();
        let text = render(Some(&record)).expect("a small run");
        let lost = text
            .find("| `pool/bulk32` | 2.00 × dpdk | ")
            .expect("a lost case");
        assert!(
            !text[lost..]
                .lines()
                .next()
                .expect("a line")
                .ends_with("|  |"),
            "the reason is told"
        );
        assert!(lost < text.find("a processor").expect("the machine"));
        assert!(
            text.contains("| `view/clone` | zerocopy-view | 1.00 |  |  |  |  |  | 0.50 × bytes |"),
            "{text}"
        );
        assert!(
            text.contains("| `pool/bulk32` | ≤ 1.20 × dpdk | missed by 67 %: 2.00 × |"),
            "{text}"
        );
        assert!(text.ends_with("\n") && !text.ends_with("\n\n"));
    }
}
