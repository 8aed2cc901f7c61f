//! The free pages that the owner has at hand: a stack in memory of its own.

use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::cell::Cell;

use pool_core::Lease;

/// A stack with room for every page. Cells and not a `RefCell<Vec>`, whose flag would be written four times for each page that is taken and filed.
///
/// - **HAND-1** The first `len` places hold a page each, the others none.
pub(crate) struct AtHand {
    places: Box<[Cell<Option<Lease>>]>,
    len: Cell<usize>,
}

impl AtHand {
    /// An empty one. Whatever is done to it later allocates nothing.
    ///
    /// # Errors
    ///
    /// If there is no memory for so many.
    pub(crate) fn with_room_for(pages: usize) -> Result<Self, TryReserveError> {
        let mut places = Vec::new();
        places.try_reserve_exact(pages)?;
        places.resize_with(pages, || Cell::new(None));
        Ok(Self {
            places: places.into_boxed_slice(),
            len: Cell::new(0),
        })
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.get()
    }

    /// Takes the page on top.
    #[inline]
    pub(crate) fn pop(&self) -> Option<Lease> {
        let below = self.len.get().checked_sub(1)?;
        let page = self.places.get(below)?.take();
        self.len.set(below);
        page
    }

    /// Puts a page on top.
    ///
    /// # Panics
    ///
    /// If there are more pages than the stack was made for.
    #[inline]
    pub(crate) fn push(&self, page: Lease) {
        let len = self.len.get();
        if let Some(other) = self.places[len].replace(Some(page)) {
            above_the_top(other);
        }
        self.len.set(len + 1);
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

#[cold]
#[inline(never)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "dropped here, and not where the push is inlined"
)]
fn above_the_top(page: Lease) -> ! {
    unreachable!("HAND-1: {page:?} above the top");
}

/// The last one comes to lie on top.
impl Extend<Lease> for &AtHand {
    fn extend<I: IntoIterator<Item = Lease>>(&mut self, pages: I) {
        pages.into_iter().for_each(|page| self.push(page));
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

    #[test]
    fn the_last_is_the_first_and_a_part_can_be_turned_round() {
        for (below, expected) in [
            (0, [0, 1, 2, 3, 4]),
            (1, [1, 2, 3, 4, 0]),
            (2, [2, 3, 4, 1, 0]),
            (5, [4, 3, 2, 1, 0]),
        ] {
            let pool = Pool::builder().slots(8).slot_bytes(8).cache(0).build();
            let pool = pool.expect("a small pool");
            let mut stack = &AtHand::with_room_for(5).expect("memory");
            pool.alloc_many(5, &mut stack);
            stack.reverse_above(below);
            assert_eq!(indices(stack), expected, "above {below}");
            assert_eq!(stack.len(), 0);
        }
    }
}
