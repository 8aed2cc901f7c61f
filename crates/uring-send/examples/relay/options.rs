//! What can be set on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;

/// A TCP fan-out: every message that a publisher sends goes to every subscriber.
///
/// Messages are a big-endian 32-bit length and that many bytes. Subscribers begin with the next whole message. Without
/// --self-test or --json it runs until it is interrupted.
#[derive(Debug, Clone, Parser)]
#[command(name = "relay")]
pub(crate) struct Options {
    /// Address for publishers
    #[arg(long, default_value = "127.0.0.1:7001")]
    pub(crate) publish: SocketAddr,
    /// Address for subscribers
    #[arg(long, default_value = "127.0.0.1:7002")]
    pub(crate) subscribe: SocketAddr,
    /// Slots of the receive pool
    #[arg(long, default_value_t = 4096)]
    pub(crate) slots: usize,
    /// Bytes of a slot
    #[arg(long, default_value_t = 16 * 1024)]
    pub(crate) slot_bytes: usize,
    /// Publishers at a time
    #[arg(long, default_value_t = 64)]
    pub(crate) most_publishers: usize,
    /// Subscribers at a time
    #[arg(long, default_value_t = 128)]
    pub(crate) most_subscribers: usize,
    /// A longer message ends its publisher
    #[arg(long, default_value_t = 1024 * 1024)]
    pub(crate) most_message_bytes: usize,
    /// A message that arrives in more pieces ends its publisher: each keeps a slot
    #[arg(long, default_value_t = 1024)]
    pub(crate) most_pieces: usize,
    /// A subscriber that is more bytes behind is dropped
    #[arg(long, default_value_t = 4 * 1024 * 1024)]
    pub(crate) behind_bytes: usize,
    /// A subscriber that is more parts behind is dropped: each keeps a slot, so at most a quarter of them
    #[arg(long, default_value_t = 1024)]
    pub(crate) behind_parts: usize,
    /// Ask for zero-copy sends from so many bytes on
    #[arg(long, default_value_t = 32 * 1024)]
    pub(crate) zero_copy_from: usize,
    /// Make free slots inaccessible until they are handed out again
    #[arg(long)]
    pub(crate) protect: bool,

    /// Drive the relay with own clients, compare all digests, print a table, and end
    #[arg(long)]
    pub(crate) self_test: bool,
    /// Self-test: publishers
    #[arg(long, default_value_t = 2)]
    pub(crate) publishers: u8,
    /// Self-test: subscribers that read everything; one that stalls and one that leaves and comes back are added
    #[arg(long, default_value_t = 8)]
    pub(crate) subscribers: usize,
    /// Self-test: messages per publisher
    #[arg(long, default_value_t = 2000)]
    pub(crate) messages: usize,
    /// Self-test: payload sizes, taken in turn
    #[arg(long, value_delimiter = ',', default_value = "1,200,1500,65536")]
    pub(crate) message_bytes: Vec<usize>,
    /// Measure the benchmark cases and write a row for each to this file
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
    /// How often each benchmark case is measured; the median counts
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
}

impl Options {
    /// Refuses bounds with which one subscriber that does not read could keep every slot, and nobody would be dropped for it.
    pub(crate) fn check(&self) -> Result<()> {
        let (parts, most) = (self.behind_parts, self.slots / 4);
        ensure!(
            parts <= most,
            "--behind-parts: at most {most} (a quarter of --slots), got {parts}"
        );
        Ok(())
    }
}
