//! No alloc is refused while a slot is free, in the program whose fast paths were looked at.

use std::sync::Barrier;
use std::thread;

use anyhow::{Context, Result, ensure};
use pool_core::Pool;

const THREADS: usize = 4;
const ALLOCS: usize = 1_000_000;

/// Four threads take one of 64 slots at a time; then one finds every slot that another freed and has in its cache.
pub(crate) fn check() -> Result<()> {
    let pool = Pool::builder().slots(64).slot_bytes(64).build()?;
    let start = Barrier::new(THREADS);
    let refused: usize = thread::scope(|scope| {
        let holders: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    (0..ALLOCS).filter(|_| pool.alloc().is_none()).count()
                })
            })
            .collect();
        let counts = holders.into_iter().map(|holder| holder.join());
        counts
            .sum::<Result<_, _>>()
            .ok()
            .context("a holder panicked")
    })?;
    println!(
        "{} allocs by {THREADS} threads, one of 64 slots each: {refused} refused",
        THREADS * ALLOCS
    );
    ensure!(refused == 0, "an alloc was refused while slots were free");
    found_in_a_sleepers_cache(&pool)
}

fn found_in_a_sleepers_cache(pool: &Pool) -> Result<()> {
    let (freed, done) = (Barrier::new(2), Barrier::new(2));
    let found = thread::scope(|scope| {
        scope.spawn(|| {
            drop((0..64).map(|_| pool.alloc()).collect::<Vec<_>>());
            freed.wait();
            done.wait();
        });
        freed.wait();
        let found: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
        done.wait();
        found.len()
    });
    println!("{found} of 64 slots found that a thread freed that does not run");
    ensure!(found == 64, "slots are stranded");
    Ok(())
}
