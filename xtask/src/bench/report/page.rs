//! What the page says, case by case; how it looks is in `templates/report.html`.

use super::super::compare::Comparison;
use super::super::counts::{Count, count_of};
use super::super::judgement::{Judgement, Verdict, cases_without_rows};
use super::super::order::{by_case, numbered};
use super::super::projection::{CORES, Projection, project};
use super::super::record::Record;
use super::super::rows::Row;
use super::super::standing::{Ratio, to_best_rival, to_limit};
use super::super::subjects::{Kind, is_ours, kind};
use super::super::table::{lost, number, said, tally};
use super::plots::{self, Dot, Growth};
use anyhow::Result;
use askama::Template;
use std::collections::BTreeMap;

#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page<'a> {
    record: &'a Record,
    headline: String,
    tally: String,
    noisy: usize,
    /// Ours ÷ best rival of all cases, as an image.
    overview: Option<String>,
    judgements: &'a [Judgement],
    without_rows: Vec<&'static str>,
    projection: Option<Projected>,
    growths: Vec<Figure>,
    cases: Vec<CaseSection<'a>>,
    comparison: Option<Compared>,
}

struct Figure {
    name: String,
    image: String,
}

/// What the model says, as a figure; the numbers stand in the table that the run prints.
struct Projected {
    transfer_ns: String,
    image: String,
}

impl Projected {
    fn new(projection: Projection) -> Result<Projected> {
        let mut growth = Growth::default();
        for line in &projection.subjects {
            for (cores, ns) in CORES.iter().zip(line.ns) {
                growth.add(&line.subject, f64::from(*cores), ns);
            }
        }
        Ok(Projected {
            transfer_ns: number(projection.transfer_ns),
            image: growth.draw()?,
        })
    }
}

struct Compared {
    has_slower: bool,
    lines: Vec<String>,
}

struct CaseSection<'a> {
    case: &'a str,
    /// How ours stands, in words.
    standing: Vec<String>,
    is_lost: bool,
    is_noisy: bool,
    image: String,
    rows: Vec<Line<'a>>,
}

struct Line<'a> {
    subject: &'a str,
    class: &'static str,
    ns: String,
    lo: String,
    hi: String,
    /// Ours divided by this one.
    ratio: String,
    spread: String,
    is_noisy: bool,
    instructions: String,
    misses: String,
    locked: String,
    system_calls: String,
    allocations: String,
}

impl<'a> Page<'a> {
    pub(super) fn new(
        record: &'a Record,
        judgements: &'a [Judgement],
        comparison: Option<&Comparison>,
    ) -> Result<Page<'a>> {
        let rows = &record.rows;
        let cases = by_case(rows);
        let cases = cases.into_iter().map(|case| CaseSection::new(record, case));
        let cases = cases.collect::<Result<Vec<_>>>()?;
        let (lost, with_rival) = lost(rows);
        Ok(Page {
            record,
            headline: headline(lost.len(), with_rival),
            tally: tally(judgements),
            noisy: cases.iter().filter(|case| case.is_noisy).count(),
            overview: overview(rows)?,
            judgements,
            without_rows: cases_without_rows(judgements, record),
            projection: project(record).map(Projected::new).transpose()?,
            growths: growths(rows)?,
            cases,
            comparison: comparison.map(|comparison| Compared {
                has_slower: !comparison.slower.is_empty(),
                lines: comparison.to_string().lines().map(str::to_owned).collect(),
            }),
        })
    }
}

fn headline(lost: usize, cases: usize) -> String {
    match (lost, cases) {
        (_, 0) => "No case was measured with a rival".to_owned(),
        (0, cases) => format!("No rival is faster in any of {cases} cases"),
        (lost, cases) => format!(
            "Ours is as fast as the best rival or faster in {} of {cases} cases",
            cases - lost
        ),
    }
}

impl<'a> CaseSection<'a> {
    fn new(record: &'a Record, rows: Vec<&'a Row>) -> Result<CaseSection<'a>> {
        let ours = rows.iter().copied().find(|row| is_ours(&row.subject));
        let rival = ours.and_then(|ours| to_best_rival(ours, &record.rows));
        let limit = ours.and_then(|ours| to_limit(ours, &record.rows));
        let standing = rival.map(|rival| format!("{} (best rival)", said(rival)));
        let to_limit = limit.map(|limit| format!("{} (limit)", said(limit)));
        let dots: Vec<_> = rows.iter().map(|row| Dot::of_row(row)).collect();
        Ok(CaseSection {
            case: &rows[0].case,
            standing: standing.into_iter().chain(to_limit).collect(),
            is_lost: rival.is_some_and(|rival| rival.ratio.median >= 1.005),
            is_noisy: rival
                .or(limit)
                .is_some_and(|standing| standing.ratio.is_noisy()),
            image: plots::dots(&dots, "ns", None)?,
            rows: rows
                .iter()
                .map(|row| Line::new(record, row, ours))
                .collect(),
        })
    }
}

impl<'a> Line<'a> {
    fn new(record: &Record, row: &'a Row, ours: Option<&Row>) -> Line<'a> {
        let other = (!is_ours(&row.subject)).then_some(row);
        let ratio = ours
            .zip(other)
            .and_then(|(ours, other)| Ratio::of(ours, other));
        let count = count_of(row, &record.counts);
        let counted =
            |of: fn(&Count) -> Option<f64>| count.and_then(of).map(number).unwrap_or_default();
        Line {
            subject: &row.subject,
            class: class(&row.subject),
            ns: number(row.ns),
            lo: number(row.lo),
            hi: number(row.hi),
            ratio: ratio
                .map(|ratio| format!("{:.2}", ratio.median))
                .unwrap_or_default(),
            spread: ratio
                .map(|ratio| format!("± {:.0} %", ratio.spread() * 50.0))
                .unwrap_or_default(),
            is_noisy: ratio.is_some_and(|ratio| ratio.is_noisy()),
            instructions: counted(|count| count.instructions),
            misses: counted(|count| count.cache_misses),
            locked: counted(|count| count.locked),
            system_calls: counted(|count| count.system_calls),
            allocations: counted(|count| count.allocations),
        }
    }
}

impl Judgement {
    fn class(&self) -> &'static str {
        match self.verdict {
            Verdict::Met(_) => "met",
            Verdict::Missed(..) => "missed",
            Verdict::NotMeasured(_) => "unknown",
        }
    }
}

fn class(subject: &str) -> &'static str {
    match kind(subject) {
        Kind::Ours => "ours",
        Kind::Rival => "rival",
        Kind::Limit | Kind::Thermometer => "limit",
    }
}

fn overview(rows: &[Row]) -> Result<Option<String>> {
    let ours = by_case(rows)
        .into_iter()
        .flatten()
        .filter(|row| is_ours(&row.subject));
    let dots = ours.filter_map(|ours| {
        let standing = to_best_rival(ours, rows)?;
        Some(Dot {
            label: format!("{} ÷ {}", ours.case, standing.other.subject),
            low: standing.ratio.low,
            middle: standing.ratio.median,
            high: standing.ratio.high,
            kind: Kind::Ours,
        })
    });
    let dots: Vec<_> = dots.collect();
    if dots.is_empty() {
        return Ok(None);
    }
    plots::dots(
        &dots,
        "ours ÷ best rival, left of the line ours is faster",
        Some(1.0),
    )
    .map(Some)
}

/// A figure for each row of cases that end with a growing number.
fn growths(rows: &[Row]) -> Result<Vec<Figure>> {
    let mut by_name: BTreeMap<&str, Growth<'_>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.case.starts_with("scale/")) {
        if let Some((name, number)) = numbered(&row.case) {
            by_name
                .entry(name)
                .or_default()
                .add(&row.subject, number as f64, row.ns);
        }
    }
    let figures = by_name.into_iter().map(|(name, growth)| {
        Ok(Figure {
            name: name.to_owned(),
            image: growth.draw()?,
        })
    });
    figures.collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::judgement::judge;
    use super::*;

    fn page(rows: &[(&str, &str, &[f64])]) -> String {
        let rows = rows
            .iter()
            .map(|(case, subject, rounds)| Row::of_rounds(case, subject, rounds));
        let mut record = Record {
            rows: rows.collect(),
            ..Record::default()
        };
        record.about.machine = "a <fast> processor".into();
        let judgements = judge(&record);
        Page::new(&record, &judgements, None)
            .expect("drawn")
            .render()
            .expect("filled in")
    }

    #[test]
    fn the_page_says_first_how_we_stand() {
        let text = page(&[
            ("pool/pair", "pool-core", &[3.0, 3.0]),
            ("pool/pair", "dpdk", &[5.0, 5.0]),
            ("view/clone", "zerocopy-view", &[3.0, 3.0]),
            ("view/clone", "bytes", &[2.0, 2.0]),
        ]);
        let place = |words: &str| {
            text.find(words)
                .unwrap_or_else(|| panic!("no `{words}` in {text}"))
        };
        assert!(place("faster in 1 of 2 cases") < place("<svg"));
        assert!(place("0.60 × dpdk (best rival)") < place("1.50 × bytes (best rival)"));
        place("met: 0.60 ×");
    }

    #[test]
    fn the_page_needs_nothing_else_and_shows_names_as_they_are() {
        let text = page(&[("a/b", "pool-core", &[1.0])]);
        assert!(
            text.contains("a &#60;fast&#62; processor")
                || text.contains("a &lt;fast&gt; processor"),
            "{text}"
        );
        assert!(!text.contains("src=") && !text.contains("<link") && !text.contains("@import"));
        assert!(text.contains("prefers-color-scheme: dark"));
    }

    #[test]
    fn growing_cases_share_a_figure() {
        let text = page(&[
            ("scale/slots-64", "pool-core", &[2.0]),
            ("scale/slots-1024", "pool-core", &[3.0]),
        ]);
        assert_eq!(text.matches("<h3>scale/slots</h3>").count(), 1);
    }
}
