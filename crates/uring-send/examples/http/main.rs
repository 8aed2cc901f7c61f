//! An HTTP/1.1 server on io_uring: static files, whole or in ranges, each range a slice of one view; answers that are made up go out from a pool.
//!
//! `cargo run --release --example http -- --root .` serves a folder; with `--self-test` it drives itself and ends. `/status` is made anew for each request.

mod connection;
mod files;
mod request;
mod response;
mod self_test;
mod server;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use server::Server;

/// Serves the files below a folder.
#[derive(Debug, Clone, Parser)]
#[command(name = "http")]
pub(crate) struct Options {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// The folder
    #[arg(long, default_value = ".")]
    pub(crate) root: PathBuf,
    /// Connections at a time
    #[arg(long, default_value_t = 1024)]
    pub(crate) connections: usize,
    /// Serve a folder of its own to clients of its own, compare every byte, and end
    #[arg(long)]
    pub(crate) self_test: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Err(error) = uring_send::new_ring(8)
        && error.is_unavailable()
    {
        eprintln!("http: skipped: {error}");
        return ExitCode::SUCCESS;
    }
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("http: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    if options.self_test {
        return self_test::run(options);
    }
    let listener = TcpListener::bind(options.listen).context("listen")?;
    eprintln!(
        "http: {} on http://{}",
        options.root.display(),
        options.listen
    );
    Server::new(options, listener)?.run()?;
    Ok(())
}
