//! The tables that a person reads: what was measured, and which targets are met.

use super::counts::{Count, count_of};
use super::judgement::{Judgement, Verdict};
use super::order::in_order;
use super::projection::{CORES, Projection};
use super::record::Record;
use super::rows::Row;
use super::standing::{Standing, to_best_rival, to_limit};
use super::subjects::is_ours;
use comfy_table::{CellAlignment, Table, presets};

pub(super) fn render(record: &Record) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "case",
        "subject",
        "ns",
        "lo",
        "hi",
        "instructions",
        "misses",
        "locked",
        "system calls",
        "allocations",
        "ours ÷ best rival",
        "ours ÷ limit",
    ]);
    for column in 2..10 {
        let column = table
            .column_mut(column)
            .expect("the header has twelve columns");
        column.set_cell_alignment(CellAlignment::Right);
    }
    let rows = &record.rows;
    let mut last_case = "";
    for row in in_order(rows) {
        let case = if row.case == last_case { "" } else { &row.case };
        last_case = &row.case;
        let (rival, limit) = if is_ours(&row.subject) {
            let rival =
                to_best_rival(row, rows).map_or_else(|| "no rival measured".to_owned(), said);
            (rival, to_limit(row, rows).map(said).unwrap_or_default())
        } else {
            Default::default()
        };
        let count = count_of(row, &record.counts);
        let counted =
            |of: fn(&Count) -> Option<f64>| count.and_then(of).map(number).unwrap_or_default();
        table.add_row([
            case,
            &row.subject,
            &number(row.ns),
            &number(row.lo),
            &number(row.hi),
            &counted(|count| count.instructions),
            &counted(|count| count.cache_misses),
            &counted(|count| count.locked),
            &counted(|count| count.system_calls),
            &counted(|count| count.allocations),
            &rival,
            &limit,
        ]);
    }
    table.to_string()
}

/// Such as `0.60 × dpdk`, or `0.60 × dpdk, noisy`.
pub(super) fn said(standing: Standing<'_>) -> String {
    let noisy = if standing.ratio.is_noisy() {
        ", noisy"
    } else {
        ""
    };
    format!(
        "{:.2} × {}{noisy}",
        standing.ratio.median,
        name_of(standing.other)
    )
}

/// A limit is known by its case, another by its own name.
pub(super) fn name_of(other: &Row) -> &str {
    if other.subject == "machine" {
        &other.case
    } else {
        &other.subject
    }
}

/// The cases in which a rival is faster, the worst first, and how many cases have a rival.
pub(super) fn lost(rows: &[Row]) -> (Vec<Standing<'_>>, usize) {
    let ours = rows.iter().filter(|row| is_ours(&row.subject));
    let standings: Vec<_> = ours.filter_map(|row| to_best_rival(row, rows)).collect();
    let cases = standings.len();
    // As it is printed: what rounds to 1.00 is nobody's win.
    let mut lost: Vec<_> = standings
        .into_iter()
        .filter(|standing| standing.ratio.median >= 1.005)
        .collect();
    lost.sort_by(|a, b| b.ratio.median.total_cmp(&a.ratio.median));
    (lost, cases)
}

/// Which cases a rival wins, in words; nothing without rivals.
pub(super) fn verdict(rows: &[Row]) -> Option<String> {
    let (lost, cases) = lost(rows);
    let named: Vec<_> = lost
        .iter()
        .map(|standing| format!("{} {}", standing.ours.case, said(*standing)))
        .collect();
    match (cases, named.len()) {
        (0, _) => None,
        (cases, 0) => Some(format!("a rival is faster in none of {cases} cases")),
        (cases, lost) => Some(format!(
            "a rival is faster in {lost} of {cases} cases: {}",
            named.join("; ")
        )),
    }
}

/// What the model says, and that it is one.
pub(super) fn projection(projection: &Projection) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    let cores = CORES.map(|cores| format!("{cores} cores"));
    let header = ["pair of alloc and free".to_owned(), "locked".to_owned()];
    let measured = "measured with 2".to_owned();
    table.set_header(header.into_iter().chain(cores).chain([measured]));
    for line in &projection.subjects {
        let measured = line.measured_with_two.map(number).unwrap_or_default();
        let cells = [line.subject.clone(), number(line.locked)].into_iter();
        table.add_row(cells.chain(line.ns.map(number)).chain([measured]));
    }
    format!(
        "a projection, not a measurement: ns for each core, all on one pool, a line's transfer taken as {} ns (xtask/src/bench/projection.rs)\n{table}",
        number(projection.transfer_ns)
    )
}

/// The targets with their verdicts; nothing without targets.
pub(super) fn targets(judgements: &[Judgement]) -> Option<String> {
    if judgements.is_empty() {
        return None;
    }
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header(["case", "target", "verdict"]);
    for judgement in judgements {
        table.add_row([
            judgement.case,
            &judgement.wanted,
            &judgement.verdict.to_string(),
        ]);
    }
    Some(format!("{table}\n{}", tally(judgements)))
}

/// Such as `targets: 3 met, 1 missed, 2 not measured`.
pub(super) fn tally(judgements: &[Judgement]) -> String {
    let count =
        |is_it: fn(&Verdict) -> bool| judgements.iter().filter(|j| is_it(&j.verdict)).count();
    format!(
        "targets: {} met, {} missed, {} not measured",
        count(|verdict| matches!(verdict, Verdict::Met(_))),
        count(|verdict| matches!(verdict, Verdict::Missed(..))),
        count(|verdict| matches!(verdict, Verdict::NotMeasured(_))),
    )
}

/// Three digits that mean something.
pub(super) fn number(value: f64) -> String {
    let value = value + 0.0; // Not `-0.00`.
    match value {
        _ if value < 10.0 => format!("{value:.2}"),
        _ if value < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let row = |case, subject, ns: f64| Row::of_rounds(case, subject, &[ns, ns]);
        let rows = vec![
            row("view/clone", "zerocopy-view", 3.0),
            row("pool/pair", "treiber", 7.5),
            row("pool/pair", "dpdk", 5.0),
            row("pool/pair", "pool-core", 3.0),
            row("pool/pair", "ping-pong", 1.0),
        ];
        Record {
            rows,
            ..Record::default()
        }
    }

    #[test]
    fn ours_is_measured_against_the_best() {
        let text = render(&record());
        assert!(
            text.contains("0.60 × dpdk") && text.contains("no rival measured"),
            "{text}"
        );
        assert_eq!(text.matches("pool/pair").count(), 1, "a case is named once");
    }

    #[test]
    fn a_noisy_row_is_marked() {
        let mut record = record();
        record
            .rows
            .push(Row::of_rounds("view/clone", "bytes", &[3.0, 5.0]));
        assert!(render(&record).contains("0.80 × bytes, noisy"));
    }

    #[test]
    fn lost_cases_are_named_the_worst_first() {
        let mut rows = record().rows;
        assert_eq!(
            verdict(&rows).as_deref(),
            Some("a rival is faster in none of 1 cases")
        );
        rows.push(Row::of_rounds("view/clone", "arc", &[2.0, 2.0]));
        rows.push(Row::of_rounds("pool/pair", "opool", &[1.0, 1.0]));
        assert_eq!(
            verdict(&rows).as_deref(),
            Some(
                "a rival is faster in 2 of 2 cases: pool/pair 3.00 × opool; view/clone 1.50 × arc"
            )
        );
        assert_eq!(verdict(&rows[..1]), None);
    }

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!(
            [number(1.834), number(18.34), number(1834.4)],
            ["1.83", "18.3", "1834"]
        );
    }
}
