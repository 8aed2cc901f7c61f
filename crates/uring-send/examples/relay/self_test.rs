//! The self-test: the relay under friendly and hostile clients, then once more with free slots made inaccessible.

use anyhow::{Result, bail, ensure};
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};

use crate::framing::SMALL_BYTES;
use crate::options::Options;
use crate::pattern::Pattern;
use crate::round::{self, Cast, Outcome};

/// Messages per publisher of the run with protected slots: two system calls a slot make it slow.
const PROTECTED_MESSAGES: usize = 400;

pub(crate) fn run(options: &Options) -> Result<()> {
    check(options)?;
    let cast = Cast {
        publishers: options.publishers,
        readers: options.subscribers,
        trouble: true,
    };
    let plain = measured("relaying", options, cast, options.messages)?;
    let protected = Options {
        protect: true,
        ..options.clone()
    };
    let messages = options.messages.min(PROTECTED_MESSAGES);
    let guarded = measured("with free slots inaccessible", &protected, cast, messages)?;
    print(&[("plain", &plain), ("free slots inaccessible", &guarded)]);
    verdict(&plain, options)?;
    verdict(&guarded, options)?;
    println!("relay self-test: every digest equal, no slot lost, no allocation per message");
    Ok(())
}

fn check(options: &Options) -> Result<()> {
    let most = options.most_message_bytes;
    if let Some(bytes) = options
        .message_bytes
        .iter()
        .find(|bytes| !(1..=most).contains(*bytes))
    {
        bail!("--message-bytes: 1 to {most} (--most-message-bytes), got {bytes}");
    }
    ensure!(options.publishers > 0, "--publishers: at least 1, got 0");
    ensure!(options.messages > 0, "--messages: at least 1, got 0");
    Ok(())
}

/// Runs once, with a progress bar.
pub(crate) fn measured(
    what: &str,
    options: &Options,
    cast: Cast,
    messages: usize,
) -> Result<Outcome> {
    let pattern = Pattern::new(&options.message_bytes, messages);
    let bar = ProgressBar::new(messages as u64 * u64::from(cast.publishers));
    let style = "{msg} {wide_bar} {pos}/{len} messages, {eta} left";
    bar.set_style(ProgressStyle::with_template(style)?);
    bar.set_message(what.to_owned());
    let outcome = round::run(options, cast, &pattern, &bar);
    bar.finish_and_clear();
    outcome
}

fn verdict(outcome: &Outcome, options: &Options) -> Result<()> {
    let expected = outcome.messages_expected;
    ensure!(
        outcome.messages == expected,
        "messages: {} of {expected}",
        outcome.messages
    );
    ensure!(
        outcome.pool.in_use == 0,
        "slots in use at the end: {}",
        outcome.pool
    );
    let report = &outcome.report;
    let allocations = report.receiver.steady_allocations + report.sender.steady_allocations;
    ensure!(
        allocations == 0,
        "heap allocations in steady state: {allocations}"
    );
    ensure!(
        report.sender.stats.operations.in_flight == 0,
        "sends in flight at the end"
    );
    let copied = report.sender.stats.bytes_copied;
    let only_large = options
        .message_bytes
        .iter()
        .all(|bytes| *bytes >= SMALL_BYTES);
    ensure!(!only_large || copied == 0, "payload bytes copied: {copied}");
    ensure!(
        outcome.pool.fallbacks == 0,
        "frames that fell back to the heap: {}",
        outcome.pool
    );
    Ok(())
}

fn print(outcomes: &[(&str, &Outcome)]) {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_BORDERS_ONLY);
    table.set_header(
        [""].into_iter()
            .chain(outcomes.iter().map(|(name, _)| *name)),
    );
    for (label, value) in ROWS {
        let cells = outcomes.iter().map(|(_, outcome)| value(outcome));
        table.add_row([(*label).to_owned()].into_iter().chain(cells));
    }
    println!("{table}");
}

type Row = (&'static str, fn(&Outcome) -> String);

const ROWS: &[Row] = &[
    ("messages", |o| o.messages.to_string()),
    ("bytes received by the relay", |o| {
        o.report.receiver.stats.bytes.to_string()
    }),
    ("bytes received by subscribers", |o| {
        o.delivered_bytes.to_string()
    }),
    ("connections compared by SHA-256", |o| {
        o.connections_compared.to_string()
    }),
    ("subscribers dropped for being behind", |o| {
        o.dropped_behind.to_string()
    }),
    ("payload bytes copied in user space", |o| {
        o.report.sender.stats.bytes_copied.to_string()
    }),
    ("allocations in steady state, receiver", |o| {
        o.report.receiver.steady_allocations.to_string()
    }),
    ("allocations in steady state, sender", |o| {
        o.report.sender.steady_allocations.to_string()
    }),
    ("slots in use at the end", |o| o.pool.in_use.to_string()),
    ("slots received into", |o| {
        o.report.receiver.stats.received.to_string()
    }),
    ("parts sent", |o| o.report.sender.stats.messages.to_string()),
    ("  copied behind the one before", |o| {
        o.report.sender.stats.joined.to_string()
    }),
    ("sends with a kernel copy", |o| {
        o.report.sender.stats.operations.copied_sends.to_string()
    }),
    ("sends zero-copy", |o| {
        o.report.sender.stats.operations.zero_copy_sends.to_string()
    }),
    ("  of those, copied by the kernel after all", |o| {
        o.report.sender.stats.operations.kernel_copied.to_string()
    }),
    ("sends that carried the rest of a short one", |o| {
        o.report.sender.stats.operations.resubmissions.to_string()
    }),
    ("relay CPU, us per message", |o| {
        format!("{:.2}", o.cpu_per_message().as_secs_f64() * 1e6)
    }),
    ("time, s", |o| format!("{:.2}", o.elapsed.as_secs_f64())),
];
