//! The relay and the workloads of `benches/` against their rivals, in tables and a page.
//!
//! The subjects of a case are measured in rounds, each subject a short while per round: what slows the
//! machine for a minute slows them all, and the spread between rounds shows it.

pub(crate) mod browser;
mod callgrind;
mod compare;
mod counts;
mod document;
mod executables;
mod http;
mod judgement;
mod machine;
mod options;
mod order;
mod plan;
mod projection;
mod record;
mod relays;
mod report;
mod rounds;
mod rows;
mod samples;
mod selection;
mod standing;
mod stats;
mod stepping;
mod subjects;
mod table;
mod targets;
mod versions;

pub(crate) use options::Options;

use crate::workspace::Workspace;
use anyhow::{Result, bail};
use compare::Comparison;
use indicatif::ProgressBar;
use judgement::Judgement;
use plan::Plan;
use record::{About, Record};
use selection::Selection;
use std::process::ExitCode;

pub(crate) fn command(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    if options.bless {
        document::bless()?;
        return Ok(ExitCode::SUCCESS);
    }
    // First: a file that cannot be read is not to cost the time of a run.
    let before = options.compare.as_deref().map(Record::read).transpose()?;
    let selection = Selection::new(&options.groups, options.full)?;
    let plan = options.plan();
    let about = About {
        date: machine::date(),
        machine: machine::description(),
        method: plan.to_string(),
        versions: versions::versions(workspace)?,
    };
    println!("{}\n{}\n", about.machine, about.method);
    let mut record = Record {
        about,
        ..Record::default()
    };
    measure(workspace, plan, &selection, &mut record)?;

    let mut judgements = judgement::judge(&record);
    judgements.retain(|judgement| selection.includes(judgement.case));
    let comparison = before.map(|before| compare::compare(&before, &record));
    print(&record, &judgements, comparison.as_ref());
    let page = report::write(
        workspace,
        "report.html",
        &record,
        &judgements,
        comparison.as_ref(),
    )?;
    println!("report: {}", page.display());
    if let Some(path) = &options.json {
        record.write(path)?;
    }
    let unmeasured = selection.unmeasured(&record);
    if !unmeasured.is_empty() {
        bail!("nothing was measured for: {}", unmeasured.join(", "));
    }
    if options.record {
        document::keep(&record)?;
    }
    let is_slower = comparison.is_some_and(|comparison| !comparison.slower.is_empty());
    Ok(ExitCode::from(u8::from(is_slower)))
}

fn measure(
    workspace: &Workspace,
    plan: &Plan,
    selection: &Selection,
    record: &mut Record,
) -> Result<()> {
    if selection.wants_relay() {
        relays::run(workspace, plan, selection, record)?;
    }
    http::run(workspace, plan, selection, record)?;
    let Some(filter) = selection.criterion_filter() else {
        return Ok(());
    };
    let building = ProgressBar::new_spinner();
    let missing = &mut record.missing;
    let programs = executables::build(workspace, plan, &filter, missing, &building)?;
    building.finish_and_clear();
    rounds::run(workspace, plan, &programs, &filter, record)?;
    let counted = callgrind::run(workspace, &programs, selection)?;
    record.missing.extend(counted.missing);
    let stepped = if plan.steps {
        stepping::run(workspace, &programs, selection)?
    } else {
        Vec::new()
    };
    for count in counted.counts.into_iter().chain(stepped) {
        counts::add(&mut record.counts, count);
    }
    Ok(())
}

fn print(record: &Record, judgements: &[Judgement], comparison: Option<&Comparison>) {
    println!("{}", table::render(record));
    println!(
        "noisy: the middle half of the rounds' ratios spreads over more than {:.0} %\n",
        standing::NOISY * 100.0
    );
    if let Some(targets) = table::targets(judgements) {
        println!("{targets}");
    }
    if let Some(projection) = projection::project(record) {
        println!("{}\n", table::projection(&projection));
    }
    let without = judgement::cases_without_rows(judgements, record);
    if !without.is_empty() {
        println!("cases with a target and no row: {}", without.join(", "));
    }
    if let Some(verdict) = table::verdict(&record.rows) {
        println!("{verdict}");
    }
    for missing in &record.missing {
        println!("missing: {missing}");
    }
    if let Some(comparison) = comparison {
        println!("\n{comparison}");
    }
}
