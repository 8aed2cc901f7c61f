//! Criterion's files: which benchmark a folder is about, and its samples.

use crate::workspace::{self, Workspace};
use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::{Path, PathBuf};

/// What one subject took in one round.
pub(super) struct Samples {
    pub(super) case: String,
    pub(super) subject: String,
    /// Nanoseconds for one iteration, or for one element where the benchmark counts elements.
    pub(super) nanoseconds: Vec<f64>,
}

#[derive(Deserialize)]
struct BenchmarkFile {
    group_id: String,
    function_id: Option<String>,
    throughput: Option<Throughput>,
}

/// Criterion has more kinds; only this one changes what a number is about.
#[derive(Deserialize)]
#[serde(untagged)]
enum Throughput {
    Elements {
        #[serde(rename = "Elements")]
        elements: u64,
    },
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct SampleFile {
    iters: Vec<f64>,
    times: Vec<f64>,
}

/// Where criterion is told to write.
pub(super) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target().join("bench/criterion")
}

/// Forgets what earlier rounds wrote: criterion would compare with it, which takes time, and a
/// subject that is no longer measured would still be there.
pub(super) fn clear(workspace: &Workspace) -> Result<()> {
    let folder = folder(workspace);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    Ok(fs::create_dir_all(&folder)?)
}

/// Reads what the last round wrote.
pub(super) fn read(workspace: &Workspace) -> Result<Vec<Samples>> {
    let mut found = Vec::new();
    for path in workspace::files(&folder(workspace).to_string_lossy())? {
        if path.ends_with("new/benchmark.json") {
            found.push(samples(
                read_json(&path)?,
                &read_json(&path.with_file_name("sample.json"))?,
            ));
        }
    }
    Ok(found)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}", path.display()))
}

fn samples(benchmark: BenchmarkFile, file: &SampleFile) -> Samples {
    let elements = match benchmark.throughput {
        Some(Throughput::Elements { elements }) => elements as f64,
        Some(Throughput::Other(_)) | None => 1.0,
    };
    let times = file.times.iter().zip(&file.iters);
    Samples {
        case: benchmark.group_id,
        subject: benchmark
            .function_id
            .unwrap_or_else(|| "unnamed".to_owned()),
        nanoseconds: times
            .map(|(time, iterations)| time / iterations / elements)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_samples(throughput: &str) -> Samples {
        let benchmark = format!(
            r#"{{"group_id":"pool/bulk32","function_id":"pool-core","value_str":null,
                "throughput":{throughput},"full_id":"","directory_name":"","title":""}}"#
        );
        let file = r#"{"sampling_mode":"Linear","iters":[1.0,2.0],"times":[64.0,192.0]}"#;
        let parse = "written as criterion writes it";
        samples(
            serde_json::from_str(&benchmark).expect(parse),
            &serde_json::from_str(file).expect(parse),
        )
    }

    #[test]
    fn a_sample_is_about_one_iteration() {
        let read = read_samples("null");
        assert_eq!(
            (read.case.as_str(), read.subject.as_str()),
            ("pool/bulk32", "pool-core")
        );
        assert_eq!(read.nanoseconds, [64.0, 96.0]);
        assert_eq!(read_samples(r#"{"Bytes":32}"#).nanoseconds, [64.0, 96.0]);
    }

    #[test]
    fn elements_are_counted_singly() {
        assert_eq!(read_samples(r#"{"Elements":32}"#).nanoseconds, [2.0, 3.0]);
    }
}
