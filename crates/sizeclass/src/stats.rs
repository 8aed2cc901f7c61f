//! What a buffer pool has counted.

use alloc::boxed::Box;
use core::fmt;

use crate::fallback::FallbackCounts;

/// A snapshot of a pool's counts. Printed, it is a table.
///
/// `allocations == recycles + misses + oversize` holds in every snapshot, because the sum is not counted but added up; and so
/// do `in_use + idle + vacant == slots` for each class, and the totals of the classes. Counts of different classes are read one after
/// the other while other threads go on.
///
/// Counting costs nothing where buffers are acquired and dropped. While memory is on its way back to the system, `recycles` may be ahead by the slots that are.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BufferPoolStats {
    /// Buffers handed out by acquiring and growing: the sum of the three below.
    pub allocations: u64,
    /// Served by a slot.
    pub recycles: u64,
    /// Served by memory from elsewhere, because no slot was to be had.
    pub misses: u64,
    /// Served by memory from elsewhere, because no class is large enough.
    pub oversize: u64,
    /// Served by a slot of a larger class than theirs; part of `recycles`.
    pub borrowed: u64,
    /// Bytes of memory that misses and oversize buffers took from elsewhere so far.
    pub fallback_bytes: u64,
    /// Bytes of such memory that buffers have now.
    pub fallback_bytes_out: u64,
    classes: Box<[ClassStats]>,
}

/// A snapshot of one class's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassStats {
    /// Bytes of a buffer of this class.
    pub class_bytes: usize,
    /// Bytes that a slot takes from the system, and that are charged for it.
    pub slot_cost: usize,
    /// Slots the class was built with.
    pub slots: usize,
    /// Slots that somebody held.
    pub in_use: usize,
    /// Slots that have memory and that nobody held.
    pub idle: usize,
    /// Slots that have no memory: never used, or given back to the system since. None in a class that was charged whole.
    pub vacant: usize,
    /// Buffers served by a slot of this class.
    pub recycles: u64,
    /// How often a slot of this class got memory.
    pub brought_in: u64,
    /// Buffers served by a slot of this class that asked for a smaller one.
    pub borrowed: u64,
    /// Buffers of this class served by memory from elsewhere, because no slot was to be had.
    pub misses: u64,
    /// Bytes of memory that those misses took from elsewhere so far.
    pub miss_bytes: u64,
    /// Bytes of such memory that buffers have now.
    pub miss_bytes_out: u64,
    /// What was asked for by those whose slot got memory for it, and by misses.
    pub asked_bytes: u64,
    /// What they got.
    pub paid_bytes: u64,
}

impl ClassStats {
    /// Buffers of this class handed out: `recycles + misses`.
    #[must_use]
    pub fn allocations(&self) -> u64 {
        self.recycles + self.misses
    }

    /// Bytes of the slots in use.
    #[must_use]
    pub fn in_use_bytes(&self) -> usize {
        self.in_use * self.slot_cost
    }

    /// Bytes of the slots that have memory and nobody holds.
    #[must_use]
    pub fn idle_bytes(&self) -> usize {
        self.idle * self.slot_cost
    }

    /// Bytes that the class's slots have from the system: in use and idle.
    #[must_use]
    pub fn resident_bytes(&self) -> usize {
        self.in_use_bytes() + self.idle_bytes()
    }
}

impl BufferPoolStats {
    pub(crate) fn sum_up(classes: Box<[ClassStats]>, oversize: FallbackCounts) -> Self {
        let total = |part: fn(&ClassStats) -> u64| classes.iter().map(part).sum::<u64>();
        let (recycles, misses) = (total(|it| it.recycles), total(|it| it.misses));
        Self {
            allocations: recycles + misses + oversize.count,
            recycles,
            misses,
            oversize: oversize.count,
            borrowed: total(|it| it.borrowed),
            fallback_bytes: total(|it| it.miss_bytes) + oversize.bytes,
            fallback_bytes_out: total(|it| it.miss_bytes_out) + oversize.bytes_out,
            classes,
        }
    }

    /// The classes, smallest first.
    #[must_use]
    pub fn classes(&self) -> &[ClassStats] {
        &self.classes
    }

    /// The share of allocations that a slot served: 0 to 1, and 0 if nothing was allocated yet.
    #[must_use]
    pub fn recycle_rate(&self) -> f64 {
        ratio(self.recycles, self.allocations).unwrap_or(0.0)
    }

    /// Bytes of memory for each byte that was asked for: of the requests that memory was taken from the system for, which are a sample of all. 1 if there was none
    /// yet.
    ///
    /// A request costs at most what it asked for, and the [waste of the classes](crate::Classes::most_waste_percent) of it, and the size of the smallest class. So with
    /// classes that double it is at most 2, where nobody asks for less than half of the smallest.
    #[must_use]
    pub fn fragmentation(&self) -> f64 {
        let total = |part: fn(&ClassStats) -> u64| self.classes.iter().map(part).sum::<u64>();
        ratio(total(|it| it.paid_bytes), total(|it| it.asked_bytes)).unwrap_or(1.0)
    }

    /// Bytes of all slots in use.
    #[must_use]
    pub fn in_use_bytes(&self) -> usize {
        self.classes.iter().map(ClassStats::in_use_bytes).sum()
    }

    /// Bytes of all slots that have memory and nobody holds.
    #[must_use]
    pub fn idle_bytes(&self) -> usize {
        self.classes.iter().map(ClassStats::idle_bytes).sum()
    }
}

/// `None` without a whole.
#[expect(
    clippy::cast_precision_loss,
    reason = "a rate; monotone rounding keeps a part's within 0 to 1"
)]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// A table with a row per class, and the sums below it.
impl fmt::Display for BufferPoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:>9} {:>8} {:>8} {:>8} {:>8} {:>14} {:>10} {:>10} {:>10}",
            "class B",
            "slots",
            "in use",
            "idle",
            "vacant",
            "recycles",
            "borrowed",
            "brought in",
            "misses"
        )?;
        for class in &self.classes {
            writeln!(
                f,
                "{:>9} {:>8} {:>8} {:>8} {:>8} {:>14} {:>10} {:>10} {:>10}",
                class.class_bytes,
                class.slots,
                class.in_use,
                class.idle,
                class.vacant,
                class.recycles,
                class.borrowed,
                class.brought_in,
                class.misses
            )?;
        }
        writeln!(
            f,
            "{} allocations = {} recycles + {} misses + {} oversize; {:.1} % recycled",
            self.allocations,
            self.recycles,
            self.misses,
            self.oversize,
            100.0 * self.recycle_rate()
        )?;
        write!(
            f,
            "{} B in use, {} B idle, {} B from elsewhere ({} B so far); {:.2} B for each byte asked for",
            self.in_use_bytes(),
            self.idle_bytes(),
            self.fallback_bytes_out,
            self.fallback_bytes,
            self.fragmentation()
        )
    }
}
