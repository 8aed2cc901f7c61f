//! The table that a person reads: cases together, ours first, and how we stand to the best rival.

use super::rows::Row;
use super::selection::{group_rank, is_ours};
use comfy_table::{CellAlignment, Table, presets};

/// A subject that measures the distance between two cores: no rival, but without it a figure of two
/// threads cannot be compared with that of another run.
const THERMOMETER: &str = "ping-pong";

pub(super) fn render(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    table.set_header(["case", "subject", "ns", "lo", "hi", "ours ÷ best rival"]);
    for column in 2..5 {
        let column = table
            .column_mut(column)
            .expect("the header has six columns");
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut last_case = "";
    for row in in_order(rows) {
        let case = if row.case == last_case { "" } else { &row.case };
        last_case = &row.case;
        let standing = if is_ours(&row.subject) {
            standing(row, rows)
        } else {
            String::new()
        };
        table.add_row([
            case,
            &row.subject,
            &ns(row.ns),
            &ns(row.lo),
            &ns(row.hi),
            &standing,
        ]);
    }
    table.to_string()
}

/// By group, then case; in a case ours first, then from fast to slow.
fn in_order(rows: &[Row]) -> Vec<&Row> {
    let mut sorted: Vec<_> = rows.iter().collect();
    sorted.sort_by(|a, b| {
        let by_case = (group_rank(&a.case), &a.case).cmp(&(group_rank(&b.case), &b.case));
        let by_owner = is_ours(&b.subject).cmp(&is_ours(&a.subject));
        by_case.then(by_owner).then(a.ns.total_cmp(&b.ns))
    });
    sorted
}

/// Which cases a rival wins, in words; nothing without rivals.
pub(super) fn verdict(rows: &[Row]) -> Option<String> {
    let ours = in_order(rows)
        .into_iter()
        .filter(|row| is_ours(&row.subject));
    let ratios: Vec<_> = ours
        .filter_map(|row| Some((&row.case, row.ns / best_rival(row, rows)?.ns)))
        .collect();
    // As it is printed: what rounds to 1.00 is nobody's win.
    let slower = ratios.iter().filter(|(_, ratio)| *ratio >= 1.005);
    let slower: Vec<_> = slower
        .map(|(case, ratio)| format!("{case} {ratio:.2}"))
        .collect();
    match (ratios.len(), slower.len()) {
        (0, _) => None,
        (cases, 0) => Some(format!("a rival is faster in none of {cases} cases")),
        (cases, lost) => Some(format!(
            "a rival is faster in {lost} of {cases} cases: {}",
            slower.join(", ")
        )),
    }
}

fn best_rival<'a>(ours: &Row, rows: &'a [Row]) -> Option<&'a Row> {
    let is_rival =
        |row: &&Row| row.case == ours.case && !is_ours(&row.subject) && row.subject != THERMOMETER;
    rows.iter()
        .filter(is_rival)
        .min_by(|a, b| a.ns.total_cmp(&b.ns))
}

fn standing(ours: &Row, rows: &[Row]) -> String {
    best_rival(ours, rows).map_or_else(
        || "no rival measured".to_owned(),
        |best| format!("{:.2} × {}", ours.ns / best.ns, best.subject),
    )
}

/// Three digits that mean something.
fn ns(value: f64) -> String {
    match value {
        _ if value < 10.0 => format!("{value:.2}"),
        _ if value < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let row = |case, subject, ns| Row::new(case, subject, ns, ns, ns);
        vec![
            row("view/clone", "zerocopy-view", 3.0),
            row("pool/pair", "treiber", 7.5),
            row("pool/pair", "dpdk", 5.0),
            row("pool/pair", "pool-core", 3.0),
            row("pool/pair", "ping-pong", 1.0),
        ]
    }

    #[test]
    fn ours_comes_first_and_is_measured_against_the_best() {
        let rows = rows();
        let order: Vec<_> = in_order(&rows)
            .iter()
            .map(|row| row.subject.as_str())
            .collect();
        assert_eq!(
            order,
            ["pool-core", "ping-pong", "dpdk", "treiber", "zerocopy-view"]
        );
        assert_eq!(standing(&rows[3], &rows), "0.60 × dpdk");
        assert_eq!(standing(&rows[0], &rows), "no rival measured");
    }

    #[test]
    fn lost_cases_are_named() {
        let mut rows = rows();
        assert_eq!(
            verdict(&rows).as_deref(),
            Some("a rival is faster in none of 1 cases")
        );
        rows.push(Row::new("view/clone", "arc", 2.0, 2.0, 2.0));
        assert_eq!(
            verdict(&rows).as_deref(),
            Some("a rival is faster in 1 of 2 cases: view/clone 1.50")
        );
        assert_eq!(verdict(&rows[..1]), None);
    }

    #[test]
    fn a_case_is_named_once() {
        assert_eq!(render(&rows()).matches("pool/pair").count(), 1);
    }

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!([ns(1.834), ns(18.34), ns(1834.4)], ["1.83", "18.3", "1834"]);
    }
}
