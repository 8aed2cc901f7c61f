//! The classes: which sizes there are, and which one a request falls into.

use crate::error::{BuildError, BuildErrorKind};

/// The most classes that a pool can have.
pub(crate) const MOST_CLASSES: usize = 64;
/// Steps into which each doubling of sizes is cut.
const STEPS: usize = 8;
const STEPS_LOG2: u32 = STEPS.trailing_zeros();
/// A step for each number below eight, and eight for each power of two from there on.
const BUCKETS: usize = (usize::BITS - STEPS_LOG2 + 1) as usize * STEPS;

/// The sizes of a pool's classes in bytes, ascending, checked when they are made: by the compiler, for constants.
///
/// Buffers of classes that are multiples of 512, up to 4 MiB, are acquired fastest: with one look into a table. Others take some 9 ns more.
///
/// ```
/// use sizeclass::{BufferPool, Classes};
///
/// const OF_DISK_BLOCKS: Classes = Classes::new([4096, 16_384, 65_536]).wasting_at_most(300);
/// let pool = BufferPool::builder().classes(OF_DISK_BLOCKS).capacity_per_class(8).build()?;
/// assert_eq!(pool.acquire(5000).capacity(), 16_384);
/// # Ok::<(), sizeclass::BuildError>(())
/// ```
///
/// Classes that do not ascend do not compile, nor do those that waste more than was said:
///
/// ```compile_fail
/// const TOO_FAR_APART: sizeclass::Classes = sizeclass::Classes::new([4096, 65_536]).wasting_at_most(100);
/// ```
///
/// - **CLASSES-1** The first `len` of `bytes` ascend.
/// - **CLASSES-2** `buckets[b]` is the first class that holds the smallest number of bucket `b`, for each bucket up to the largest class's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Classes {
    bytes: [usize; MOST_CLASSES],
    len: usize,
    largest: usize,
    buckets: [u8; BUCKETS],
}

/// What is wrong with a list of sizes.
#[derive(Clone, Copy)]
enum Fault {
    Count,
    Size(usize),
    Order(usize),
}

impl Classes {
    /// Nine classes, each twice the one before: 4 KiB, 8 KiB, … 1 MiB.
    pub const DOUBLING: Self = Self::new([
        4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576,
    ])
    .wasting_at_most(100);

    /// Classes of these sizes in bytes.
    ///
    /// # Panics
    ///
    /// If there are none or more than 64, if one is 0 or more than `isize::MAX`, or if one is not larger than the one before. In a constant, the compiler
    /// says so. [`try_new`](Self::try_new) makes it an error.
    #[must_use]
    pub const fn new<const N: usize>(bytes: [usize; N]) -> Self {
        match fault(&bytes) {
            None => Self::of(&bytes),
            Some(Fault::Count) => panic!("classes: must be 1 to 64"),
            Some(Fault::Size(_)) => panic!("classes: each must be 1 to isize::MAX bytes"),
            Some(Fault::Order(_)) => {
                panic!("classes: each must be larger than the one before")
            }
        }
    }

    /// As [`new`](Self::new), for sizes that are known only when the program runs.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the bound and the value, where [`new`](Self::new) panics.
    pub fn try_new(bytes: &[usize]) -> Result<Self, BuildError> {
        let (bound, value) = match fault(bytes) {
            None => return Ok(Self::of(bytes)),
            Some(Fault::Count) => ("1 to 64 of them", bytes.len()),
            Some(Fault::Size(at)) => ("1 to isize::MAX bytes each", bytes[at]),
            Some(Fault::Order(at)) => ("ascending", bytes[at]),
        };
        let field = "classes";
        Err(BuildErrorKind::OutOfRange {
            field,
            bound,
            value,
        }
        .into())
    }

    /// The same, if no class is more than `percent` larger than what is just too large for the class before it: so much of a buffer may be unused. (A request for
    /// less than the smallest class wastes what that has.)
    ///
    /// # Panics
    ///
    /// If they waste more; in a constant, the compiler says so.
    #[must_use]
    pub const fn wasting_at_most(self, percent: usize) -> Self {
        assert!(
            self.most_waste_percent() <= percent,
            "classes: two neighbours are further apart than the waste allowed"
        );
        self
    }

    /// By how much of what was asked for, in per cent and rounded up, a buffer can be larger, if no less than the smallest class was asked for.
    #[must_use]
    pub const fn most_waste_percent(&self) -> usize {
        let mut most = 0;
        let mut at = 1;
        while at < self.len {
            let least = self.bytes[at - 1] as u128 + 1;
            let waste = (self.bytes[at] as u128 - least) * 100;
            let percent = waste.div_ceil(least);
            if percent > most {
                most = percent;
            }
            at += 1;
        }
        if most > usize::MAX as u128 {
            return usize::MAX;
        }
        most as usize
    }

    /// The sizes, ascending.
    #[must_use]
    pub const fn as_slice(&self) -> &[usize] {
        self.bytes.split_at(self.len).0
    }

    /// Bytes of the largest.
    #[inline]
    #[must_use]
    pub const fn largest(&self) -> usize {
        self.largest
    }

    /// The smallest class of at least `bytes` bytes; `None` if the largest is smaller.
    ///
    /// In constant time: two looks, where neighbours are an eighth of their size apart or more. Classes that are closer are gone through, up to all 64.
    #[inline]
    pub(crate) const fn index_of(&self, bytes: usize) -> Option<usize> {
        if bytes > self.largest() {
            return None;
        }
        // It holds the smallest number of the bucket (CLASSES-2), and no class before it does.
        let mut class = self.buckets[bucket_of(bytes)] as usize;
        while bytes > self.bytes[class % MOST_CLASSES] {
            class += 1;
        }
        Some(class)
    }

    /// Of sizes without a fault.
    const fn of(sizes: &[usize]) -> Self {
        let mut bytes = [0; MOST_CLASSES];
        let mut at = 0;
        while at < sizes.len() {
            bytes[at] = sizes[at];
            at += 1;
        }
        let mut buckets = [0; BUCKETS];
        let (mut bucket, mut class) = (0, 0);
        while bucket < BUCKETS {
            while class + 1 < sizes.len() && sizes[class] < least_of(bucket) {
                class += 1;
            }
            #[expect(clippy::cast_possible_truncation, reason = "below MOST_CLASSES")]
            {
                buckets[bucket] = class as u8;
            }
            bucket += 1;
        }
        Self {
            bytes,
            len: sizes.len(),
            largest: sizes[sizes.len() - 1],
            buckets,
        }
    }
}

impl Default for Classes {
    fn default() -> Self {
        Self::DOUBLING
    }
}

impl core::fmt::Debug for Classes {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Classes").field(&self.as_slice()).finish()
    }
}

const fn fault(bytes: &[usize]) -> Option<Fault> {
    if bytes.is_empty() || bytes.len() > MOST_CLASSES {
        return Some(Fault::Count);
    }
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == 0 || bytes[at] > isize::MAX as usize {
            return Some(Fault::Size(at));
        }
        if at > 0 && bytes[at] <= bytes[at - 1] {
            return Some(Fault::Order(at));
        }
        at += 1;
    }
    None
}

/// Numbers below eight have a bucket each; above, the highest bit and the three below it tell.
#[inline]
const fn bucket_of(bytes: usize) -> usize {
    if bytes < STEPS {
        return bytes;
    }
    let highest = bytes.ilog2();
    let step = (bytes >> (highest - STEPS_LOG2)) & (STEPS - 1);
    (highest - STEPS_LOG2 + 1) as usize * STEPS + step
}

/// The smallest number of a bucket; `usize::MAX` behind the last.
const fn least_of(bucket: usize) -> usize {
    if bucket < STEPS {
        return bucket;
    }
    let (shift, step) = (bucket / STEPS, bucket % STEPS);
    let highest = shift + STEPS_LOG2 as usize - 1;
    if highest >= usize::BITS as usize {
        return usize::MAX;
    }
    (STEPS + step) << (highest - STEPS_LOG2 as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn by_search(classes: &Classes, bytes: usize) -> Option<usize> {
        classes.as_slice().iter().position(|class| *class >= bytes)
    }

    #[test]
    fn the_class_is_the_smallest_that_fits() {
        let narrow: Vec<usize> = (0..40)
            .scan(8, |bytes: &mut usize, _| {
                let this = *bytes;
                *bytes += bytes.div_ceil(8);
                Some(this)
            })
            .collect();
        let crowded: Vec<usize> = (0..64).map(|nth| 1000 + nth * nth / 9 + nth).collect();
        let lists = [
            Classes::DOUBLING,
            Classes::new([1]),
            Classes::new([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000, isize::MAX as usize]),
            Classes::new([100, 113, 128, 144, 5000]),
            Classes::try_new(&narrow).expect("an eighth apart"),
            Classes::try_new(&crowded).expect("ascending"),
        ];
        for classes in lists {
            let edges = classes.as_slice().iter().flat_map(|bytes| {
                let (below, above) = (bytes.saturating_sub(20), bytes.saturating_add(20));
                below..=above
            });
            for bytes in edges.chain(0..3000).chain([usize::MAX]) {
                assert_eq!(
                    classes.index_of(bytes),
                    by_search(&classes, bytes),
                    "{bytes} bytes of {classes:?}"
                );
            }
        }
    }

    #[test]
    fn buckets_follow_each_other() {
        for bucket in 0..BUCKETS {
            let least = least_of(bucket);
            if least == usize::MAX {
                break;
            }
            assert_eq!(bucket_of(least), bucket);
            assert!(bucket == 0 || bucket_of(least - 1) == bucket - 1);
        }
        assert!(bucket_of(usize::MAX) < BUCKETS);
    }
}
