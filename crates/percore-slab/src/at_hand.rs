//! The free pages that the owner has at hand: a stack in memory of its own.

use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::cell::Cell;

use pool_core::Lease;

use crate::bare_lease::{BareLease, PoolMark};

/// A stack with room for every page. Cells and not a `RefCell<Vec>`, whose flag would be written four times for each page that is taken and filed.
///
/// - **HAND-1** The first `len` places hold a page of `pool` each, as the numbers of bare leases that exist as nothing else.
pub(crate) struct AtHand {
    pool: PoolMark,
    places: Box<[Cell<u32>]>,
    len: Cell<usize>,
}

impl AtHand {
    /// With one page, and room for all of its pool's. Whatever is done to it later allocates nothing.
    ///
    /// # Errors
    ///
    /// If there is no memory for so many.
    pub(crate) fn with_room_for(pages: usize, first: Lease) -> Result<Self, TryReserveError> {
        let mut places = Vec::new();
        places.try_reserve_exact(pages)?;
        places.resize(pages, Cell::new(0));
        let (pool, first) = BareLease::of(first);
        let hand = Self {
            pool,
            places: places.into_boxed_slice(),
            len: Cell::new(0),
        };
        hand.push_bare(first);
        Ok(hand)
    }

    /// Whose pages these are.
    pub(crate) fn pool(&self) -> PoolMark {
        self.pool
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    /// Takes the page on top.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Lease> {
        let below = self.len.get().checked_sub(1)?;
        let number = self.places.get(below)?.get();
        self.len.set(below);
        // SAFETY: in one of the first `len` places until now, and of this pool (HAND-1).
        Some(unsafe { BareLease::lease_of(number, self.pool) })
    }

    /// Puts a page on top.
    ///
    /// # Errors
    ///
    /// Gives it back if it is another pool's.
    ///
    /// # Panics
    ///
    /// If there are more pages than the stack was made for.
    #[inline]
    pub(crate) fn push(&self, page: Lease) -> Result<(), Lease> {
        let (pool, page) = BareLease::of(page);
        if pool != self.pool {
            // SAFETY: its own mark.
            return Err(unsafe { page.into_lease(pool) });
        }
        self.push_bare(page);
        Ok(())
    }

    /// Of this pool.
    #[inline]
    fn push_bare(&self, page: BareLease) {
        let len = self.len.get();
        self.places[len].set(page.into_number());
        self.len.set(len + 1);
    }

    /// Puts pages on top, the last one uppermost.
    ///
    /// # Safety
    ///
    /// They are of this pool.
    pub(crate) unsafe fn push_all(&self, pages: impl IntoIterator<Item = BareLease>) {
        for page in pages {
            self.push_bare(page);
        }
    }

    /// Turns the order round of those above the first `below`.
    pub(crate) fn reverse_above(&self, below: usize) {
        let above = &self.places[below..self.len.get()];
        let half = above.len() / 2;
        let (lower, upper) = above.split_at(half);
        for (low, high) in lower.iter().zip(upper.iter().rev()) {
            low.swap(high);
        }
    }
}

impl Drop for AtHand {
    fn drop(&mut self) {
        while let Some(page) = self.pop() {
            drop(page);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use pool_core::Pool;

    fn indices(stack: &AtHand) -> Vec<usize> {
        let pages: Vec<Lease> = core::iter::from_fn(|| stack.pop()).collect();
        pages.iter().map(Lease::slot_index).collect()
    }

    fn pool() -> Pool {
        let pool = Pool::builder().slots(8).slot_bytes(8).cache(0).build();
        pool.expect("a small pool")
    }

    #[test]
    fn the_last_is_the_first_and_a_part_can_be_turned_round() {
        for (below, expected) in [
            (0, [0, 1, 2, 3, 4]),
            (1, [1, 2, 3, 4, 0]),
            (2, [2, 3, 4, 1, 0]),
            (5, [4, 3, 2, 1, 0]),
        ] {
            let pool = pool();
            let stack = AtHand::with_room_for(5, pool.alloc().expect("free")).expect("memory");
            for _ in 1..5 {
                let page = pool.alloc().expect("free");
                stack.push(page).expect("of this pool");
            }
            stack.reverse_above(below);
            assert_eq!(indices(&stack), expected, "above {below}");
            assert_eq!(stack.len(), 0);
        }
    }

    #[test]
    fn another_pools_page_comes_back() {
        let (pool, other) = (pool(), pool());
        let stack = AtHand::with_room_for(8, pool.alloc().expect("free")).expect("memory");
        let foreign = other.alloc().expect("free");
        let refused = stack.push(foreign).expect_err("not of this pool");
        assert!(refused.belongs_to(&other));
        assert_eq!(stack.len(), 1);
        drop((refused, stack));
        assert_eq!((pool.free_count(), other.free_count()), (8, 8));
    }
}
