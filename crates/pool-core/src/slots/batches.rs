//! Magazines that leave and come home whole.

use core::ptr::NonNull;

use super::Slots;
use crate::caches::Caches;
use crate::fences;
use crate::free_list::OwnedSlot;
use crate::magazine::Magazine;
use crate::waiting::WakeLater;

impl Slots {
    /// Takes a full magazine with all its slots, and tells how many; `None` if there is no full one.
    pub(crate) fn take_batch(&self) -> Option<(NonNull<Magazine>, u32)> {
        let caches = self.caches()?;
        loop {
            let magazine = caches.take_full()?;
            // SAFETY: the body's, so alive; only shared references to magazines exist.
            let count = unsafe { magazine.as_ref() }.take_all();
            if count > 0 {
                self.note_high_water();
                return Some((magazine, count));
            }
            caches.put_away(magazine);
        }
    }

    /// Puts a magazine away whose slots were shown just now: in full, or emptied to where everybody looks.
    ///
    /// # Safety
    ///
    /// The body is alive throughout the call, and the magazine is the caller's (MAG-1).
    unsafe fn put_away_shown(
        this: NonNull<Self>,
        caches: &Caches,
        magazine: NonNull<Magazine>,
        wakes: &mut WakeLater,
    ) {
        // SAFETY: alive by this function's own promise; only shared references exist.
        let slots = unsafe { this.as_ref() };
        fences::light();
        if !slots.mode().is_normal() {
            // SAFETY: the body's, so alive; only shared references to magazines exist.
            let shown = unsafe { magazine.as_ref() };
            while let Some(slot) = shown.steal_own(slots.mode()) {
                // SAFETY: stolen just now, so ours, and a reason.
                unsafe { Self::put_in_list_and_wake(this, OwnedSlot::assume(slot), wakes) }
            }
            slots.leave_starvation();
        }
        caches.put_away(magazine);
    }

    /// Takes a batch home, for a caller whom something else keeps the body for.
    ///
    /// # Safety
    ///
    /// The body is alive throughout the call. The magazine is the caller's, with `len` slots of its own in it (BATCH-1).
    pub(crate) unsafe fn give_back_batch(
        this: NonNull<Self>,
        magazine: NonNull<Magazine>,
        len: u32,
        wakes: &mut WakeLater,
    ) {
        // SAFETY: alive by this function's own promise; only shared references exist.
        let Some(caches) = &unsafe { this.as_ref() }.caches else {
            return;
        };
        // SAFETY: the body's, so alive; only shared references to magazines exist.
        unsafe { magazine.as_ref() }.give_all(len);
        // SAFETY: this function's own promise.
        unsafe { Self::put_away_shown(this, caches, magazine, wakes) }
    }

    /// [`give_back_batch`](Self::give_back_batch) for a caller who has nothing but the slots.
    ///
    /// # Safety
    ///
    /// As for [`give_back_batch`](Self::give_back_batch), but only the slots keep the body, which the caller uses no more.
    #[cold]
    pub(crate) unsafe fn give_back_batch_pinned(
        this: NonNull<Self>,
        magazine: NonNull<Magazine>,
        len: u32,
    ) {
        let mut wakes = WakeLater::nobody();
        // SAFETY: the slots keep the body (SLOTS-1); only shared references exist.
        unsafe { this.as_ref() }.pin();
        // SAFETY: the pin keeps the body (SLOTS-3).
        unsafe { Self::give_back_batch(this, magazine, len, &mut wakes) }
        // SAFETY: the pin of the line before, dropped once.
        unsafe { Self::unpin(this) }
        // Last of all, with a pin of their own: a waker may panic.
        drop(wakes);
    }

    /// Puts a magazine away whose slots were all taken out.
    ///
    /// # Safety
    ///
    /// The caller has a slot, and the magazine, which is this pool's.
    pub(crate) unsafe fn put_away_empty(this: NonNull<Self>, magazine: NonNull<Magazine>) {
        // SAFETY: the caller's slot keeps the body (SLOTS-1); only shared references exist.
        if let Some(caches) = &unsafe { this.as_ref() }.caches {
            caches.put_away(magazine);
        }
    }
}
