//! One run of the relay under the self-test's clients, and what must be true at its end.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use indicatif::ProgressBar;
use pool_core::{Pool, PoolStats, RegionSource};

use crate::clients::{Pace, Received, publish, subscribe};
use crate::options::Options;
use crate::pattern::{Digest, Pattern};
use crate::relay::{Progress, Relay, Report};

/// Nothing here takes longer on a loaded machine; it only ends a run that hangs.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a connection's two kernel buffers hold at most, generously.
const KERNEL_BYTES: usize = 16 * 1024 * 1024;

/// Who drives the relay.
#[derive(Clone, Copy)]
pub(crate) struct Cast {
    pub(crate) publishers: u8,
    pub(crate) readers: usize,
    /// Adds a subscriber that never reads, one that leaves in the middle of a message and comes back, and publishers that break
    /// every rule.
    pub(crate) trouble: bool,
}

/// What one run showed.
pub(crate) struct Outcome {
    pub(crate) report: Report,
    pub(crate) messages: u64,
    pub(crate) messages_expected: u64,
    pub(crate) delivered_bytes: u64,
    pub(crate) dropped_behind: u64,
    pub(crate) connections_compared: usize,
    pub(crate) elapsed: Duration,
    pub(crate) pool: PoolStats,
}

impl Outcome {
    /// Of both data threads.
    pub(crate) fn cpu_per_message(&self) -> Duration {
        let cpu = self.report.receiver.cpu + self.report.sender.cpu;
        cpu.div_f64(self.messages.max(1) as f64)
    }
}

/// Runs the relay once and compares all digests.
pub(crate) fn run(
    options: &Options,
    cast: Cast,
    pattern: &Pattern,
    bar: &ProgressBar,
) -> Result<Outcome> {
    let local = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = Options {
        publish: local,
        subscribe: local,
        ..options.clone()
    };
    let pool = build_pool(&options)?;
    let relay = Relay::start(&options, &pool)?;
    let began = Instant::now();
    let (sessions, report, progress) = drive(relay, &options, cast, pattern, bar)?;
    let elapsed = began.elapsed();
    let delivered_bytes = sessions.iter().map(|session| session.received.bytes).sum();
    let connections_compared = sessions.len();
    let whole: Vec<_> = (0..cast.publishers)
        .map(|publisher| pattern.digest(publisher, 0, pattern.stream_bytes()))
        .collect();
    for session in sessions {
        session.compare(&whole, pattern)?;
    }
    Ok(Outcome {
        report,
        messages: progress.messages.load(Relaxed),
        messages_expected: (pattern.messages() * usize::from(cast.publishers)) as u64,
        delivered_bytes,
        dropped_behind: progress.dropped_behind.load(Relaxed),
        connections_compared,
        elapsed,
        pool: pool.stats(),
    })
}

pub(crate) fn build_pool(options: &Options) -> Result<Pool> {
    Ok(Pool::builder()
        .slots(options.slots)
        .slot_bytes(options.slot_bytes)
        .region(RegionSource::Mmap)
        .protect_free_slots(options.protect)
        .build()?)
}

/// One subscriber's connection, and which part of the streams it must have received.
struct Session {
    name: String,
    part: StreamPart,
    received: Received,
}

#[derive(Clone, Copy, PartialEq)]
enum StreamPart {
    Whole,
    Beginning,
    End,
}

impl Session {
    /// `whole` holds the digest of each publisher's whole stream.
    fn compare(self, whole: &[Option<Digest>], pattern: &Pattern) -> Result<()> {
        let Self {
            name,
            part,
            received,
        } = self;
        ensure!(
            part == StreamPart::Beginning || !received.cut,
            "{name}: cut inside a message"
        );
        let mut digests = received.digests();
        digests.resize(
            whole.len(),
            (0, pattern.digest(0, 0, 0).unwrap_or_default()),
        );
        for ((publisher, whole), (bytes, digest)) in (0..).zip(whole).zip(digests) {
            let expected = match part {
                StreamPart::Whole => whole.filter(|_| bytes == pattern.stream_bytes()),
                StreamPart::Beginning => pattern.digest(publisher, 0, bytes),
                StreamPart::End => pattern
                    .last_messages_of(bytes)
                    .and_then(|from| pattern.digest(publisher, from, bytes)),
            };
            ensure!(
                expected == Some(digest),
                "{name}: publisher {publisher}: {bytes} bytes received, their SHA-256 is not that of what was published"
            );
        }
        Ok(())
    }
}

/// Lets the cast loose on the relay and waits until all is over.
fn drive(
    relay: Relay,
    options: &Options,
    cast: Cast,
    pattern: &Pattern,
    bar: &ProgressBar,
) -> Result<(Vec<Session>, Report, std::sync::Arc<Progress>)> {
    let pace = Pace::new(cast.readers + 1, options.behind_bytes as u64 / 4);
    let leaver_pace = &pace.taken[cast.readers];
    leaver_pace.store(u64::MAX, Relaxed);
    let over = AtomicBool::new(false);
    let progress = relay.progress.clone();
    thread::scope(|scope| {
        let mut sessions: Vec<ScopedJoinHandle<'_, Result<Vec<Session>>>> = Vec::new();
        for (reader, taken) in pace.taken[..cast.readers].iter().enumerate() {
            let stream = TcpStream::connect(relay.subscribe)?;
            sessions.push(scope.spawn(move || Ok(vec![read_all(reader, &stream, taken)])));
        }
        if cast.trouble {
            let stream = TcpStream::connect(relay.subscribe)?;
            sessions.push(scope.spawn({
                let over = &over;
                move || Ok(vec![stall(&stream, over)])
            }));
            let stream = TcpStream::connect(relay.subscribe)?;
            let (pace, address) = (&pace, relay.subscribe);
            sessions
                .push(scope.spawn(move || leave_and_return(stream, address, pace, leaver_pace)));
        }
        let subscribers = cast.readers as u64 + if cast.trouble { 2 } else { 0 };
        await_count("subscribers", &progress.subscribers, subscribers)?;
        let gone = u64::from(cast.publishers)
            + if cast.trouble {
                trouble(relay.publish)?
            } else {
                0
            };
        let publishers: Vec<_> = (0..cast.publishers)
            .map(|publisher| {
                let (address, pace) = (relay.publish, &pace);
                scope.spawn(move || publish(address, publisher, pattern, pace, || bar.inc(1)))
            })
            .collect();
        for publisher in publishers {
            publisher
                .join()
                .map_err(|_| anyhow!("a publisher panicked"))?
                .context("publish")?;
        }
        await_count("publishers that ended", &progress.publishers_gone, gone)?;
        over.store(true, Relaxed);
        let report = relay.stop()?;
        let mut all = Vec::new();
        for session in sessions {
            all.extend(
                session
                    .join()
                    .map_err(|_| anyhow!("a subscriber panicked"))??,
            );
        }
        if cast.trouble && pattern.stream_bytes() > options.behind_bytes + KERNEL_BYTES {
            let dropped = progress.dropped_behind.load(Relaxed);
            ensure!(
                dropped == 1,
                "dropped for being behind: {dropped} instead of the one that stalls"
            );
        }
        Ok((all, report, progress))
    })
}

fn read_all(reader: usize, stream: &TcpStream, taken: &AtomicU64) -> Session {
    let received = subscribe(stream, |_| false, Some(taken));
    // One that ended early must not hold up the others.
    taken.store(u64::MAX, Relaxed);
    Session {
        name: format!("subscriber {reader}"),
        part: StreamPart::Whole,
        received,
    }
}

/// Reads nothing while anything is published.
fn stall(stream: &TcpStream, over: &AtomicBool) -> Session {
    while !over.load(Relaxed) {
        thread::yield_now();
    }
    let received = subscribe(stream, |_| false, None);
    Session {
        name: "stalled subscriber".into(),
        part: StreamPart::Beginning,
        received,
    }
}

/// Leaves in the middle of a message and comes back.
fn leave_and_return(
    stream: TcpStream,
    address: SocketAddr,
    pace: &Pace,
    taken: &AtomicU64,
) -> Result<Vec<Session>> {
    let received = subscribe(&stream, |so_far| so_far.messages == 10, None);
    let name = "subscriber that leaves".into();
    let left = Session {
        name,
        part: StreamPart::Beginning,
        received,
    };
    drop(stream);
    let stream = TcpStream::connect(address)?;
    let joined_at = pace.published.load(Relaxed);
    let received = subscribe(
        &stream,
        |so_far| {
            taken.store(joined_at + so_far.bytes, Relaxed);
            false
        },
        None,
    );
    taken.store(u64::MAX, Relaxed);
    let name = "subscriber that came back".into();
    Ok(vec![
        left,
        Session {
            name,
            part: StreamPart::End,
            received,
        },
    ])
}

/// Publishers that announce 4 GiB, leave inside a prefix, or inside a payload. Gives how many there were.
fn trouble(address: SocketAddr) -> Result<u64> {
    let mut giant = TcpStream::connect(address)?;
    // What follows looks like messages, and must reach nobody. The relay may hang up before it has taken all.
    let mut bytes = vec![0xff; 4];
    bytes.extend([0, 0, 0, 1, 7].repeat(100_000));
    let _ = giant.write_all(&bytes);
    let mut rest = Vec::new();
    // The relay hangs up; whether as an end or as a reset is the kernel's choice.
    let hung_up = giant
        .read_to_end(&mut rest)
        .map_or(true, |bytes| bytes == 0);
    ensure!(hung_up, "the relay answered a publisher");
    TcpStream::connect(address)?.write_all(&[0, 0])?;
    TcpStream::connect(address)?.write_all(&[0, 0, 1, 0, 7, 7, 7])?;
    Ok(3)
}

fn await_count(what: &str, count: &AtomicU64, target: u64) -> Result<()> {
    let began = Instant::now();
    while count.load(Relaxed) < target {
        let have = count.load(Relaxed);
        ensure!(
            began.elapsed() < PATIENCE,
            "{what}: {have} of {target} after {PATIENCE:?}"
        );
        thread::yield_now();
    }
    Ok(())
}
