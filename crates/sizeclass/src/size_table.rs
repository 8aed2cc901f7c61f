//! From a size to the pool of its class, with one look into one table.

use core::array;

use pool_core::Pool;

use crate::classes::Classes;

/// Sizes are told apart by steps of a disk's sector. A constant, because a step read from memory made acquire and drop a tenth slower: 3.5 instead of 3.15 ns
/// (AMD EPYC, family 25). Finer steps would be a larger table, and serve only classes that are no whole sectors: acquiring a buffer of such a class takes almost four times as long.
const STEP_LOG2: u32 = 9;
/// So the table reaches to 4 MiB. A cache line of it is 32 KiB of sizes, where most requests lie. (Models have small stacks, and small classes.)
const CELLS: usize = if cfg!(loom) { 64 } else { 8192 };
/// What a cell says whose sizes are not all of one class.
const NO_CLASS: u8 = u8::MAX;

/// Where the fast path finds the pool for a size. What it does not find here, [`Classes`] knows too, in some more steps.
///
/// A cell is the sizes from one step (without it) to the next (with it): so classes that are multiples of a step begin and end with cells.
///
/// - **TABLE-1** A cell names the class of every size in it, or [`NO_CLASS`].
/// - **TABLE-2** `pools[c]` is the pool of class `c`, if that has at most `u32::MAX` bytes; there is none for [`NO_CLASS`].
pub(crate) struct SizeTable {
    cells: [u8; CELLS],
    /// As many as a cell can name, so that no index needs a check.
    pools: [Option<Pool>; 1 << u8::BITS],
}

impl SizeTable {
    /// The table of `sizes`, whose pools these are.
    pub(crate) fn new<'a>(sizes: &Classes, pools: impl IntoIterator<Item = &'a Pool>) -> Self {
        let small = |pool: &Pool| u32::try_from(pool.slot_bytes()).is_ok();
        let mut pools = pools.into_iter();
        Self {
            cells: array::from_fn(|cell| class_in(cell, sizes).unwrap_or(NO_CLASS)),
            pools: array::from_fn(|_| pools.next().filter(|pool| small(pool)).cloned()),
        }
    }

    /// The pool of the smallest class of at least `bytes` bytes, whose slots have at most `u32::MAX`. `None` also for sizes that are not in the table, of which 0 is one.
    #[inline]
    pub(crate) fn pool_for(&self, bytes: usize) -> Option<&Pool> {
        let cell = bytes.wrapping_sub(1) >> STEP_LOG2;
        let class = *self.cells.get(cell)?;
        self.pools[usize::from(class)].as_ref()
    }
}

/// The class of every size in a cell, if they have one in common.
fn class_in(cell: usize, sizes: &Classes) -> Option<u8> {
    let (before, last) = (cell << STEP_LOG2, (cell + 1) << STEP_LOG2);
    let class = sizes.index_of(last)?;
    let is_common = sizes.index_of(before + 1) == Some(class);
    is_common.then(|| u8::try_from(class).expect("below MOST_CLASSES"))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    const STEP: usize = 1 << STEP_LOG2;

    /// Which of the sizes around the classes and the steps it finds, and which of them have a class.
    fn found(sizes: &[usize]) -> (usize, usize) {
        let classes = Classes::try_new(sizes).expect("a good list");
        // Slots that tell the classes apart; what they take of memory does not matter here.
        let pool = |number| Pool::builder().slots(1).slot_bytes(number).build();
        let pools = (1..=sizes.len()).map(|number| pool(number).expect("some bytes"));
        let table = SizeTable::new(&classes, &pools.collect::<Vec<_>>());
        let steps = (0..CELLS + 2).map(|nth| nth * STEP);
        let edges = sizes.iter().copied().chain(steps);
        let sizes = edges.flat_map(|at| [at.saturating_sub(1), at, at.saturating_add(1)]);
        let (mut found, mut possible) = (0, 0);
        for bytes in sizes.chain([usize::MAX]) {
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
        let whole = [
            doubling.as_slice(),
            &[STEP],
            &[STEP, 2 * STEP, 7 * STEP],
            &[CELLS * STEP],
        ];
        for sizes in whole {
            let (found, possible) = found(sizes);
            assert_eq!(found, possible, "{sizes:?}");
        }
    }

    #[test]
    fn what_is_not_found_is_not_found_wrong() {
        let others = [
            &[1, 2, 4, 1000, 1 << 20][..],
            &[100, 113, 128, 144, 5000],
            &[4096, isize::MAX.unsigned_abs()],
            &[9000, 16 << 20],
        ];
        for sizes in others {
            let (found, possible) = found(sizes);
            assert!(found > 0 && found < possible, "{sizes:?}");
        }
    }
}
