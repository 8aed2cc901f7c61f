//! `target/bench/report.html`: the whole run on one page that needs nothing else.

mod page;
mod plots;

use super::compare::Comparison;
use super::judgement::Judgement;
use super::record::Record;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use askama::Template;
use std::fs;
use std::path::PathBuf;

/// Writes the page under this name, and tells where it is.
pub(super) fn write(
    workspace: &Workspace,
    name: &str,
    record: &Record,
    judgements: &[Judgement],
    comparison: Option<&Comparison>,
) -> Result<PathBuf> {
    let folder = workspace.target().join("bench");
    fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    let page = page::Page::new(record, judgements, comparison)?.render()?;
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
