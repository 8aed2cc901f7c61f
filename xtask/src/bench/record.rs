//! A run, written down: what it measured, where, when and how.

use super::counts::Count;
use super::rows::Row;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) about: About,
    /// `<subject>: <reason>`.
    pub(super) missing: BTreeSet<String>,
    pub(super) counts: Vec<Count>,
    pub(super) rows: Vec<Row>,
}

/// Without these a number means nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct About {
    /// Year, month, day.
    pub(super) date: String,
    /// Processor, cores, kernel, compiler.
    pub(super) machine: String,
    /// How often and how long each subject was measured.
    pub(super) method: String,
    /// What was measured, by package.
    pub(super) versions: BTreeMap<String, String>,
}

impl Record {
    /// A line for each row, so that a change shows what changed.
    pub(super) fn to_json(&self) -> Result<String> {
        Ok(format!(
            "{{\n\"about\": {},\n\"missing\": {},\n\"counts\": [\n{}\n],\n\"rows\": [\n{}\n]\n}}\n",
            serde_json::to_string(&self.about)?,
            serde_json::to_string(&self.missing)?,
            lines(&self.counts)?,
            lines(&self.rows)?,
        ))
    }

    pub(super) fn from_json(text: &str) -> Result<Record> {
        serde_json::from_str(text).context("not a run that `cargo xtask bench --json` wrote")
    }

    pub(super) fn read(path: &Path) -> Result<Record> {
        let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        Record::from_json(&text).with_context(|| format!("{}", path.display()))
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        fs::write(path, self.to_json()?).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn lines<T: Serialize>(values: &[T]) -> Result<String> {
    let lines = values
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(lines.join(",\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_being_written() {
        let mut record = Record::default();
        record.about.date = "2026-01-02".into();
        record.missing.insert("dpdk: not here".into());
        for record in [
            Record::default(),
            record.clone(),
            Record {
                rows: vec![
                    Row::of_rounds("a/b", "c", &[1.0, 2.0]),
                    Row::of_rounds("pool/pair", "dpdk", &[5.0]),
                ],
                counts: vec![Count {
                    case: "a/b".into(),
                    subject: "c".into(),
                    instructions: Some(42.0),
                    cache_misses: Some(0.25),
                    allocations: Some(0.0),
                    ..Count::default()
                }],
                ..record
            },
        ] {
            let json = record.to_json().expect("numbers and names");
            assert_eq!(Record::from_json(&json).expect("just written"), record);
        }
        assert!(Record::from_json("[]").is_err());
    }
}
