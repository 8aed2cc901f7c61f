//! A TCP fan-out on io_uring in which no payload byte is copied in user space and nothing is allocated per message.
//!
//! `cargo run --release --example relay -- --self-test` drives it with its own clients and compares every byte.

mod clients;
mod fanout;
mod framing;
mod options;
mod pattern;
mod receiver;
mod relay;
mod round;
mod self_test;
mod sender;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use options::Options;

/// What test drivers take for "skipped": this machine has no io_uring.
const SKIPPED: u8 = 77;

fn main() -> ExitCode {
    let options = Options::parse();
    if let Err(error) = uring_send::new_ring(8)
        && error.is_unavailable()
    {
        eprintln!("relay: {error}");
        return ExitCode::from(SKIPPED);
    }
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("relay: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    options.check()?;
    if options.self_test {
        self_test::run(options)?;
    }
    if let Some(file) = &options.json {
        fanout::run(options, file)?;
    }
    if options.self_test || options.json.is_some() {
        return Ok(());
    }
    let pool = round::build_pool(options)?;
    let relay = relay::Relay::start(options, &pool)?;
    eprintln!(
        "relay: publishers to {}, subscribers to {}",
        relay.publish, relay.subscribe
    );
    relay.wait()
}
