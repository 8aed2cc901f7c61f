//! The code in each README is compiled: some crate includes the file in its documentation.

use crate::steps::Outcome;
use crate::workspace::{CRATES, Workspace, files, rust_files};
use anyhow::{Context, Result, bail, ensure};
use indicatif::ProgressBar;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

pub(crate) fn step(_: &Workspace, _: &ProgressBar) -> Result<Outcome> {
    let mut included = BTreeSet::new();
    // The workspace's own README uses several crates: a package that knows them all includes it.
    for path in [rust_files(CRATES)?, rust_files("benches")?].concat() {
        included.extend(included_readmes(&path, &fs::read_to_string(&path)?));
    }
    let mut readmes = vec![PathBuf::from("README.md")];
    readmes.extend(
        files(CRATES)?
            .into_iter()
            .filter(|path| path.ends_with("README.md")),
    );

    let mut compiled = 0;
    for readme in readmes {
        if has_rust(&fs::read_to_string(&readme).with_context(|| format!("{}", readme.display()))?)
        {
            if !included.contains(&readme) {
                bail!(
                    "{} has Rust code, but no crate includes it as doc tests",
                    readme.display()
                );
            }
            compiled += 1;
        }
    }
    ensure!(compiled > 0, "no README has Rust code");
    Ok(Outcome::Passed(format!("READMEs with code: {compiled}")))
}

fn has_rust(markdown: &str) -> bool {
    markdown
        .lines()
        .any(|line| line.trim_start().starts_with("```rust"))
}

/// The READMEs that the Rust file at `path` includes, relative to the workspace root.
fn included_readmes(path: &Path, text: &str) -> Vec<PathBuf> {
    let starts = text.split("include_str!(\"").skip(1);
    let names = starts.filter_map(|rest| Some(rest.split_once('"')?.0));
    let folder = path.parent().unwrap_or(Path::new(""));
    names
        .filter(|name| name.ends_with("README.md"))
        .map(|name| resolved(folder, name))
        .collect()
}

/// `folder/name` without `..`.
fn resolved(folder: &Path, name: &str) -> PathBuf {
    let mut path = folder.to_owned();
    for part in Path::new(name).components() {
        match part {
            Component::ParentDir => _ = path.pop(),
            part => path.push(part),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_included_readme_is_found_by_its_path_from_the_root() {
        let text = "#![doc = include_str!(\"../README.md\")]\n\
                    #[doc = include_str!(\"../../../README.md\")]\n\
                    const TEXT: &str = include_str!(\"words.txt\");\n";
        let found = included_readmes(Path::new("crates/framebuf/src/lib.rs"), text);
        assert_eq!(
            found,
            [
                Path::new("crates/framebuf/README.md"),
                Path::new("README.md")
            ]
        );
    }
}
