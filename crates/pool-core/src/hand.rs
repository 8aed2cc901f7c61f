//! What a thread has of a pool's caches: two magazines.
//!
//! Two and not one, after Bonwick (J. Bonwick, J. Adams: "Magazines and Vmem", USENIX 2001): with one, a thread at the edge between full and empty would
//! exchange it at every second call.

use core::cell::Cell;
use core::ptr::NonNull;

use crate::free_list::OwnedSlot;
use crate::magazine::Magazine;
use crate::mode::Mode;

/// Two magazines of a pool, in the hands of one thread.
///
/// - **HAND-1** Both point into the pool's array of magazines, which the holder keeps alive by a pin or a handle, and are in no stack and in no other hand.
#[derive(Debug)]
pub(crate) struct Hand {
    loaded: Cell<NonNull<Magazine>>,
    previous: Cell<NonNull<Magazine>>,
}

impl Hand {
    /// A hand that holds nothing; never used before it was [set](Self::set).
    pub(crate) const fn vacant() -> Self {
        Self {
            loaded: Cell::new(NonNull::dangling()),
            previous: Cell::new(NonNull::dangling()),
        }
    }

    /// The caller vouches for HAND-1.
    pub(crate) fn set(&self, loaded: NonNull<Magazine>, previous: NonNull<Magazine>) {
        self.loaded.set(loaded);
        self.previous.set(previous);
    }

    #[inline]
    pub(crate) fn loaded(&self) -> &Magazine {
        // SAFETY: a live magazine (HAND-1); only shared references to magazines exist.
        unsafe { self.loaded.get().as_ref() }
    }

    pub(crate) fn previous(&self) -> &Magazine {
        // SAFETY: a live magazine (HAND-1); only shared references to magazines exist.
        unsafe { self.previous.get().as_ref() }
    }

    pub(crate) fn swap(&self) {
        self.loaded.swap(&self.previous);
    }

    /// Puts another magazine into the place of the loaded one and gives that one.
    pub(crate) fn load(&self, magazine: NonNull<Magazine>) -> NonNull<Magazine> {
        self.loaded.replace(magazine)
    }

    /// Takes a slot if that is simple: the mode is normal, and the loaded magazine holds at least two.
    #[inline]
    pub(crate) fn pop_fast(&self, mode: &Mode) -> Option<OwnedSlot> {
        self.loaded().pop_fast(mode).map(OwnedSlot::assume)
    }

    /// Takes some of the loaded magazine's slots if that is simple, and tells how many.
    #[inline]
    pub(crate) fn pop_many(&self, mode: &Mode, slots: &mut [u32]) -> usize {
        self.loaded().pop_many(mode, slots)
    }

    /// Puts slots into the loaded magazine as far as it has room, and tells how many. Those are no longer the caller's.
    #[inline]
    pub(crate) fn push_many(&self, slots: &[u32], rounds: u32) -> usize {
        self.loaded().push_many(slots, rounds)
    }

    /// Puts a slot into the loaded magazine if that is simple: it has room.
    ///
    /// # Errors
    ///
    /// Gives the slot back if there is no room.
    #[inline]
    pub(crate) fn push_fast(&self, slot: OwnedSlot, rounds: u32) -> Result<(), OwnedSlot> {
        if self.loaded().push(slot.index(), rounds) {
            slot.into_index();
            Ok(())
        } else {
            Err(slot)
        }
    }
}
