//! One row per case and subject, made from the samples of all rounds.

use super::samples::Samples;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) case: String,
    pub(super) subject: String,
    /// Median over all samples, in nanoseconds.
    pub(super) ns: f64,
    /// The lowest and the highest median of a round.
    pub(super) lo: f64,
    pub(super) hi: f64,
}

impl Row {
    pub(super) fn new(case: &str, subject: &str, ns: f64, lo: f64, hi: f64) -> Row {
        Row {
            case: case.to_owned(),
            subject: subject.to_owned(),
            ns,
            lo,
            hi,
        }
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
        let medians = rounds.iter().filter_map(|round| median(round));
        let (lo, hi) = medians.fold((f64::INFINITY, 0.0_f64), |(lo, hi), m| {
            (lo.min(m), hi.max(m))
        });
        Some(Row::new(case, subject, median(&rounds.concat())?, lo, hi))
    });
    rows.collect()
}

/// None of nothing.
fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

pub(super) fn to_json(rows: &[Row]) -> Result<String> {
    let lines = rows
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

pub(super) fn from_json(text: &str) -> Result<Vec<Row>> {
    serde_json::from_str(text).context("not rows of {case, subject, ns, lo, hi}")
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
    fn medians_of_odd_even_and_nothing() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_row_spans_its_rounds() {
        let mut measured = Measured::default();
        measured.add_round(round(&[1.0, 2.0, 3.0]));
        measured.add_round(round(&[5.0, 6.0, 100.0]));
        assert_eq!(
            summarise(measured),
            [Row::new("pool/pair", "dpdk", 4.0, 2.0, 6.0)]
        );
    }

    #[test]
    fn rows_survive_being_written() {
        let rows = [
            Row::new("pool/pair", "dpdk", 5.0, 4.5, 6.0),
            Row::new("a/b", "c", 1.0, 1.0, 1.0),
        ];
        let json = to_json(&rows).expect("numbers and names");
        assert_eq!(from_json(&json).expect("just written"), rows);
        assert!(
            json.contains(r#"{"case":"pool/pair","subject":"dpdk","ns":5.0,"lo":4.5,"hi":6.0}"#)
        );
        assert!(from_json("{}").is_err());
    }
}
