//! Allocs that a pool refuses on purpose, for the tests of its users.

use crate::pool::Pool;
use crate::slots::Slots;
use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::Relaxed;

/// Which allocs of a pool are refused though slots are free; see [`PoolBuilder::faults`](crate::PoolBuilder::faults).
///
/// Counted are the calls that would have got a slot, in the order in which they got it; one that was refused because the pool was exhausted is none. An
/// [`alloc_many`](Pool::alloc_many) of three is three, because it may give fewer; what gives all or nothing (a [reservation](Pool::reserve), a [batch](Pool::alloc_batch)) is one.
/// With several threads, which of them meets the fault is open; how many do is not.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Faults {
    /// The `n`-th, counting from 1, and no other. 0 is none.
    Nth(u64),
    /// Each with this probability, 0.0 to 1.0, by itself. The same seed refuses the same allocs, on any machine.
    Random {
        /// How likely a refusal is.
        probability: f64,
        /// Chooses which allocs are refused.
        seed: u64,
    },
}

impl Faults {
    /// Whether the `n`-th alloc, counting from 1, is refused.
    fn refuse(self, n: u64) -> bool {
        match self {
            Self::Nth(refused) => n == refused,
            Self::Random { probability, seed } => fraction(seed, n) < probability,
        }
    }
}

/// A number from 0.0 to below 1.0 that `n` and the seed determine: the `n`-th output of `SplitMix64` (G. Steele, D. Lea, C. Flood: "Fast Splittable Pseudorandom Number
/// Generators", 2014), which is a counter and a mixing function, so that no state is shared but the count.
fn fraction(seed: u64, n: u64) -> f64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut mixed = seed.wrapping_add(n.wrapping_mul(STEP));
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    // As many bits as an f64 keeps exactly.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    let numerator = (mixed >> 11) as f64;
    numerator / 9_007_199_254_740_992.0
}

/// The faults of one pool, and how far they are.
#[derive(Debug)]
pub(crate) struct FaultPlan {
    faults: Faults,
    allocs: AtomicU64,
    refused: AtomicU64,
}

impl FaultPlan {
    pub(crate) fn new(faults: Faults) -> Self {
        Self {
            faults,
            allocs: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Counts an alloc that found a slot, and tells whether it is to be refused.
    fn refuse_next(&self) -> bool {
        // Relaxed: each alloc gets its own number; nothing else is ordered by it.
        let n = self.allocs.fetch_add(1, Relaxed) + 1;
        let refuse = self.faults.refuse(n);
        if refuse {
            // Relaxed: a count on its own.
            self.refused.fetch_add(1, Relaxed);
        }
        refuse
    }
}

impl Slots {
    /// Whether a call that has what it asked for is to give it back and be refused.
    pub(crate) fn refuse_by_fault(&self) -> bool {
        self.faults().is_some_and(FaultPlan::refuse_next)
    }
}

impl Pool {
    /// How many allocs were refused by [`PoolBuilder::faults`](crate::PoolBuilder::faults), and not because the pool was exhausted.
    #[must_use]
    pub fn injected_faults(&self) -> u64 {
        let faults = self.slots().faults();
        // Relaxed: a count on its own.
        faults.map_or(0, |faults| faults.refused.load(Relaxed))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_mixing_function_is_splitmix64() {
        // The first outputs for seed 0 of the generator's published code.
        let published: [u64; 3] = [
            0xe220_a839_7b1d_cdaf,
            0x6e78_9e6a_a1b9_65f4,
            0x06c4_5d18_8009_454f,
        ];
        for (n, output) in (1..).zip(published) {
            #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
            let expected = (output >> 11) as f64 / (1_u64 << 53) as f64;
            assert!((fraction(0, n) - expected).abs() < f64::EPSILON, "{n}");
        }
    }

    #[test]
    fn probabilities_are_kept_at_both_ends_and_between() {
        let refused = |probability| {
            let faults = Faults::Random {
                probability,
                seed: 7,
            };
            (1..=10_000).filter(|n| faults.refuse(*n)).count()
        };
        assert_eq!((refused(0.0), refused(1.0)), (0, 10_000));
        // Six standard deviations.
        assert!(refused(0.1).abs_diff(1000) < 180, "{}", refused(0.1));
    }
}
