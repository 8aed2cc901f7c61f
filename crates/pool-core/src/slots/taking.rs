//! How a slot leaves: out of a hand, or from wherever one is.

use core::mem::MaybeUninit;
use core::ptr::NonNull;

use super::Slots;
use crate::caches::Caches;
use crate::free_list::{OwnedSlot, PopError};
use crate::hand::Hand;
use crate::mode::Phase;

impl Slots {
    /// Takes a slot: out of the hand's magazines or what it exchanges them for, or from wherever one is.
    pub(crate) fn take(&self, hand: Option<&Hand>) -> Result<OwnedSlot, PopError> {
        self.advance_clock();
        let taken = self.take_uncounted(hand);
        if taken.is_ok() {
            self.note_high_water();
        }
        taken
    }

    fn take_uncounted(&self, hand: Option<&Hand>) -> Result<OwnedSlot, PopError> {
        let Some(caches) = &self.caches else {
            let slot = self.list.pop()?;
            self.count_taken(1);
            return Ok(slot);
        };
        if let Some(slot) = hand.and_then(|hand| caches.pop(hand, self.mode())) {
            return Ok(slot);
        }
        self.take_from_anywhere(caches)
    }

    /// Takes a slot from wherever one is: `Empty` only if at some instant of the call none was home.
    fn take_from_anywhere(&self, caches: &Caches) -> Result<OwnedSlot, PopError> {
        let mode = self.mode();
        loop {
            let seen = mode.load();
            if seen.phase() == Phase::Closed {
                return Err(PopError::Closed);
            }
            match self.list.pop() {
                Err(PopError::Empty) => {}
                Err(PopError::Closed) => return Err(PopError::Closed),
                Ok(slot) => {
                    self.count_taken(1);
                    self.leave_starvation();
                    return Ok(slot);
                }
            }
            match seen.phase() {
                // While this epoch starves, every magazine is empty: the empty list was the proof, if the epoch lasted until now.
                Phase::Starving | Phase::Awaited if mode.load() == seen => {
                    return Err(PopError::Empty);
                }
                Phase::Starving | Phase::Awaited => continue,
                Phase::Normal => {
                    if let Some(slot) = caches.pop_from_depot(mode) {
                        return Ok(slot);
                    }
                }
                Phase::Sweeping | Phase::Closed => {}
            }
            let Some(word) = mode.begin_sweep() else {
                return Err(PopError::Closed);
            };
            if let Some(slot) = caches.steal_any(mode, word) {
                self.count_stolen();
                return Ok(slot);
            }
            mode.starve(word);
        }
    }

    /// Takes a slot that is simple to take: out of the hand, the depot or the list. `None` proves nothing: others may have some in their hands.
    pub(crate) fn take_at_hand(&self, hand: Option<&Hand>) -> Option<OwnedSlot> {
        self.advance_clock();
        let of_hand = |caches: &Caches| caches.pop(hand?, self.mode());
        let taken = self.caches.as_ref().and_then(of_hand);
        let taken = taken.or_else(|| self.take_from_list());
        let of_depot = || self.caches.as_ref()?.pop_from_depot(self.mode());
        let taken = taken.or_else(of_depot);
        if taken.is_some() {
            self.note_high_water();
        }
        taken
    }

    fn take_from_list(&self) -> Option<OwnedSlot> {
        let slot = self.list.pop().ok()?;
        self.count_taken(1);
        self.leave_starvation();
        Some(slot)
    }

    /// Gives the magazines back to their owners when the list has a quarter of the slots again that are not in a stock.
    pub(super) fn leave_starvation(&self) {
        let enough = |len| len >= self.geometry.slots.saturating_sub(self.stocked()) / 4;
        if !self.mode().is_normal() && self.list.len().is_some_and(enough) {
            self.mode().leave();
        }
    }

    /// What the pool's policies do to a slot's bytes before its new owner sees them.
    ///
    /// # Panics
    ///
    /// If the kernel refuses to make a protected slot accessible, or a checked one was written while it was free; the slot is home again then.
    ///
    /// # Safety
    ///
    /// The slot is the caller's.
    #[inline]
    pub(crate) unsafe fn prepare(this: NonNull<Self>, slot: OwnedSlot) -> OwnedSlot {
        // SAFETY: the slot keeps the body alive (SLOTS-1); only shared references to it exist.
        let slots = unsafe { this.as_ref() };
        if slots.has_policy() {
            // SAFETY: this function's own promise.
            return unsafe { Self::prepare_by_policy(this, slot) };
        }
        slot
    }

    /// Takes slots that are simple to take, or else one if there is one; tells how many, which the first of `room` are then.
    ///
    /// The hand is the calling thread's, of this pool. No waker is called.
    #[inline]
    pub(crate) fn take_many(
        &self,
        hand: Option<&Hand>,
        room: &mut [MaybeUninit<u32>],
    ) -> Result<u32, PopError> {
        let simple = hand.map_or(0, |hand| hand.pop_many(self.mode(), room));
        if simple > 0 {
            return Ok(simple);
        }
        let Some(first) = room.first_mut() else {
            return Ok(0);
        };
        first.write(self.take(hand)?.into_index());
        Ok(1)
    }
}
