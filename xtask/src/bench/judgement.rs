//! Each target met, missed or not measured.

use super::counts::{Count, count_of};
use super::record::Record;
use super::rows::Row;
use super::standing::Ratio;
use super::subjects::{is_ours, is_rust_crate};
use super::targets::{Goal, TARGETS, Target};
use core::fmt;

/// A target, what was wanted in words, and what came out.
pub(super) struct Judgement {
    pub(super) case: &'static str,
    pub(super) wanted: String,
    pub(super) verdict: Verdict,
}

#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    Met(Value),
    /// With how much too much it is, as a part of what was wanted, if something was.
    Missed(Value, Option<f64>),
    NotMeasured(String),
}

/// What was measured, rounded as it is printed.
#[derive(Debug, PartialEq)]
pub(super) struct Value {
    number: f64,
    unit: Unit,
    is_noisy: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    Times,
    Nanoseconds,
    Each,
}

impl Value {
    fn ratio(ratio: Ratio) -> Value {
        Value {
            number: rounded(ratio.median),
            unit: Unit::Times,
            is_noisy: ratio.is_noisy(),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::Times if self.number < 0.1 => write!(f, "{:.3} ×", self.number)?,
            Unit::Times => write!(f, "{:.2} ×", self.number)?,
            Unit::Nanoseconds => write!(f, "{:.2} ns", self.number)?,
            Unit::Each => write!(f, "{}", self.number)?,
        }
        if self.is_noisy {
            f.write_str(" (noisy)")
        } else {
            Ok(())
        }
    }
}

/// All targets, in the order in which they are written.
pub(super) fn judge(record: &Record) -> Vec<Judgement> {
    TARGETS.iter().map(|target| target.judge(record)).collect()
}

/// Cases that have a target and no row.
pub(super) fn cases_without_rows(judgements: &[Judgement], record: &Record) -> Vec<&'static str> {
    let mut cases: Vec<_> = judgements.iter().map(|judgement| judgement.case).collect();
    cases.dedup();
    cases.retain(|case| record.rows.iter().all(|row| row.case != *case));
    cases
}

impl Target {
    fn judge(&self, record: &Record) -> Judgement {
        let measured = self.measure(record);
        let verdict = match (measured, self.goal.most()) {
            (Ok(value), most) if value.number <= most => Verdict::Met(value),
            (Ok(value), most) => {
                let excess = (most > 0.0).then(|| value.number / most - 1.0);
                Verdict::Missed(value, excess)
            }
            (Err(why), _) => Verdict::NotMeasured(why),
        };
        Judgement {
            case: self.case,
            wanted: self.goal.to_string(),
            verdict,
        }
    }

    fn measure(&self, record: &Record) -> Result<Value, String> {
        let rows = &record.rows;
        match self.goal {
            Goal::Against(subjects, _) => {
                let other = best(rows, self.case, |subject| subjects.contains(&subject));
                self.ratio(
                    rows,
                    other.ok_or_else(|| format!("no row of {}", subjects.join(", ")))?,
                )
            }
            Goal::AgainstBestCrate(_) => {
                let other = best(rows, self.case, is_rust_crate);
                self.ratio(rows, other.ok_or("no row of another crate")?)
            }
            Goal::AgainstOwn(case, _) => self.ratio(rows, ours(rows, case)?),
            Goal::InstructionsOf(case, _) => {
                let number =
                    instructions(&record.counts, self.case)? / instructions(&record.counts, case)?;
                Ok(Value {
                    number: rounded(number),
                    unit: Unit::Times,
                    is_noisy: false,
                })
            }
            Goal::Nanoseconds(_) => {
                let ns = rounded(ours(rows, self.case)?.ns);
                Ok(Value {
                    number: ns,
                    unit: Unit::Nanoseconds,
                    is_noisy: false,
                })
            }
            Goal::Each(what, _) => {
                let ours = ours(rows, self.case)?;
                let count = count_of(ours, &record.counts).and_then(what.of());
                Ok(Value {
                    number: count.ok_or("nothing was counted")?,
                    unit: Unit::Each,
                    is_noisy: false,
                })
            }
        }
    }

    fn ratio(&self, rows: &[Row], other: &Row) -> Result<Value, String> {
        let ratio = Ratio::of(ours(rows, self.case)?, other);
        ratio
            .map(Value::ratio)
            .ok_or_else(|| "no round with both".to_owned())
    }
}

impl Goal {
    fn most(&self) -> f64 {
        match *self {
            Goal::Against(_, most)
            | Goal::AgainstBestCrate(most)
            | Goal::AgainstOwn(_, most)
            | Goal::InstructionsOf(_, most)
            | Goal::Nanoseconds(most)
            | Goal::Each(_, most) => most,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goal::Against([one], most) => write!(f, "≤ {most:.2} × {one}"),
            Goal::Against(several, most) => {
                write!(f, "≤ {most:.2} × the best of {}", several.join(", "))
            }
            Goal::AgainstBestCrate(most) => write!(f, "≤ {most:.2} × the best other crate"),
            Goal::AgainstOwn(case, most) => write!(f, "≤ {most:.2} × our {case}"),
            Goal::InstructionsOf(case, most) => {
                write!(f, "≤ {most:.2} × the instructions of our {case}")
            }
            Goal::Nanoseconds(most) => write!(f, "≤ {most} ns"),
            Goal::Each(what, most) if *most == 0.0 => write!(f, "no {}", what.name()),
            Goal::Each(what, most) => write!(f, "≤ {most} × {}", what.name()),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Met(value) => write!(f, "met: {value}"),
            Verdict::Missed(value, Some(excess)) => {
                write!(f, "missed by {:.0} %: {value}", excess * 100.0)
            }
            Verdict::Missed(value, None) => write!(f, "missed: {value}"),
            Verdict::NotMeasured(why) => write!(f, "not measured: {why}"),
        }
    }
}

fn ours<'a>(rows: &'a [Row], case: &str) -> Result<&'a Row, String> {
    best(rows, case, is_ours).ok_or_else(|| format!("no row of ours in {case}"))
}

fn best<'a>(rows: &'a [Row], case: &str, is_meant: impl Fn(&str) -> bool) -> Option<&'a Row> {
    let meant = rows
        .iter()
        .filter(|row| row.case == case && is_meant(&row.subject));
    meant.min_by(|a, b| a.ns.total_cmp(&b.ns))
}

fn instructions(counts: &[Count], case: &str) -> Result<f64, String> {
    let count = counts
        .iter()
        .find(|count| count.case == case && is_ours(&count.subject));
    let instructions = count.and_then(|count| count.instructions);
    instructions.ok_or_else(|| format!("no instructions counted in {case}"))
}

/// To two places, or to three where two would leave nothing.
fn rounded(value: f64) -> f64 {
    let places = if value < 0.1 { 1000.0 } else { 100.0 };
    (value * places).round() / places
}

#[cfg(test)]
mod tests {
    use super::super::targets::Counted;
    use super::*;

    fn record(rows: &[(&str, &str, &[f64])]) -> Record {
        let rows = rows
            .iter()
            .map(|(case, subject, rounds)| Row::of_rounds(case, subject, rounds));
        Record {
            rows: rows.collect(),
            ..Record::default()
        }
    }

    fn verdict(record: &Record, case: &'static str, goal: Goal) -> String {
        Target { case, goal }.judge(record).verdict.to_string()
    }

    #[test]
    fn a_target_is_met_missed_or_not_measured() {
        let record = record(&[
            ("pool/pair", "pool-core", &[3.0, 3.0, 3.0]),
            ("pool/pair", "dpdk", &[4.0, 4.0, 4.0]),
            ("pool/pair", "glibc", &[2.0, 2.0, 2.0]),
            ("pool/pair", "opool", &[6.0, 3.0, 2.0]),
        ]);
        let say = |goal| verdict(&record, "pool/pair", goal);
        assert_eq!(say(Goal::Against(&["dpdk"], 0.75)), "met: 0.75 ×");
        assert_eq!(
            say(Goal::Against(&["dpdk"], 0.50)),
            "missed by 50 %: 0.75 ×"
        );
        assert_eq!(
            say(Goal::Against(&["dpdk", "glibc"], 1.0)),
            "missed by 50 %: 1.50 ×"
        );
        assert_eq!(
            say(Goal::Against(&["mimalloc"], 1.0)),
            "not measured: no row of mimalloc"
        );
        assert_eq!(say(Goal::AgainstBestCrate(1.0)), "met: 1.00 × (noisy)");
        assert_eq!(say(Goal::Nanoseconds(2.0)), "missed by 50 %: 3.00 ns");
    }

    #[test]
    fn what_is_to_be_none_is_counted_of_the_row_whose_time_counts() {
        let mut record = record(&[
            ("pool/pair", "pool-core", &[3.0]),
            ("pool/pair", "pool-core-slow", &[4.0]),
        ]);
        let none = || Goal::Each(Counted::Allocations, 0.0);
        assert_eq!(
            verdict(&record, "pool/pair", none()),
            "not measured: nothing was counted"
        );
        for (subject, allocations) in [("pool-core-slow", 1.0), ("pool-core", 0.0)] {
            record.counts.push(Count {
                case: "pool/pair".into(),
                subject: subject.into(),
                allocations: Some(allocations),
                ..Count::default()
            });
        }
        assert_eq!(none().to_string(), "no allocations");
        assert_eq!(verdict(&record, "pool/pair", none()), "met: 0");
        record.counts[1].allocations = Some(0.03);
        assert_eq!(verdict(&record, "pool/pair", none()), "missed: 0.03");
    }

    #[test]
    fn our_own_cases_are_compared_by_time_and_by_instructions() {
        let mut record = record(&[
            ("pool/pair", "pool-core", &[2.0]),
            ("pool/shared-2t", "pool-core", &[2.5]),
        ]);
        let own = || Goal::AgainstOwn("pool/pair", 1.3);
        assert_eq!(verdict(&record, "pool/shared-2t", own()), "met: 1.25 ×");
        assert_eq!(
            verdict(&record, "class/64k", own()),
            "not measured: no row of ours in class/64k"
        );
        let same = || Goal::InstructionsOf("class/4k", 1.0);
        assert_eq!(
            verdict(&record, "class/64k", same()),
            "not measured: no instructions counted in class/64k"
        );
        for (case, instructions) in [("class/4k", 73.0), ("class/64k", 146.0)] {
            let (case, subject) = (case.to_owned(), "sizeclass".to_owned());
            record.counts.push(Count {
                case,
                subject,
                instructions: Some(instructions),
                ..Count::default()
            });
        }
        assert_eq!(
            verdict(&record, "class/64k", same()),
            "missed by 100 %: 2.00 ×"
        );
    }

    #[test]
    fn every_target_gets_a_verdict_and_cases_without_rows_are_named() {
        let record = record(&[("pool/pair", "pool-core", &[2.0])]);
        let judgements = judge(&record);
        assert_eq!(judgements.len(), TARGETS.len());
        let without = cases_without_rows(&judgements, &record);
        assert!(!without.contains(&"pool/pair") && without.contains(&"http/64k"));
        assert_eq!(
            without.iter().filter(|case| **case == "pool/cross").count(),
            1
        );
    }
}
