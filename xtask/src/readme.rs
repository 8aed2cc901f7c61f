//! The code in each README and in each page of the book is compiled: some crate includes the file in its documentation.

use crate::steps::Outcome;
use crate::workspace::{CRATES, Workspace, files, resolved, rust_files};
use anyhow::{Context, Result, bail, ensure};
use indicatif::ProgressBar;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn step(_: &Workspace, _: &ProgressBar) -> Result<Outcome> {
    let mut included = BTreeSet::new();
    // The workspace's own README and the book use several crates: a package that knows them all includes them.
    for folder in [CRATES, "benches", "guide"] {
        for path in rust_files(folder)? {
            included.extend(included_pages(&path, &fs::read_to_string(&path)?));
        }
    }
    let mut pages = vec![PathBuf::from("README.md")];
    pages.extend(
        files(CRATES)?
            .into_iter()
            .filter(|path| path.ends_with("README.md")),
    );
    pages.extend(
        files("docs")?
            .into_iter()
            .filter(|path| path.extension().is_some_and(|extension| extension == "md")),
    );

    let mut compiled = 0;
    for page in pages {
        if has_rust(&fs::read_to_string(&page).with_context(|| format!("{}", page.display()))?) {
            if !included.contains(&page) {
                bail!(
                    "{} has Rust code, but no crate includes it as doc tests",
                    page.display()
                );
            }
            compiled += 1;
        }
    }
    ensure!(compiled > 0, "no page has Rust code");
    Ok(Outcome::Passed(format!("pages with code: {compiled}")))
}

fn has_rust(markdown: &str) -> bool {
    markdown
        .lines()
        .any(|line| line.trim_start().starts_with("```rust"))
}

/// The Markdown files that the Rust file at `path` includes, relative to the workspace root.
fn included_pages(path: &Path, text: &str) -> Vec<PathBuf> {
    let starts = text.split("include_str!(\"").skip(1);
    let names = starts.filter_map(|rest| Some(rest.split_once('"')?.0));
    let folder = path.parent().unwrap_or(Path::new(""));
    names
        .filter(|name| name.ends_with(".md"))
        .map(|name| resolved(folder, name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_included_readme_is_found_by_its_path_from_the_root() {
        let text = "#![doc = include_str!(\"../README.md\")]\n\
                    #[doc = include_str!(\"../../../README.md\")]\n\
                    const TEXT: &str = include_str!(\"words.txt\");\n";
        let found = included_pages(Path::new("crates/framebuf/src/lib.rs"), text);
        assert_eq!(
            found,
            [
                Path::new("crates/framebuf/README.md"),
                Path::new("README.md")
            ]
        );
    }
}
