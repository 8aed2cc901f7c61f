//! A key-value responder on two cores. The data core owns the pages and writes the values; the control core reads them where they lie and answers plain
//! TCP clients. A value crosses as a handle, however many clients ask for it, and its page comes home when a newer one took its place and the last
//! answer is out.
//!
//! `cargo run --release --example kv_responder -- --self-test` serves its own clients, compares every byte, and fails if a page is not home in the end.

mod clients;
mod connection;
mod control_core;
mod data_core;
mod value;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use control_core::ControlCore;
use data_core::DataCore;
use hdrhistogram::Histogram;
use percore_slab::{Bridge, EventFd, RemotePage, pin_to_core};
use std::net::TcpListener;
use std::thread;
use std::time::Instant;

/// Serves so many requests of its own clients on loopback, and says how it went.
#[derive(Debug, Clone, Parser)]
struct Options {
    /// A short run that CI can wait for.
    #[arg(long)]
    self_test: bool,
    /// Clients, each a thread with one connection.
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// Requests of each client, one after another.
    #[arg(long, default_value_t = 50_000)]
    requests: u64,
    /// Keys that are asked for.
    #[arg(long, default_value_t = 64)]
    keys: usize,
    /// Pages of 4 KiB: one for each key, and some for the values that are on their way out.
    #[arg(long, default_value_t = 128)]
    pages: usize,
}

/// From the control core to the data core.
struct Request {
    connection: usize,
    key: u64,
}

/// From the data core to the control core.
struct Reply {
    connection: usize,
    value: RemotePage,
}

/// Requests, or replies, that may be on their way at once.
const BRIDGE: usize = 256;

fn main() -> Result<()> {
    let mut options = Options::parse();
    if options.self_test {
        options.requests = 2_000;
    }
    ensure!(options.keys > 0, "keys: must be at least 1, got 0");
    run(&options)
}

fn run(options: &Options) -> Result<()> {
    let (to_data, mut from_control) = Bridge::new(BRIDGE)?;
    let (to_control, mut from_data) = Bridge::new(BRIDGE)?;
    let (data_event, control_event) = (EventFd::new()?, EventFd::new()?);
    from_control.set_waker(&data_event.waker());
    from_data.set_waker(&control_event.waker());

    let listener = TcpListener::bind("127.0.0.1:0").context("no port on loopback")?;
    let address = listener.local_addr()?;
    let for_data = options.clone();
    let data = thread::spawn(move || {
        pin(0);
        DataCore::new(&for_data, data_event)?.serve(from_control, to_control)
    });
    let expected = options.requests * options.clients as u64;
    let control = thread::spawn(move || {
        pin(1);
        ControlCore::new(listener, control_event, to_data, from_data)?.serve(expected)
    });
    let began = Instant::now();
    let latencies = clients::ask(address, options)?;
    let seconds = began.elapsed().as_secs_f64();
    let control = joined(control).context("the control core")?;
    let data = joined(data).context("the data core")?;

    println!("{options:?}");
    println!("control core: {control}");
    println!("data core: {data}");
    let rate = latencies.len() as f64 / seconds;
    println!(
        "{} answers in {seconds:.2} s, {rate:.0} per second",
        latencies.len()
    );
    print_latencies(&latencies);
    println!("pages out {}, lost {}", data.pages_out, data.pages_lost);
    ensure!(
        latencies.len() == expected,
        "{} answers of {expected}",
        latencies.len()
    );
    ensure!(
        data.pages_out == 0 && data.pages_lost == 0,
        "not every page is home"
    );
    Ok(())
}

/// Where a core cannot be had, the threads share what there is.
fn pin(core: usize) {
    if let Err(error) = pin_to_core(core) {
        eprintln!("kv_responder: not pinned: {error}");
    }
}

fn joined<T>(thread: thread::JoinHandle<Result<T>>) -> Result<T> {
    thread.join().ok().context("panicked")?
}

fn print_latencies(latencies: &Histogram<u64>) {
    println!("latency as a client sees it, in microseconds:");
    for percent in [50.0, 90.0, 99.0, 99.9, 100.0] {
        let nanos = latencies.value_at_quantile(percent / 100.0);
        println!("  {percent:5.1} %  {:10.1}", nanos as f64 / 1000.0);
    }
}
