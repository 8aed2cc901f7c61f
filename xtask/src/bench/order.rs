//! The order in which rows are shown: by group and case, ours first, then from fast to slow.

use super::rows::Row;
use super::selection::group_rank;
use super::subjects::is_ours;

pub(super) fn in_order(rows: &[Row]) -> Vec<&Row> {
    let mut sorted: Vec<_> = rows.iter().collect();
    sorted.sort_by(|a, b| {
        let by_case = place(&a.case).cmp(&place(&b.case));
        let by_owner = is_ours(&b.subject).cmp(&is_ours(&a.subject));
        by_case.then(by_owner).then(a.ns.total_cmp(&b.ns))
    });
    sorted
}

/// The rows in order, each case by itself.
pub(super) fn by_case(rows: &[Row]) -> Vec<Vec<&Row>> {
    let rows = in_order(rows);
    let cases = rows.chunk_by(|a, b| a.case == b.case);
    cases.map(<[&Row]>::to_vec).collect()
}

/// A number at the end of a case counts as a number: 1024 comes behind 64.
fn place(case: &str) -> (usize, &str, u64, &str) {
    let (name, number) = numbered(case).unwrap_or((case, 0));
    (group_rank(case), name, number, case)
}

/// `scale/slots-64` is `scale/slots` at 64.
pub(super) fn numbered(case: &str) -> Option<(&str, u64)> {
    let (name, number) = case.rsplit_once('-')?;
    Some((name, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_then_cases_then_ours_then_the_fastest() {
        let rows = [
            ("view/clone", "zerocopy-view", 3.0),
            ("frame/from_pool-1500", "framebuf", 1.0),
            ("frame/from_pool-64", "framebuf", 1.0),
            ("pool/pair", "treiber", 7.5),
            ("pool/pair", "dpdk", 2.0),
            ("pool/pair", "pool-core", 3.0),
        ]
        .map(|(case, subject, ns)| Row::of_rounds(case, subject, &[ns]));
        let shown: Vec<_> = in_order(&rows)
            .iter()
            .map(|row| (row.case.as_str(), row.subject.as_str()))
            .collect();
        assert_eq!(
            shown,
            [
                ("pool/pair", "pool-core"),
                ("pool/pair", "dpdk"),
                ("pool/pair", "treiber"),
                ("frame/from_pool-64", "framebuf"),
                ("frame/from_pool-1500", "framebuf"),
                ("view/clone", "zerocopy-view"),
            ]
        );
        assert_eq!(by_case(&rows).len(), 4);
    }
}
