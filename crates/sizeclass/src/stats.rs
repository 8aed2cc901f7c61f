//! What a buffer pool has counted.

use core::fmt;

use crate::class::CLASSES;

/// A snapshot of a pool's counts.
///
/// `allocations == recycles + misses + oversize` holds in every snapshot, because the sum is not counted but added up; and so
/// do `idle + in_use == slots` for each class, and the totals of the classes. Counts of different classes are read one after
/// the other while other threads go on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BufferPoolStats {
    /// Buffers handed out by `acquire`, `try_acquire` and growing: the sum of the three below.
    pub allocations: u64,
    /// Served by a slot of the right class.
    pub recycles: u64,
    /// Served by the heap, because the class had no free slot.
    pub misses: u64,
    /// Served by the heap, because no class is large enough.
    pub oversize: u64,
    /// Bytes of memory that misses and oversize buffers took from the heap so far.
    pub fallback_bytes: u64,
    classes: [ClassStats; CLASSES],
}

/// A snapshot of one class's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassStats {
    /// Bytes of a buffer of this class.
    pub class_bytes: usize,
    /// Slots the class was built with.
    pub slots: usize,
    /// Slots that somebody held at some instant of the call.
    pub in_use: usize,
    /// Slots that nobody held at that instant: `slots - in_use`.
    pub idle: usize,
    /// Buffers served by a slot of this class.
    pub recycles: u64,
    /// Buffers of this class served by the heap, because no slot was free.
    pub misses: u64,
    /// Bytes of memory that those misses took from the heap so far.
    pub miss_bytes: u64,
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
        self.in_use * self.class_bytes
    }

    /// Bytes of the slots nobody holds; of those never used, the system has given no memory yet.
    #[must_use]
    pub fn idle_bytes(&self) -> usize {
        self.idle * self.class_bytes
    }
}

impl BufferPoolStats {
    pub(crate) fn sum_up(
        classes: &[ClassStats; CLASSES],
        oversize: u64,
        oversize_bytes: u64,
    ) -> Self {
        let recycles = classes.iter().map(|class| class.recycles).sum();
        let misses = classes.iter().map(|class| class.misses).sum();
        let miss_bytes: u64 = classes.iter().map(|class| class.miss_bytes).sum();
        Self {
            allocations: recycles + misses + oversize,
            recycles,
            misses,
            oversize,
            fallback_bytes: miss_bytes + oversize_bytes,
            classes: *classes,
        }
    }

    /// The classes, smallest first.
    #[must_use]
    pub fn classes(&self) -> &[ClassStats] {
        &self.classes
    }

    /// The share of allocations that a slot served: 0 to 1, and 0 if nothing was allocated yet.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate; monotone rounding keeps it within 0 to 1"
    )]
    pub fn recycle_rate(&self) -> f64 {
        if self.allocations == 0 {
            return 0.0;
        }
        self.recycles as f64 / self.allocations as f64
    }

    /// Bytes of all slots in use.
    #[must_use]
    pub fn in_use_bytes(&self) -> usize {
        self.classes.iter().map(ClassStats::in_use_bytes).sum()
    }

    /// Bytes of all slots nobody holds.
    #[must_use]
    pub fn idle_bytes(&self) -> usize {
        self.classes.iter().map(ClassStats::idle_bytes).sum()
    }
}

/// A table with a row per class.
impl fmt::Display for BufferPoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:>9} {:>10} {:>10} {:>14} {:>12}",
            "class B", "slots", "in use", "recycles", "misses"
        )?;
        for class in &self.classes {
            writeln!(
                f,
                "{:>9} {:>10} {:>10} {:>14} {:>12}",
                class.class_bytes, class.slots, class.in_use, class.recycles, class.misses
            )?;
        }
        write!(
            f,
            "{} allocations = {} recycles + {} misses + {} oversize; {:.1} % recycled, {} B from the heap",
            self.allocations,
            self.recycles,
            self.misses,
            self.oversize,
            100.0 * self.recycle_rate(),
            self.fallback_bytes
        )
    }
}
