//! How cost grows: with threads, beyond the cores too.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Case, in_bulk, use_and_drop};
use crate::work::pool::{SLOTS, Shared, SlotPool, check, pool};

/// `THREADS` threads take slots of one pool and give them back; the system decides where they run. Per pair, were one thread to do all of
/// them: with twice the threads on as many cores it does not fall.
pub fn threads<P: SlotPool, const THREADS: u64>(case: &mut Case<'_>) {
    let set_up = || pool::<P>(SLOTS);
    case.time(P::NAME, check::<P>, set_up, |bencher, pool| {
        in_bulk(bencher, |times| {
            let pairs = times.div_ceil(THREADS);
            let share = times as f64 / (pairs * THREADS) as f64;
            all_together::<P, THREADS>(pool, pairs).mul_f64(share)
        });
    });
}

/// From when the first begins to when the last is done.
fn all_together<P: SlotPool, const THREADS: u64>(pool: &Shared<P>, pairs: u64) -> Duration {
    let barrier = Arc::new(Barrier::new(THREADS as usize));
    let workers: Vec<_> = (0..THREADS)
        .map(|_| {
            let (pool, barrier) = (pool.clone(), barrier.clone());
            thread::spawn(move || {
                let pool: &P = &pool;
                barrier.wait();
                let start = Instant::now();
                for _ in 0..pairs {
                    use_and_drop(pool.take());
                }
                (start, Instant::now())
            })
        })
        .collect();
    let times = workers
        .into_iter()
        .map(|worker| worker.join().expect("the subject passed its check"));
    let (start, end) = times
        .reduce(|(start, end), other| (start.min(other.0), end.max(other.1)))
        .expect("at least one thread");
    end - start
}
