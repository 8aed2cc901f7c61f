//! The report in a real browser: a page of the run that is kept, in light and in dark.

use super::judgement;
use super::{document, report};
use crate::process;
use crate::steps::Outcome;
use crate::tools::quiet;
use crate::workspace::Workspace;
use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// No window, nothing of the user's, nothing from the network.
const ALONE: &str = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --window-size=1100,1600 --enable-logging=stderr";

/// Whoever a page has something to tell, it does it in such a line.
const CONSOLE: &str = ":CONSOLE";

/// Renders the page and takes its picture, which is left in `target/bench/`.
pub(crate) fn step(workspace: &Workspace, progress: &ProgressBar) -> Result<Outcome> {
    let is_there = |name: &&&str| quiet(Command::new(name).arg("--version")).is_some();
    let Some(browser) = BROWSERS.iter().find(is_there) else {
        return Ok(Outcome::Skipped(
            "no browser; on Debian: apt-get install chromium".to_owned(),
        ));
    };
    let record = document::kept(Path::new("."))?.context("no run is kept to make a page of")?;
    let page = report::write(
        workspace,
        "kept.html",
        &record,
        &judgement::judge(&record),
        None,
    )?;
    let browser = Browser {
        program: browser,
        profile: workspace.target().join("bench/browser"),
    };
    let mut pictures = Vec::new();
    for (scheme, switch) in [("light", None), ("dark", Some("--force-dark-mode"))] {
        let picture = page.with_file_name(format!("kept-{scheme}.png"));
        let mut command = browser.command(&page);
        command.args(switch);
        command.arg(format!("--screenshot={}", picture.display()));
        quiet_console(&process::succeed(command, progress)?)?;
        pictures.push(fs::read(&picture).with_context(|| format!("{}", picture.display()))?);
    }
    ensure!(
        pictures[0] != pictures[1],
        "the page is the same in light and in dark"
    );
    let mut command = browser.command(&page);
    command.arg("--dump-dom");
    let shown = process::succeed(command, progress)?;
    quiet_console(&shown)?;
    let mut cases: Vec<_> = record.rows.iter().map(|row| row.case.as_str()).collect();
    cases.dedup();
    let without = cases
        .iter()
        .find(|case| !shown.contains(&format!("id=\"{case}\"")));
    ensure!(
        without.is_none(),
        "the browser does not show {}",
        without.unwrap_or(&"")
    );
    fs::remove_dir_all(&browser.profile)?;
    Ok(Outcome::Passed(format!(
        "{} cases, light and dark: target/bench/kept-*.png",
        cases.len()
    )))
}

struct Browser<'a> {
    program: &'a str,
    profile: PathBuf,
}

impl Browser<'_> {
    fn command(&self, page: &Path) -> Command {
        let mut command = Command::new(self.program);
        command.args(ALONE.split_whitespace());
        command.arg(format!("--user-data-dir={}", self.profile.display()));
        command.arg(format!("file://{}", page.display()));
        command
    }
}

fn quiet_console(output: &str) -> Result<()> {
    let said = output.lines().find(|line| line.contains(CONSOLE));
    ensure!(
        said.is_none(),
        "on the page's console: {}",
        said.unwrap_or_default()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_page_says_on_its_console_is_an_error() {
        let line = "[1130/171500.000000:ERROR:CONSOLE(1)] \"x is not defined\", source: file:///report.html (1)";
        let error = quiet_console(&format!("a line\n{line}\n")).expect_err("it said something");
        assert!(error.to_string().contains("x is not defined"));
        assert!(quiet_console("[1130/171500.000000:ERROR:gpu.cc(1)] no GPU\n").is_ok());
    }
}
