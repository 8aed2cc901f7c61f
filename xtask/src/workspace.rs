//! The workspace as cargo describes it, and the files that belong to it.

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand, Package, Target};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The folder of the six crates, relative to the workspace root.
pub(crate) const CRATES: &str = "crates";

pub(crate) struct Workspace {
    metadata: Metadata,
}

impl Workspace {
    /// Asks cargo for the workspace round the current directory, and makes its root the current
    /// directory: every path and every child process of xtask starts there.
    pub(crate) fn enter() -> Result<Workspace> {
        let metadata = MetadataCommand::new().no_deps().exec()?;
        std::env::set_current_dir(&metadata.workspace_root)?;
        Ok(Workspace { metadata })
    }

    /// Every member: the six crates, `benches` and `xtask`.
    pub(crate) fn members(&self) -> &[Package] {
        &self.metadata.packages
    }

    /// The members below `crates/`.
    pub(crate) fn crates(&self) -> impl Iterator<Item = &Package> {
        let folder = self.metadata.workspace_root.join(CRATES);
        self.members()
            .iter()
            .filter(move |package| package.manifest_path.starts_with(&folder))
    }

    /// The crates called `names`, or all of them if there is no name.
    pub(crate) fn chosen_crates(&self, names: &[String]) -> Result<Vec<&Package>> {
        for name in names {
            let known: Vec<_> = self.crates().map(|package| package.name.as_str()).collect();
            ensure!(
                known.contains(&name.as_str()),
                "no crate is called `{name}`; there are: {}",
                known.join(", ")
            );
        }
        let wanted = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
        Ok(self
            .crates()
            .filter(|package| wanted(&package.name))
            .collect())
    }

    /// The package and the target of the example called `name`.
    pub(crate) fn example(&self, name: &str) -> Option<(&Package, &Target)> {
        self.crates().find_map(|package| {
            let mut targets = package.targets.iter();
            targets
                .find(|t| t.is_example() && t.name == name)
                .map(|target| (package, target))
        })
    }

    /// Where cargo builds; what needs other compiler flags builds in a folder below it.
    pub(crate) fn target(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }
}

/// Every file below `folder` (relative to the root), sorted, without build output and git's own.
pub(crate) fn files(folder: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if is_left_out(&entry.file_name().to_string_lossy()) {
                continue; // Also where it is a file: `.git` of a second work tree.
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(
                    entry
                        .path()
                        .strip_prefix("./")
                        .unwrap_or(&entry.path())
                        .to_owned(),
                );
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The Rust files among [`files`].
pub(crate) fn rust_files(folder: &str) -> Result<Vec<PathBuf>> {
    let mut found = files(folder)?;
    found.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    Ok(found)
}

/// `folder/name` without `..`.
pub(crate) fn resolved(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.to_owned();
    for part in Path::new(name).components() {
        match part {
            Component::ParentDir => _ = path.pop(),
            part => path.push(part),
        }
    }
    path
}

fn is_left_out(name: &str) -> bool {
    matches!(name, ".git" | "target" | "book") || name.starts_with("target-")
}
