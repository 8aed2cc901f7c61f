//! Threads that want more than there is, by every form that obeys the budget. A program of its own, because it looks at the memory of the whole process.
#![cfg(all(feature = "os", feature = "std", target_os = "linux", not(miri)))]

mod executor;

use std::sync::Barrier;
use std::time::Duration;

use pool_core::{Budget, Tenant};
use sizeclass::{BufferPool, PooledBuffer, TenantPool};

const MIB: usize = 1024 * 1024;
const BUDGET: usize = 24 * MIB;
const CEILING: usize = 8 * MIB;
const FLOOR: usize = 2 * MIB;
/// What the process may have beside the budget's bytes, and what it had before.
const BESIDE: usize = 10 * MIB;
/// Together they want some 70 MiB at a time.
const THREADS: usize = 32;
const ROUNDS: usize = 40;

fn resident_bytes() -> usize {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").expect("Linux has it");
    let line = text.lines().find(|line| line.starts_with("Rss:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    let kib: Option<usize> = kib.and_then(|kib| kib.parse().ok());
    kib.expect("a number") * 1024
}

/// A pool, or a tenant's part of it.
enum Source<'a> {
    Pool(&'a BufferPool),
    Tenant(TenantPool),
}

impl Source<'_> {
    fn try_acquire(&self, min: usize) -> Option<PooledBuffer> {
        match self {
            Self::Pool(pool) => pool.try_acquire(min).ok(),
            Self::Tenant(pool) => pool.try_acquire(min).ok(),
        }
    }

    /// By blocking and by a future, in turn. The caller holds nothing that another could wait for.
    fn wait_for(&self, min: usize, round: usize) -> PooledBuffer {
        let buffer = match (self, round % 2) {
            (Self::Pool(pool), 0) => pool.acquire_timeout(min, Duration::MAX),
            (Self::Pool(pool), _) => executor::block_on(pool.acquire_async(min)),
            (Self::Tenant(pool), 0) => pool.acquire_timeout(min, Duration::MAX),
            (Self::Tenant(pool), _) => executor::block_on(pool.acquire_async(min)),
        };
        buffer.expect("in turn")
    }
}

/// Holds what it can get beside the one buffer that it waits for, each written whole; tells how much memory the process had at most.
fn work(source: &Source<'_>, number: usize) -> usize {
    let sizes = [1, 3000, 70_000, MIB, 300_000, 9000, 600_000, 20_000];
    let mut most = 0;
    for round in 0..ROUNDS {
        let size = |nth: usize| sizes[(number + round + nth) % sizes.len()];
        let waited = source.wait_for(size(0), round);
        let more = (1..6).filter_map(|nth| source.try_acquire(size(nth)));
        let mut held: Vec<_> = more.chain([waited]).collect();
        for buffer in &mut held {
            buffer.fill(number as u8);
        }
        if round % 4 == 0 {
            most = most.max(resident_bytes());
        }
        let is_mine = |byte: &u8| usize::from(*byte) == number;
        let is_ours = |buffer: &PooledBuffer| buffer.iter().step_by(509).all(is_mine);
        assert!(held.iter().all(is_ours));
    }
    most
}

#[test]
fn l_class_7_no_form_that_obeys_exceeds_the_budget() {
    let budget = Budget::new(BUDGET);
    let tenant = budget.child().tenant(Tenant::new(1)).floor_bytes(FLOOR);
    let tenant = tenant.ceiling_bytes(CEILING).build().expect("within it");
    let pool = BufferPool::builder().capacity_per_class(64).budget(&budget);
    let pool = pool.build().expect("address space");
    let before = resident_bytes();
    let all_there = Barrier::new(THREADS);
    let most = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|number| {
                let source = match number % 4 {
                    0 => Source::Tenant(pool.tenant(Tenant::new(1)).expect("it has a budget")),
                    _ => Source::Pool(&pool),
                };
                let all_there = &all_there;
                scope.spawn(move || {
                    all_there.wait();
                    work(&source, number)
                })
            })
            .collect();
        let most = workers.into_iter().map(|it| it.join().expect("no panic"));
        most.max().unwrap_or_default()
    });
    let report = budget.snapshot();
    println!("{}\n\n{report}", pool.stats());
    println!(
        "{BUDGET} B allowed, {} B the most; the process had {} B more than before",
        report.total().peak,
        most.saturating_sub(before)
    );
    assert!(report.total().peak <= BUDGET, "{report}");
    let (waited, refused) = (report.total().waited, report.total().refused);
    assert!(waited > 0 && refused > 0, "too small a load");
    assert_eq!(report.total().overdrafts, 0);
    assert!(tenant.snapshot().total().peak <= CEILING);
    assert!(
        most <= before + BUDGET + BESIDE,
        "{most} B, {before} before"
    );
    pool.trim(0);
    assert_eq!((budget.used(), tenant.used()), (0, 0));
}
