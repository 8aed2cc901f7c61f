//! Two runs beside each other: what got slower beyond the noise.
//!
//! Machines differ and so do their days, so times are not compared, but ratios to the same rival. The rule: a case is slower if its ratio
//! grew by more than the spreads of both runs' ratios together, and by more than a twentieth.

use super::record::Record;
use super::rows::Row;
use super::standing::{Ratio, to_best};
use super::subjects::is_ours;
use core::fmt;

/// Less is nothing, however quiet both runs were.
const LEAST_CHANGE: f64 = 0.05;

/// The cases of both runs, by what became of them.
#[derive(Default)]
pub(super) struct Comparison {
    pub(super) slower: Vec<Change>,
    pub(super) faster: Vec<Change>,
    /// How many changed no more than the noise.
    pub(super) same: usize,
    /// `<case>: <reason>`.
    pub(super) not_compared: Vec<String>,
}

/// One case of ours, before and now, by its ratio to the same other subject.
pub(super) struct Change {
    case: String,
    other: String,
    before: Ratio,
    now: Ratio,
}

impl Change {
    /// By how much the ratio grew, as a part of what it was.
    fn growth(&self) -> f64 {
        self.now.median / self.before.median - 1.0
    }

    /// What may be chance.
    fn noise(&self) -> f64 {
        (self.before.spread() + self.now.spread()).max(LEAST_CHANGE)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {:.2} × {other} before, {:.2} × {other} now ({:+.0} %, noise up to {:.0} %)",
            self.case,
            self.before.median,
            self.now.median,
            self.growth() * 100.0,
            self.noise() * 100.0,
            other = self.other,
        )
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (word, changes) in [("slower", &self.slower), ("faster", &self.faster)] {
            for change in changes {
                writeln!(f, "{word}: {change}")?;
            }
        }
        for reason in &self.not_compared {
            writeln!(f, "not compared: {reason}")?;
        }
        let Comparison {
            slower,
            faster,
            same,
            ..
        } = self;
        write!(
            f,
            "compared: {} slower, {} faster, {same} the same within the noise",
            slower.len(),
            faster.len()
        )
    }
}

pub(super) fn compare(before: &Record, now: &Record) -> Comparison {
    let mut comparison = Comparison::default();
    for ours in now.rows.iter().filter(|row| is_ours(&row.subject)) {
        match change(ours, before, now) {
            Err(why) => comparison
                .not_compared
                .push(format!("{}: {why}", ours.case)),
            Ok(change) if change.growth() > change.noise() => comparison.slower.push(change),
            Ok(change) if 1.0 / (1.0 + change.growth()) - 1.0 > change.noise() => {
                comparison.faster.push(change)
            }
            Ok(_) => comparison.same += 1,
        }
    }
    comparison
}

/// By the subject that was the best before, if both runs have it.
fn change(ours: &Row, before: &Record, now: &Record) -> Result<Change, &'static str> {
    let is_it = |row: &&Row, other: &Row| row.case == other.case && row.subject == other.subject;
    let ours_before = before
        .rows
        .iter()
        .find(|row| is_it(row, ours))
        .ok_or("was not measured before")?;
    let best = to_best(ours_before, &before.rows).ok_or("had nobody to be compared with")?;
    let other = now
        .rows
        .iter()
        .find(|row| is_it(row, best.other))
        .ok_or("the rival of before was not measured")?;
    let ratio = Ratio::of(ours, other).ok_or("no round with both")?;
    Ok(Change {
        case: ours.case.clone(),
        other: best.other.subject.clone(),
        before: best.ratio,
        now: ratio,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(rows: &[(&str, &[f64])]) -> Record {
        let rows = rows
            .iter()
            .map(|(subject, rounds)| Row::of_rounds("pool/pair", subject, rounds));
        Record {
            rows: rows.collect(),
            ..Record::default()
        }
    }

    fn outcome(before: &Record, now: &Record) -> [usize; 4] {
        let found = compare(before, now);
        [
            found.slower.len(),
            found.same,
            found.faster.len(),
            found.not_compared.len(),
        ]
    }

    #[test]
    fn another_machine_is_no_change_and_a_greater_ratio_is() {
        let before = run(&[("pool-core", &[2.0, 2.0]), ("dpdk", &[4.0, 4.0])]);
        let other_machine = run(&[("pool-core", &[6.0, 6.0]), ("dpdk", &[12.0, 12.0])]);
        let slower = run(&[("pool-core", &[2.2, 2.2]), ("dpdk", &[4.0, 4.0])]);
        assert_eq!(outcome(&before, &other_machine), [0, 1, 0, 0]);
        assert_eq!(outcome(&before, &slower), [1, 0, 0, 0]);
        assert_eq!(outcome(&slower, &before), [0, 0, 1, 0]);
        let text = compare(&before, &slower).slower[0].to_string();
        assert_eq!(
            text,
            "pool/pair: 0.50 × dpdk before, 0.55 × dpdk now (+10 %, noise up to 5 %)"
        );
    }

    #[test]
    fn what_the_spread_explains_is_no_change() {
        let quiet = run(&[("pool-core", &[2.0, 2.0, 2.0]), ("dpdk", &[4.0, 4.0, 4.0])]);
        let noisy = run(&[("pool-core", &[1.8, 2.2, 2.6]), ("dpdk", &[4.0, 4.0, 4.0])]);
        assert_eq!(outcome(&quiet, &noisy), [0, 1, 0, 0]);
    }

    #[test]
    fn a_rival_that_is_new_or_gone_is_not_taken_for_the_old_one() {
        let before = run(&[("pool-core", &[2.0]), ("dpdk", &[4.0])]);
        let with_new = run(&[("pool-core", &[2.0]), ("dpdk", &[4.0]), ("opool", &[1.0])]);
        let gone = run(&[("pool-core", &[2.0]), ("opool", &[1.0])]);
        assert_eq!(outcome(&before, &with_new), [0, 1, 0, 0]);
        assert_eq!(outcome(&before, &gone), [0, 0, 0, 1]);
    }
}
