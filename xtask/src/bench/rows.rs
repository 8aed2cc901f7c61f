//! One row per case and subject, made from the samples of all rounds.

use super::samples::Samples;
use super::stats::median;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) case: String,
    pub(super) subject: String,
    /// Median over all samples, in nanoseconds.
    pub(super) ns: f64,
    /// The lowest and the highest median of a round.
    pub(super) lo: f64,
    pub(super) hi: f64,
    /// The median of each round.
    pub(super) rounds: Vec<f64>,
}

impl Row {
    fn new(case: &str, subject: &str, ns: f64, rounds: Vec<f64>) -> Row {
        let fold = |by: fn(f64, f64) -> f64| rounds.iter().copied().reduce(by).unwrap_or(ns);
        Row {
            case: case.to_owned(),
            subject: subject.to_owned(),
            ns,
            lo: fold(f64::min),
            hi: fold(f64::max),
            rounds,
        }
    }

    /// Of which no samples are known but the rounds' medians.
    #[cfg(test)]
    pub(super) fn of_rounds(case: &str, subject: &str, rounds: &[f64]) -> Row {
        let ns = median(rounds).unwrap_or_default();
        Row::new(case, subject, ns, rounds.to_vec())
    }
}

/// The samples of each case and subject, by round.
#[derive(Default)]
pub(super) struct Measured(BTreeMap<(String, String), Vec<Vec<f64>>>);

impl Measured {
    pub(super) fn add_round(&mut self, round: Vec<Samples>) {
        for Samples {
            case,
            subject,
            nanoseconds,
        } in round
        {
            self.0.entry((case, subject)).or_default().push(nanoseconds);
        }
    }
}

pub(super) fn summarise(measured: Measured) -> Vec<Row> {
    let rows = measured.0.iter().filter_map(|((case, subject), rounds)| {
        let medians = rounds.iter().filter_map(|round| median(round)).collect();
        Some(Row::new(case, subject, median(&rounds.concat())?, medians))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(nanoseconds: &[f64]) -> Vec<Samples> {
        let (case, subject) = ("pool/pair".into(), "dpdk".into());
        vec![Samples {
            case,
            subject,
            nanoseconds: nanoseconds.into(),
        }]
    }

    #[test]
    fn a_row_spans_its_rounds() {
        let mut measured = Measured::default();
        measured.add_round(round(&[1.0, 2.0, 3.0]));
        measured.add_round(round(&[5.0, 6.0, 100.0]));
        let row = Row::new("pool/pair", "dpdk", 4.0, vec![2.0, 6.0]);
        assert_eq!((row.lo, row.hi), (2.0, 6.0));
        assert_eq!(summarise(measured), [row]);
    }
}
