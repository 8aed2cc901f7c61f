//! Which versions were measured.

use crate::rivals;
use crate::tools::quiet;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
}

/// The package of the workloads.
const BENCHES: &str = "benches";

/// Of what the benchmarks use: crates as the rivals' Cargo.lock has them, which they are built by, and the libraries that are not crates.
pub(super) fn versions(workspace: &Workspace) -> Result<BTreeMap<String, String>> {
    let folder = workspace.root().join(rivals::FOLDER);
    let metadata = MetadataCommand::new()
        .manifest_path(folder.join("Cargo.toml"))
        .no_deps()
        .exec()?;
    let members = metadata.packages.iter();
    let benches = workspace.members().iter();
    let benches = benches.filter(|package| package.name == BENCHES);
    let used: Vec<&str> = members
        .chain(benches)
        .flat_map(|package| &package.dependencies)
        .map(|used| used.name.as_str())
        .collect();
    let lock = fs::read_to_string(folder.join("Cargo.lock"))?;
    let mut versions = locked(&lock, &used)?;
    for library in ["libdpdk", "liburing"] {
        if let Some(version) = quiet(Command::new("pkg-config").args(["--modversion", library])) {
            versions.insert(library.to_owned(), version.trim().to_owned());
        }
    }
    Ok(versions)
}

fn locked(lock: &str, used: &[&str]) -> Result<BTreeMap<String, String>> {
    let lock: Lock = toml::from_str(lock).context("Cargo.lock")?;
    let is_used = |package: &Locked| used.contains(&package.name.as_str());
    Ok(lock
        .package
        .into_iter()
        .filter(is_used)
        .map(|package| (package.name, package.version))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_used_has_a_version() {
        let lock = "version = 4\n[[package]]\nname = \"bytes\"\nversion = \"1.2.3\"\n[[package]]\nname = \"syn\"\nversion = \"2.0.0\"\n";
        let found = locked(lock, &["bytes", "opool"]).expect("as cargo writes it");
        assert_eq!(
            found,
            BTreeMap::from([("bytes".to_owned(), "1.2.3".to_owned())])
        );
    }
}
