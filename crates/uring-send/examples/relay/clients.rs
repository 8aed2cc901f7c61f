//! The self-test's publishers and subscribers: plain blocking sockets of the standard library, no code of this workspace.

use std::io::{self, BufWriter, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use sha2::{Digest, Sha256};

use crate::pattern::Pattern;

/// How far publishers run ahead of the slowest reading subscriber. Less than the relay's bound, so that a reader which is
/// only slow is never dropped.
pub(crate) struct Pace {
    pub(crate) ahead_bytes: u64,
    pub(crate) published: AtomicU64,
    /// What each reading subscriber has taken.
    pub(crate) taken: Vec<AtomicU64>,
}

impl Pace {
    pub(crate) fn new(readers: usize, ahead_bytes: u64) -> Self {
        let taken = (0..readers).map(|_| AtomicU64::new(0)).collect();
        Self {
            ahead_bytes,
            published: AtomicU64::new(0),
            taken,
        }
    }

    // Relaxed, here and below: the counts only slow the publishers down; nothing is read because of them.
    fn wait(&self) {
        let slowest = || {
            self.taken
                .iter()
                .map(|taken| taken.load(Relaxed))
                .min()
                .unwrap_or(u64::MAX)
        };
        while self.published.load(Relaxed).saturating_sub(slowest()) > self.ahead_bytes {
            thread::yield_now();
        }
    }
}

/// Sends one publisher's messages. Calls `on_message` after each.
pub(crate) fn publish(
    address: SocketAddr,
    publisher: u8,
    pattern: &Pattern,
    pace: &Pace,
    on_message: impl Fn(),
) -> io::Result<()> {
    let mut stream = BufWriter::with_capacity(64 * 1024, TcpStream::connect(address)?);
    let mut since_look = 0;
    for number in 0..pattern.messages() {
        let mut written = Ok(());
        pattern.message(publisher, number, |piece| {
            if written.is_ok() {
                written = stream.write_all(piece);
            }
        });
        written?;
        let bytes = 4 + pattern.payload_bytes(number) as u64;
        pace.published.fetch_add(bytes, Relaxed);
        since_look += bytes;
        if since_look > pace.ahead_bytes / 16 {
            stream.flush()?;
            pace.wait();
            since_look = 0;
        }
        on_message();
    }
    stream.flush()
}

/// What one connection of a subscriber received, by publisher.
#[derive(Default)]
pub(crate) struct Received {
    streams: Vec<(Sha256, usize)>,
    pub(crate) messages: usize,
    pub(crate) bytes: u64,
    /// Whether the connection ended inside a message.
    pub(crate) cut: bool,
}

impl Received {
    fn stream(&mut self, publisher: u8) -> &mut (Sha256, usize) {
        let at = usize::from(publisher);
        if self.streams.len() <= at {
            self.streams.resize_with(at + 1, Default::default);
        }
        &mut self.streams[at]
    }

    fn add(&mut self, publisher: u8, pieces: [&[u8]; 2]) {
        let (hash, bytes) = self.stream(publisher);
        for piece in pieces {
            hash.update(piece);
            *bytes += piece.len();
        }
    }

    /// By publisher: how many bytes of its stream, and their digest.
    pub(crate) fn digests(self) -> Vec<(usize, [u8; 32])> {
        self.streams
            .into_iter()
            .map(|(hash, bytes)| (bytes, hash.finalize().into()))
            .collect()
    }
}

/// Reads messages until the end of the stream, an error, or until `enough` says so in the middle of a message.
pub(crate) fn subscribe(
    stream: &TcpStream,
    mut enough: impl FnMut(&Received) -> bool,
    taken: Option<&AtomicU64>,
) -> Received {
    let mut reader = io::BufReader::with_capacity(64 * 1024, stream);
    let mut received = Received::default();
    let mut payload = Vec::new();
    loop {
        let mut prefix = [0; 4];
        match reader.read_exact(&mut prefix[..1]) {
            Ok(()) => {}
            Err(_) => return received,
        }
        received.cut = true;
        if reader.read_exact(&mut prefix[1..]).is_err() {
            return received;
        }
        let bytes = u32::from_be_bytes(prefix) as usize;
        let leave = enough(&received);
        payload.resize(if leave { bytes / 2 } else { bytes }, 0);
        if reader.read_exact(&mut payload).is_err() {
            return received;
        }
        if let Some(publisher) = payload.first().copied() {
            received.add(publisher, [&prefix, &payload]);
        }
        received.bytes += (prefix.len() + payload.len()) as u64;
        if let Some(taken) = taken {
            taken.store(received.bytes, Relaxed);
        }
        if leave {
            return received;
        }
        received.cut = false;
        received.messages += 1;
    }
}
