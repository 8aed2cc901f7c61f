//! A trace of mixed sizes and lifetimes, and what it costs for each byte that it asked for.
#![cfg(all(feature = "os", feature = "std", target_os = "linux"))]

use pool_core::Budget;
use sizeclass::{BufferPool, BufferPoolStats, PooledBuffer};

const KIB: usize = 1024;
const SMALLEST: usize = 4 * KIB;
const LARGEST_ASKED: usize = 4 * KIB * KIB;
const STEPS: usize = if cfg!(miri) { 20 } else { 5000 };
const KEPT: usize = 48;

/// Sizes that are log-normal around 8 KiB, as those of the benchmark's trace, the same in each run.
struct Sizes(u64);

impl Sizes {
    /// From xorshift, 64 bits (G. Marsaglia: "Xorshift RNGs", 2003).
    fn random(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    fn next(&mut self) -> usize {
        let unit = |bits: u64| bits as f64 / (1_u64 << 53) as f64;
        // Twelve uniform numbers are as good as normal, less six.
        let normal = (0..12).map(|_| unit(self.random())).sum::<f64>() - 6.0;
        ((8192.0 * (2.0 * normal).exp()) as usize).clamp(1, LARGEST_ASKED)
    }
}

/// Keeps some buffers, replaces one of them at each step, and gives those that it has at the end.
fn play(pool: &BufferPool, seed: u64) -> Vec<PooledBuffer> {
    let mut sizes = Sizes(seed);
    let mut kept = Vec::with_capacity(KEPT);
    for _ in 0..STEPS {
        let mut buffer = pool.acquire(sizes.next());
        let touched = buffer.len().min(64);
        buffer[..touched].fill(1);
        if kept.len() == KEPT {
            let place = sizes.random() as usize % KEPT;
            kept.swap_remove(place);
        }
        kept.push(buffer);
    }
    kept
}

/// What the documentation of [`BufferPoolStats::fragmentation`] says: classes that double waste at most as much again, and who asks for less than the smallest gets that.
fn assert_bounded(stats: &BufferPoolStats) {
    for class in stats.classes() {
        let sampled = class.brought_in + class.misses;
        let most = 2 * class.asked_bytes + SMALLEST as u64 * sampled;
        assert!(class.paid_bytes <= most, "{stats}");
    }
}

#[test]
fn what_mixed_sizes_cost_is_bounded_as_documented() {
    let budget = Budget::new(isize::MAX.unsigned_abs());
    let pool = BufferPool::builder().capacity_per_class(512);
    let pool = pool.budget(&budget).build().expect("address space");
    let held: Vec<PooledBuffer> = std::thread::scope(|scope| {
        let players = [0x9e37_79b9, 0x7f4a_7c15].map(|seed| {
            let pool = &pool;
            scope.spawn(move || play(pool, seed))
        });
        let held = players.map(|player| player.join().expect("no panic"));
        held.into_iter().flatten().collect()
    });
    let asked: usize = held.iter().map(|buffer| buffer.len()).sum();
    let with_idle = budget.used();
    let trimmed = pool.trim(0);
    let charged = budget.used();
    let stats = pool.stats();
    println!("{stats}");
    println!(
        "{} buffers of {asked} B: {charged} B charged for them, {:.2} for each; {trimmed} B idled besides",
        held.len(),
        charged as f64 / asked as f64
    );
    assert_eq!(charged + trimmed, with_idle);
    assert_bounded(&stats);
    let most: usize = held.iter().map(|it| 2 * it.len() + SMALLEST).sum();
    assert!(charged <= most, "{charged} B for {asked} B");
    drop(held);
    pool.trim(0);
    assert_eq!(budget.used(), 0);
}
