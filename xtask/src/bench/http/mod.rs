//! The example `http` beside nginx: the same file, the same clients, one worker each.

mod clients;
mod server;

use super::plan::Plan;
use super::record::Record;
use super::rows::{self, Measured};
use super::samples::Samples;
use super::selection::Selection;
use crate::process;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use server::Server;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

const CASE: &str = "http/64k";
const OURS: &str = "http";
/// The file that is served, and how long it is.
const FILE: &str = "64k.bin";
const FILE_BYTES: usize = 64 << 10;
/// The server has a core to itself, and so have its clients.
const SERVER_CORE: usize = 0;
const CLIENT_CORE: usize = 1;

/// Adds a row for the example, and for nginx where it is.
pub(super) fn run(
    workspace: &Workspace,
    plan: &Plan,
    selection: &Selection,
    record: &mut Record,
) -> Result<()> {
    if !selection.includes(CASE) {
        return Ok(());
    }
    if let Some(why) = cannot_run() {
        record.missing.insert(format!("{OURS}: {CASE}: {why}"));
        return Ok(());
    }
    let ours = build(workspace, plan)?;
    let folder = prepare(&workspace.target().join("bench/http"))?;
    let mut servers = vec![(OURS, Server::ours(&ours, &folder)?)];
    if server::has_nginx() {
        // The target is against the one that copies too; what the kernel does by itself is reported.
        for (name, sendfile) in [("nginx", "off"), ("nginx-sendfile", "on")] {
            servers.push((name, Server::nginx(&folder, name, sendfile)?));
        }
    } else {
        let why = format!("nginx: {CASE}: install nginx");
        record.missing.insert(why);
    }
    let body = fs::read(folder.join(FILE))?;
    for (name, server) in &servers {
        server.check(FILE, &body).context(*name)?;
    }
    let measured = measure(plan.relay_rounds, &servers)?;
    record.rows.extend(rows::summarise(measured));
    Ok(())
}

fn cannot_run() -> Option<&'static str> {
    if thread::available_parallelism().map_or(1, usize::from) <= CLIENT_CORE {
        return Some("needs two cores");
    }
    (!clients::are_there()).then_some("install wrk")
}

fn build(workspace: &Workspace, plan: &Plan) -> Result<PathBuf> {
    let (package, _) = workspace
        .example(OURS)
        .context("no crate has an example called `http`")?;
    let line = format!(
        "cargo build --profile {} -p {} --example {OURS}",
        plan.profile, package.name
    );
    let building = ProgressBar::new_spinner();
    process::succeed(process::command(&line), &building)?;
    building.finish_and_clear();
    Ok(workspace
        .target()
        .join(plan.profile)
        .join("examples")
        .join(OURS))
}

/// A folder with nothing in it but the file.
fn prepare(folder: &Path) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    let byte = |at: usize| ((at * at) >> 7) as u8;
    let body: Vec<u8> = (0..FILE_BYTES).map(byte).collect();
    fs::write(folder.join(FILE), body)?;
    Ok(folder.to_owned())
}

fn measure(rounds: u32, servers: &[(&str, Server)]) -> Result<Measured> {
    let progress = ProgressBar::new(u64::from(rounds) * servers.len() as u64).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} loads, {eta} left")
            .expect("the template is a constant"),
    );
    let mut measured = Measured::default();
    for _ in 0..rounds {
        let mut round = Vec::new();
        for (name, server) in servers {
            let per_second = clients::requests_per_second(&server.url(FILE))?;
            round.push(Samples {
                case: CASE.to_owned(),
                subject: (*name).to_owned(),
                nanoseconds: vec![1e9 / per_second],
            });
            progress.inc(1);
        }
        measured.add_round(round);
    }
    progress.finish_and_clear();
    Ok(measured)
}
