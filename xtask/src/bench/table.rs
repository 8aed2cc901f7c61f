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

fn standing(ours: &Row, rows: &[Row]) -> String {
    let is_rival =
        |row: &&Row| row.case == ours.case && !is_ours(&row.subject) && row.subject != THERMOMETER;
    let best = rows
        .iter()
        .filter(is_rival)
        .min_by(|a, b| a.ns.total_cmp(&b.ns));
    best.map_or_else(
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
    fn a_case_is_named_once() {
        assert_eq!(render(&rows()).matches("pool/pair").count(), 1);
    }

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!([ns(1.834), ns(18.34), ns(1834.4)], ["1.83", "18.3", "1834"]);
    }
}
