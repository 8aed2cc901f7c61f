//! What a thread has of a pool's caches: two magazines, or one and the room for another, and some to exchange them for.
//!
//! Two and not one, after Bonwick (J. Bonwick, J. Adams: "Magazines and Vmem", USENIX 2001): with one, a thread at the edge between full and empty would
//! exchange it at every second call.

use core::cell::Cell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::free_list::OwnedSlot;
use crate::magazine::Magazine;
use crate::mode::Mode;
use crate::shelf::Kept;

/// Two magazines of a pool, in the hands of one thread. The place of the second is vacant while a batch is out that was it.
///
/// - **HAND-1** The two, as far as they are there, and those that it keeps point into the pool's array of magazines, which the holder keeps alive by a pin or a handle, and are in no stack and in no other hand. Wakers, which are foreign code
///   and may make the thread's table give the hand away, run after the last use of a hand; none run in an alloc.
pub(crate) struct Hand {
    loaded: Cell<NonNull<Magazine>>,
    previous: Cell<Option<NonNull<Magazine>>>,
    /// Full magazines, and empty ones, so that a thread that only takes, or only gives back, goes to their stacks once for several of them.
    fulls: Kept,
    empties: Kept,
}

impl Hand {
    /// A hand that holds nothing; never used before it was [set](Self::set).
    pub(crate) const fn vacant() -> Self {
        Self {
            loaded: Cell::new(NonNull::dangling()),
            previous: Cell::new(None),
            fulls: Kept::nothing(),
            empties: Kept::nothing(),
        }
    }

    /// The caller vouches for HAND-1, here as with the other magazines that it puts in.
    pub(crate) fn set(&self, loaded: &Magazine, previous: &Magazine) {
        self.loaded.set(NonNull::from(loaded));
        self.previous.set(Some(NonNull::from(previous)));
    }

    #[inline]
    pub(crate) fn loaded(&self) -> &Magazine {
        // SAFETY: a live magazine (HAND-1); only shared references to magazines exist.
        unsafe { self.loaded.get().as_ref() }
    }

    #[inline]
    pub(crate) fn previous(&self) -> Option<&Magazine> {
        // SAFETY: a live magazine (HAND-1); only shared references to magazines exist.
        self.previous
            .get()
            .map(|previous| unsafe { previous.as_ref() })
    }

    /// Loads the other one, if that holds something.
    pub(crate) fn load_other(&self) -> bool {
        self.previous().is_some_and(|previous| previous.len() > 0) && self.swap()
    }

    /// Loads the other one, if there is one.
    #[inline]
    pub(crate) fn swap(&self) -> bool {
        let Some(previous) = self.previous.get() else {
            return false;
        };
        self.previous.set(Some(self.loaded.replace(previous)));
        true
    }

    /// Loads another magazine. The loaded one becomes the previous one if that place is vacant, or else it is the answer, and the caller's.
    pub(crate) fn load<'a>(&'a self, magazine: &Magazine) -> Option<&'a Magazine> {
        let unloaded = self.loaded.replace(NonNull::from(magazine));
        // SAFETY: a live magazine (HAND-1); only shared references to magazines exist.
        let unloaded = unsafe { unloaded.as_ref() };
        (!self.store(unloaded)).then_some(unloaded)
    }

    /// The full magazines that it keeps.
    pub(crate) fn fulls(&self) -> &Kept {
        &self.fulls
    }

    /// The empty magazines that it keeps.
    pub(crate) fn empties(&self) -> &Kept {
        &self.empties
    }

    /// Puts a magazine into the place of the previous one if that is vacant; tells whether it was.
    #[inline]
    pub(crate) fn store(&self, magazine: &Magazine) -> bool {
        let is_vacant = self.previous.get().is_none();
        if is_vacant {
            self.previous.set(Some(NonNull::from(magazine)));
        }
        is_vacant
    }

    /// Takes the previous magazine out: it is the caller's.
    #[inline]
    pub(crate) fn take_previous(&self) -> Option<&Magazine> {
        let previous = self.previous()?;
        self.previous.set(None);
        Some(previous)
    }

    /// Takes a slot if that is simple: the loaded magazine holds one, and is settled for the mode.
    #[inline]
    pub(crate) fn pop_fast(&self, mode: &Mode) -> Option<OwnedSlot> {
        self.loaded().pop(mode).map(OwnedSlot::assume)
    }

    /// Takes some of the loaded magazine's slots if that is simple, and tells how many, which the first of `room` are then.
    #[inline]
    pub(crate) fn pop_many(&self, mode: &Mode, room: &mut [MaybeUninit<u32>]) -> u32 {
        self.loaded().pop_many(mode, room)
    }

    /// Puts slots into the loaded magazine as far as it has room, and tells how many. Those are no longer the caller's.
    #[inline]
    pub(crate) fn push_many(
        &self,
        slots: impl ExactSizeIterator<Item = u32>,
        rounds: u32,
    ) -> usize {
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
