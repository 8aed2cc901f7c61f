//! What other cores know a page by: its card.
//!
//! A slab has a table of cards, one for each page. It lies beside the pages' memory and ends with it, so a page that is out on any core has its card, whether or not
//! the owner is still there. That makes a page that crosses one word. A card is written by whoever has its page alone, and only where it changes: pages that
//! go round with the same length are known on both sides by cache lines that nobody writes.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::NonNull;

use pool_core::{Lease, Pool, PoolBuilder, RawSlot};

use crate::error::BuildErrorKind;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sync::atomic::{AtomicPtr, AtomicU32};

/// One page's.
///
/// - **CARD-1** `pool` and `slot` are the words of the page's right, from the time when the first page of the pool is out.
pub(crate) struct Card {
    pool: AtomicPtr<()>,
    slot: u32,
    /// How many bytes of the page count, as said by who last had it alone and shared it.
    len: AtomicU32,
}

impl Card {
    fn of_slot(slot: u32) -> Self {
        Self {
            pool: AtomicPtr::new(core::ptr::null_mut()),
            slot,
            len: AtomicU32::new(0),
        }
    }

    /// The words of the page's right.
    #[inline]
    pub(crate) fn raw(&self) -> RawSlot {
        // Relaxed: written before the first page was out; whoever has a card was given a page.
        let pool = NonNull::new(self.pool.load(Relaxed)).expect("CARD-1: written at the beginning");
        let slot = self.slot;
        RawSlot { pool, slot }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        // Relaxed: written by who had the page alone, before it was shared; handing over a share orders it.
        self.len.load(Relaxed) as usize
    }

    /// By who has the page alone.
    #[inline]
    pub(crate) fn set_len(&self, len: u32) {
        // Relaxed, both: as in `len`. Looked at first: a line that is not written stays where it is, on every core.
        if self.len.load(Relaxed) != len {
            self.len.store(len, Relaxed);
        }
    }
}

/// The table of a pool, for its owner. Good as long as a page of the pool, or its handle, exists.
#[derive(Clone, Copy)]
pub(crate) struct Cards {
    table: NonNull<[Card]>,
}

impl Cards {
    /// Builds a pool whose slots have cards; and takes its first slot, without which its words are not known.
    pub(crate) fn build(
        builder: PoolBuilder,
        slots: usize,
    ) -> Result<(Pool, Lease, Self), BuildErrorKind> {
        let mut cards = Vec::new();
        let out_of_memory = |_| BuildErrorKind::OutOfMemory { pages: slots };
        cards.try_reserve_exact(slots).map_err(out_of_memory)?;
        cards.extend((0..).take(slots).map(Card::of_slot));
        let table = Table(NonNull::from(Box::leak(cards.into_boxed_slice())));
        let cards = Self { table: table.0 };
        let pool = builder.slots(slots).build_beside(table)?;
        let first = pool.alloc().expect("a new pool's slots are free");
        Ok((pool, cards.filled_in(first), cards))
    }

    fn filled_in(self, first: Lease) -> Lease {
        let raw = first.into_raw();
        // SAFETY: validity: the pool is there, by its handle. Aliasing: only shared references are made before the table's end.
        for card in unsafe { self.table.as_ref() } {
            // Relaxed: no page is out yet.
            card.pool.store(raw.pool.as_ptr(), Relaxed);
        }
        // SAFETY: from `Lease::into_raw`, once.
        unsafe { Lease::from_raw(raw) }
    }

    /// The card of one of the pool's slots.
    ///
    /// # Panics
    ///
    /// If the pool has not so many.
    #[inline]
    pub(crate) fn of(self, slot: usize) -> NonNull<Card> {
        assert!(
            slot < self.table.len(),
            "slot {slot} of {}",
            self.table.len()
        );
        // SAFETY: inside the table.
        unsafe { self.table.cast::<Card>().add(slot) }
    }
}

/// Keeps the table; what a pool is given to keep beside its memory.
struct Table(NonNull<[Card]>);

// SAFETY: cards are `Send`, and the table is dropped once.
unsafe impl Send for Table {}

impl Drop for Table {
    fn drop(&mut self) {
        // SAFETY: validity: leaked in `Cards::build`, and made a box again once. Aliasing: no page of the pool is out, so nobody has a card.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
