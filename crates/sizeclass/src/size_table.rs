//! From a size to the pool of its class, with one look into one table.

use core::array;

use pool_core::Pool;

use crate::classes::Classes;

/// Cells of a table. With steps of 4 KiB they reach to 4 MiB, and take a cache line for each 64.
const CELLS: usize = 1024;
/// What a cell says whose sizes are not all of one class.
const NO_CLASS: u8 = u8::MAX;

/// Where the fast path finds the pool for a size. What it does not find here, [`Classes`] knows too, in some more steps.
///
/// Sizes are cut into equal steps, and a cell is the sizes from one step (without it) to the next (with it): so classes that are multiples of a step begin and end with
/// cells.
///
/// - **TABLE-1** A cell names the class of every size in it, or [`NO_CLASS`].
/// - **TABLE-2** `pools[c]` is the pool of class `c`, if that has at most `u32::MAX` bytes; there is none for [`NO_CLASS`].
pub(crate) struct SizeTable {
    /// The binary logarithm of a step.
    step_log2: u32,
    cells: [u8; CELLS],
    /// As many as a cell can name, so that no index needs a check.
    pools: [Option<Pool>; 1 << u8::BITS],
}

impl SizeTable {
    /// The table of `sizes`, whose pools these are.
    pub(crate) fn new<'a>(sizes: &Classes, pools: impl IntoIterator<Item = &'a Pool>) -> Self {
        let step_log2 = step_log2(sizes);
        let class_of = |size: usize| sizes.index_of(size);
        let cell = |cell: usize| {
            let (first, last) = ((cell << step_log2) + 1, (cell + 1) << step_log2);
            let class = class_of(first).filter(|class| class_of(last) == Some(*class));
            class.map_or(NO_CLASS, |class| {
                u8::try_from(class).expect("below MOST_CLASSES")
            })
        };
        let small = |pool: &Pool| u32::try_from(pool.slot_bytes()).is_ok();
        let mut pools = pools.into_iter();
        Self {
            step_log2,
            cells: array::from_fn(cell),
            pools: array::from_fn(|_| pools.next().filter(|pool| small(pool)).cloned()),
        }
    }

    /// The pool of the smallest class of at least `bytes` bytes, whose slots have at most `u32::MAX`. `None` also for sizes that are not in the table, of which 0 is one.
    #[inline]
    pub(crate) fn pool_for(&self, bytes: usize) -> Option<&Pool> {
        let cell = bytes.wrapping_sub(1) >> self.step_log2;
        let class = *self.cells.get(cell)?;
        self.pools[usize::from(class)].as_ref()
    }
}

/// The largest step of which every class is a multiple, if the table reaches the largest class with it, or else the smallest with which it does.
fn step_log2(sizes: &Classes) -> u32 {
    let all = sizes.as_slice().iter().fold(0, |all, bytes| all | bytes);
    let reaching = sizes.largest().div_ceil(CELLS).next_power_of_two();
    all.trailing_zeros().max(reaching.trailing_zeros())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// A table and its pools, whose slots tell the classes apart; what a slot takes of memory does not matter here.
    fn table(sizes: &[usize]) -> (Classes, SizeTable) {
        let classes = Classes::try_new(sizes).expect("a good list");
        let pools: Vec<Pool> = (1..=sizes.len())
            .map(|number| {
                let pool = Pool::builder().slots(1).slot_bytes(number).build();
                pool.expect("some bytes")
            })
            .collect();
        let table = SizeTable::new(&classes, &pools);
        (classes, table)
    }

    /// Sizes around the classes, the steps and the ends.
    fn edges(classes: &Classes, step: usize) -> Vec<usize> {
        let steps = (0..CELLS + 2).map(|nth| nth.saturating_mul(step));
        let of_classes = classes.as_slice().iter().copied();
        let around = of_classes
            .chain(steps)
            .flat_map(|at| [at.saturating_sub(1), at, at.saturating_add(1)]);
        around.chain([usize::MAX]).collect()
    }

    /// How many of the sizes from 1 to the largest class it finds, by the edges.
    fn found(sizes: &[usize]) -> (usize, usize) {
        let (classes, table) = table(sizes);
        let (mut found, mut possible) = (0, 0);
        for bytes in edges(&classes, 1 << table.step_log2) {
            let class = classes.index_of(bytes);
            possible += usize::from(class.is_some() && bytes > 0);
            if let Some(pool) = table.pool_for(bytes) {
                assert_eq!(Some(pool.slot_bytes() - 1), class, "{bytes} bytes");
                found += 1;
            }
        }
        (found, possible)
    }

    #[test]
    fn classes_of_whole_steps_are_found_at_every_size() {
        let doubling = Classes::DOUBLING;
        for sizes in [doubling.as_slice(), &[64], &[512, 1024, 512 * 1024], &[3]] {
            let (found, possible) = found(sizes);
            assert_eq!(found, possible, "{sizes:?}");
        }
    }

    #[test]
    fn what_is_not_found_is_not_found_wrong() {
        for sizes in [
            &[1, 2, 4, 1000, 1 << 20][..],
            &[100, 113, 128, 144, 5000],
            &[4096, isize::MAX.unsigned_abs()],
            &[9000, 16 << 20],
        ] {
            let (found, possible) = found(sizes);
            assert!(found > 0 && found < possible, "{sizes:?}");
        }
    }
}
