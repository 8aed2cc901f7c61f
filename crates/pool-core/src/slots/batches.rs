//! Magazines that leave and come home whole.

use core::num::NonZeroU32;
use core::ptr::NonNull;

use super::Slots;
use crate::fences;
use crate::free_list::OwnedSlot;
use crate::hand::Hand;
use crate::magazine::Magazine;
use crate::waiting::WakeLater;

impl Slots {
    /// Takes a full magazine with all its slots out of a hand that has one to spare, and tells its number and how many.
    #[inline]
    pub(crate) fn take_spare(&self, hand: &Hand) -> Option<(u32, NonZeroU32)> {
        self.caches()?.take_spare(hand, self.mode())
    }

    /// Takes a full magazine with all its slots, out of the hand if that has one to spare, and tells its number and how many; `None` if there is no full one.
    ///
    /// The hand, if there is one, is the calling thread's, of this pool. No waker is called.
    pub(crate) fn take_batch(&self, hand: Option<&Hand>) -> Option<(u32, NonZeroU32)> {
        if let Some(batch) = hand.and_then(|hand| self.take_spare(hand)) {
            return Some(batch);
        }
        self.advance_clock();
        let batch = self.caches()?.take_whole(hand, self.mode())?;
        self.note_high_water();
        Some(batch)
    }

    /// Puts a magazine away whose slots were shown just now: as it is, or emptied to where everybody looks, if a sweeper may have passed it before.
    ///
    /// # Safety
    ///
    /// The body is alive throughout the call, and the magazine is the caller's (MAG-1), of this pool. `wakes` is for this pool alone.
    #[cold]
    #[inline(never)]
    unsafe fn put_away_shown(this: NonNull<Self>, magazine: &Magazine, wakes: &mut WakeLater) {
        // SAFETY: alive by this function's own promise; only shared references exist.
        let slots = unsafe { this.as_ref() };
        fences::light();
        if !slots.mode().is_normal() {
            while let Some(slot) = magazine.steal_own(slots.mode()) {
                // SAFETY: stolen just now, so ours, and a reason.
                unsafe { Self::put_in_list_and_wake(this, OwnedSlot::assume(slot), wakes) }
            }
            slots.leave_starvation();
        }
        if let Some(caches) = slots.caches() {
            caches.put_away(magazine);
        }
    }

    /// Takes a batch home into a hand if that has room for a magazine; tells whether it had.
    ///
    /// # Safety
    ///
    /// The caller holds a handle of `this`. The hand is the caller's, of this pool. The magazine of that number is the caller's, with `len` slots of its own in it
    /// (BATCH-1), and both are the hand's if the answer is yes.
    #[inline]
    pub(crate) unsafe fn store_batch(
        this: NonNull<Self>,
        hand: &Hand,
        number: u32,
        len: u32,
    ) -> bool {
        // SAFETY: the caller's handle keeps the body (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        let magazine = slots.caches().map(|caches| caches.magazine(number));
        let Some(magazine) = magazine.filter(|magazine| hand.store(magazine)) else {
            return false;
        };
        magazine.give_all(len);
        fences::light();
        if !slots.mode().is_normal() {
            // SAFETY: this function's own promise.
            unsafe { Self::empty_hand(this, hand) }
        }
        true
    }

    /// Takes a batch home, into the hand if that has room for a magazine.
    ///
    /// # Safety
    ///
    /// As for [`store_batch`](Self::store_batch), if there is a hand; magazine and slots are the caller's no more.
    pub(crate) unsafe fn give_back_batch(
        this: NonNull<Self>,
        hand: Option<&Hand>,
        number: u32,
        len: u32,
    ) {
        let store = |hand: &Hand| {
            // SAFETY: this function's own promise.
            unsafe { Self::store_batch(this, hand, number, len) }
        };
        if hand.is_some_and(store) {
            return;
        }
        // SAFETY: the caller's handle keeps the body (SLOTS-1); only shared references exist.
        let Some(caches) = (unsafe { this.as_ref() }).caches() else {
            return;
        };
        let magazine = caches.magazine(number);
        magazine.give_all(len);
        let mut wakes = WakeLater::nobody();
        // SAFETY: the caller's handle keeps the body, and the magazine is still the caller's.
        unsafe { Self::put_away_shown(this, magazine, &mut wakes) }
        // Last of all: a waker may panic.
        drop(wakes);
    }

    /// Takes a batch home for a caller who has nothing but its slots.
    ///
    /// # Safety
    ///
    /// As for [`give_back_batch`](Self::give_back_batch), but only the slots keep the body, which the caller uses no more.
    #[cold]
    pub(crate) unsafe fn give_back_batch_pinned(this: NonNull<Self>, number: u32, len: NonZeroU32) {
        let mut wakes = WakeLater::nobody();
        // SAFETY: the slots keep the body (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        slots.pin();
        if let Some(caches) = slots.caches() {
            let magazine = caches.magazine(number);
            magazine.give_all(len.get());
            // SAFETY: the pin keeps the body (SLOTS-3), and the magazine is the caller's.
            unsafe { Self::put_away_shown(this, magazine, &mut wakes) }
        }
        // SAFETY: the pin of before, dropped once.
        unsafe { Self::unpin(this) }
        // Last of all, with a pin of their own: a waker may panic.
        drop(wakes);
    }
}
