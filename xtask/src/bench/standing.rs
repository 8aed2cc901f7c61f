//! How a row of ours stands to others of the same run: ratios, by round.

use super::rows::Row;
use super::stats::quantile;
use super::subjects::{Kind, kind};

/// A row is noisy whose ratios spread further than this.
pub(super) const NOISY: f64 = 0.10;

/// Ours divided by another, in each round: what slows the machine for a minute slows both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ratio {
    pub(super) median: f64,
    /// Half of the rounds lie between these two.
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Ratio {
    /// None if they have no round together.
    pub(super) fn of(ours: &Row, other: &Row) -> Option<Ratio> {
        let rounds = ours.rounds.iter().zip(&other.rounds);
        let ratios: Vec<_> = rounds.map(|(ours, other)| ours / other).collect();
        Some(Ratio {
            median: quantile(&ratios, 0.5)?,
            low: quantile(&ratios, 0.25)?,
            high: quantile(&ratios, 0.75)?,
        })
    }

    /// How far apart the middle half of the rounds lies, as a part of the median.
    pub(super) fn spread(&self) -> f64 {
        (self.high - self.low) / self.median
    }

    pub(super) fn is_noisy(&self) -> bool {
        self.spread() > NOISY
    }
}

/// A row of ours beside another row.
#[derive(Clone, Copy)]
pub(super) struct Standing<'a> {
    pub(super) ours: &'a Row,
    pub(super) other: &'a Row,
    pub(super) ratio: Ratio,
}

impl<'a> Standing<'a> {
    fn new(ours: &'a Row, other: &'a Row) -> Option<Standing<'a>> {
        Ratio::of(ours, other).map(|ratio| Standing { ours, other, ratio })
    }
}

/// Ours beside the fastest rival of the case.
pub(super) fn to_best_rival<'a>(ours: &'a Row, rows: &'a [Row]) -> Option<Standing<'a>> {
    let rivals = rows
        .iter()
        .filter(|row| row.case == ours.case && kind(&row.subject) == Kind::Rival);
    Standing::new(ours, rivals.min_by(|a, b| a.ns.total_cmp(&b.ns))?)
}

/// Ours beside what limits the case: a subject of the case itself, or a row of the group `limit`.
pub(super) fn to_limit<'a>(ours: &'a Row, rows: &'a [Row]) -> Option<Standing<'a>> {
    let in_case = |row: &&Row| row.case == ours.case && kind(&row.subject) == Kind::Limit;
    let elsewhere = || {
        let case = limit_of(&ours.case)?;
        rows.iter().find(|row| row.case == case)
    };
    Standing::new(ours, rows.iter().find(in_case).or_else(elsewhere)?)
}

/// Ours beside the best rival, or where there is none beside the limit: what two runs are compared by.
pub(super) fn to_best<'a>(ours: &'a Row, rows: &'a [Row]) -> Option<Standing<'a>> {
    to_best_rival(ours, rows).or_else(|| to_limit(ours, rows))
}

/// The row of the group `limit` that says what a case cannot do without.
fn limit_of(case: &str) -> Option<&'static str> {
    /// The first whose start fits.
    const LIMITS: &[(&str, &str)] = &[
        ("pool/cross", "limit/contended-add"),
        ("pool/", "limit/l1-load"),
        ("frame/from_pool-64", "limit/memcpy-64"),
        ("frame/", "limit/memcpy-1500"),
        ("class/", "limit/l1-load"),
        ("view/freeze", "limit/memcpy-2k"),
        ("view/clone-2t-distinct", "limit/cas"),
        ("view/clone-2t", "limit/contended-add"),
        ("view/local", "limit/l1-load"),
        ("view/static", "limit/l1-load"),
        ("view/sha256-again", "limit/l1-load"),
        ("view/", "limit/cas"),
        ("slab/local", "limit/l1-load"),
        ("slab/", "limit/contended-add"),
        ("send/slab", "limit/l1-load"),
        ("send/", "limit/system-call"),
    ];
    LIMITS
        .iter()
        .find(|(start, _)| case.starts_with(start))
        .map(|(_, limit)| *limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(case: &str, subject: &str, rounds: &[f64]) -> Row {
        Row::of_rounds(case, subject, rounds)
    }

    #[test]
    fn a_slow_minute_leaves_the_ratio_alone() {
        let ours = row("pool/pair", "pool-core", &[2.0, 20.0, 2.0]);
        let ratio = Ratio::of(&ours, &row("pool/pair", "dpdk", &[4.0, 40.0, 4.0])).expect("rounds");
        assert_eq!(
            ratio,
            Ratio {
                median: 0.5,
                low: 0.5,
                high: 0.5
            }
        );
        assert!(!ratio.is_noisy());
    }

    #[test]
    fn a_row_is_noisy_when_the_middle_half_lies_far_apart() {
        let even = row("a/b", "dpdk", &[1.0; 5]);
        let noisy = |rounds: &[f64]| {
            Ratio::of(&row("a/b", "pool-core", rounds), &even)
                .expect("rounds")
                .is_noisy()
        };
        assert!(
            !noisy(&[1.0, 0.96, 1.04, 0.2, 9.0]),
            "one round at each end is left out"
        );
        assert!(noisy(&[1.0, 0.9, 1.1, 0.9, 1.1]));
    }

    #[test]
    fn nothing_is_compared_without_a_round() {
        assert_eq!(
            Ratio::of(&row("a/b", "pool-core", &[]), &row("a/b", "dpdk", &[1.0])),
            None
        );
    }

    #[test]
    fn a_limit_is_no_rival() {
        let rows = [
            row("frame/from_pool-64", "framebuf", &[3.0]),
            row("frame/from_pool-64", "memcpy", &[1.0]),
            row("frame/from_pool-64", "glibc", &[6.0]),
            row("pool/pair", "pool-core", &[3.0]),
            row("pool/pair", "ping-pong", &[1.0]),
            row("limit/l1-load", "machine", &[1.5]),
        ];
        let rival = to_best_rival(&rows[0], &rows).expect("glibc");
        assert_eq!(
            (rival.other.subject.as_str(), rival.ratio.median),
            ("glibc", 0.5)
        );
        assert_eq!(
            to_limit(&rows[0], &rows).expect("memcpy").other.subject,
            "memcpy"
        );
        assert!(to_best_rival(&rows[3], &rows).is_none());
        assert_eq!(to_best(&rows[3], &rows).expect("a load").ratio.median, 2.0);
    }
}
