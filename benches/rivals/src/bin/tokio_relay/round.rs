//! One run of the relay under its clients, and what must be true at its end.

use std::net::TcpStream;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use crate::clients::{Pace, Received, publish, subscribe};
use crate::pattern::Pattern;
use crate::relay::{BEHIND_BYTES, Relay};

const READERS: usize = 64;
/// Nothing here takes longer on a loaded machine; it only ends a run that hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the relay once and compares all digests; gives the CPU time of the relay's thread.
pub(crate) fn run(pattern: &Pattern) -> Result<Duration> {
    let relay = Relay::start()?;
    let pace = Pace::new(READERS, BEHIND_BYTES / 4);
    let (received, cpu) = thread::scope(|scope| {
        let mut readers = Vec::new();
        for taken in &pace.taken {
            let stream = TcpStream::connect(relay.subscribe)?;
            readers.push(scope.spawn(move || read_all(&stream, taken)));
        }
        let progress = relay.progress.clone();
        await_count("subscribers", &progress.subscribers, READERS as u64)?;
        publish(relay.publish, 0, pattern, &pace, || ()).context("publish")?;
        await_count("publishers that ended", &progress.publishers_gone, 1)?;
        // Relaxed: a count on its own.
        let messages = progress.messages.load(Relaxed);
        ensure!(
            messages == pattern.messages() as u64,
            "messages: {messages} of {}",
            pattern.messages()
        );
        let cpu = relay.stop()?;
        let received = readers.into_iter().map(|reader| {
            let ended = reader.join();
            ended.map_err(|_| anyhow!("a subscriber panicked"))
        });
        Ok((received.collect::<Result<Vec<_>>>()?, cpu))
    })?;
    let whole = pattern.stream_bytes();
    let expected = pattern.digest(0, 0, whole).map(|digest| (whole, digest));
    for (reader, received) in received.into_iter().enumerate() {
        let digests = received.digests();
        ensure!(
            digests.len() == 1 && digests.first().copied() == expected,
            "subscriber {reader}: what it received is not what was published"
        );
    }
    Ok(cpu)
}

fn read_all(stream: &TcpStream, taken: &AtomicU64) -> Received {
    let received = subscribe(stream, |_| false, Some(taken));
    // Relaxed: as in `Pace`. One that ended early must not hold up the others.
    taken.store(u64::MAX, Relaxed);
    received
}

fn await_count(what: &str, count: &AtomicU64, target: u64) -> Result<()> {
    let began = Instant::now();
    // Relaxed, both: counts on their own.
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
