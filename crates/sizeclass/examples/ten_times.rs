//! Forty threads that together want ten times the budget: they take turns, and the process never has more memory than was said:
//! `cargo run --release -p sizeclass --example ten_times`.

use std::error::Error;
use std::fs;
use std::thread;
use std::time::Duration;

use pool_core::Budget;
use sizeclass::{BufferPool, Classes};

const MIB: usize = 1024 * 1024;
const BUDGET: usize = 32 * MIB;
const THREADS: usize = 40;
const ROUNDS: usize = 6;
const CLASSES: Classes = Classes::new([64 * 1024, MIB, 8 * MIB]);
/// What the process may have beside the budget's bytes, and what it had before.
const BESIDE: usize = 10 * MIB;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let budget = Budget::builder().name("load").limit_bytes(BUDGET).build();
    let pool = BufferPool::builder()
        .classes(CLASSES)
        .capacity_per_class(THREADS)
        .budget(&budget)
        .build()?;
    let before = resident_bytes()?;
    let most = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|number| {
                let pool = &pool;
                scope.spawn(move || work(pool, number))
            })
            .collect();
        let most = workers
            .into_iter()
            .map(|worker| worker.join().expect("no panic"));
        most.max().unwrap_or(0)
    });

    let report = budget.snapshot();
    println!("{}\n\n{report}", pool.stats());
    println!(
        "{} MiB wanted at a time, {} MiB allowed, {} MiB the most; the process had {} MiB more than before",
        THREADS * 8,
        BUDGET / MIB,
        report.total().peak / MIB,
        most.saturating_sub(before) / MIB
    );
    assert!(report.total().peak <= BUDGET && report.total().overdrafts == 0);
    assert!(
        most <= before + BUDGET + BESIDE,
        "{most} bytes, {before} before"
    );
    pool.trim(0);
    assert_eq!(budget.used(), 0);
    Ok(())
}

/// Mostly the largest buffers, each written and read whole; tells how much memory the process had at most.
fn work(pool: &BufferPool, number: usize) -> usize {
    let mut most = 0;
    for round in 0..ROUNDS {
        let bytes = [8 * MIB, 8 * MIB - number, 60_000, MIB][(number + round) % 4];
        let mut buffer = pool.acquire_timeout(bytes, Duration::MAX).expect("in turn");
        buffer.fill(number as u8);
        most = most.max(resident_bytes().expect("Linux tells"));
        assert!(buffer.iter().all(|byte| usize::from(*byte) == number));
    }
    most
}

fn resident_bytes() -> Result<usize, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = text.lines().find(|line| line.starts_with("Rss:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kib.ok_or("no Rss")?.parse::<usize>()? * 1024)
}
