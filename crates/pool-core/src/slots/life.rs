//! How long the body and its region live: handles, reasons, pins, and the end.

use alloc::boxed::Box;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use super::Slots;
use crate::slot_id;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::thread_cache;
use crate::waiting::WakeLater;

static LEAKED_REGIONS: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);

/// How many regions this process leaked on purpose: no [`Pool`](crate::Pool) handle is left while slots are out as ids, which nobody can redeem any more
/// and whose bytes a kernel may still own. (A lease that another thread turns into an id at the moment when the last handle goes may be missed.)
#[must_use]
pub fn leaked_regions() -> usize {
    // Relaxed: a count on its own.
    LEAKED_REGIONS.load(core::sync::atomic::Ordering::Relaxed)
}

impl Slots {
    /// Closes the pool: no slot is handed out any more, the body lives until the last one is home.
    ///
    /// The caller holds a handle, so the body outlives this call.
    pub(crate) fn close(this: NonNull<Self>) {
        drop(Self::close_and_wake(this));
    }

    /// As [`close`](Self::close); the waiters are told, and woken when the answer is dropped.
    fn close_and_wake(this: NonNull<Self>) -> WakeLater {
        // SAFETY: the caller holds a handle (SLOTS-1).
        let slots = unsafe { this.as_ref() };
        let mut home = 0;
        if let Some(caches) = &slots.caches {
            let closed = slots.mode().close();
            home += caches.steal_all(slots.mode(), closed);
        }
        let mut wakes = WakeLater::nobody();
        if let Some(closed) = slots.list.close() {
            home += closed.held;
            if closed.was_awaited {
                // SAFETY: the caller holds a handle.
                unsafe { wakes.refuse_all(this) }
            }
        }
        if home > 0 {
            // SAFETY: those slots are home for good and were counted one reason each.
            unsafe { Self::drop_reasons(this, home) }
        }
        wakes
    }

    pub(crate) fn add_handle(&self) {
        // Relaxed: a new handle is made from one that exists, which keeps the body alive.
        let before = self.cold.0.handles.fetch_add(1, Relaxed);
        if before >= usize::MAX / 2 {
            // Relaxed: undoes this thread's own increment, so that forgotten clones cannot make the count wrap.
            self.cold.0.handles.fetch_sub(1, Relaxed);
            panic!("pool handles: at most usize::MAX / 2");
        }
    }

    /// Drops one handle; the last one closes the pool.
    ///
    /// # Safety
    ///
    /// The caller gives up a handle that it holds, and uses `this` no more.
    pub(crate) unsafe fn drop_handle(this: NonNull<Self>) {
        // SAFETY: the handle being dropped keeps the body alive (SLOTS-1).
        let slots = unsafe { this.as_ref() };
        // [HANDLE-DROP] AcqRel: what others did through their handles happens before what the last one does.
        // Pairs with [HANDLE-DROP] of the other handles.
        if slots.cold.0.handles.fetch_sub(1, AcqRel) > 1 {
            return;
        }
        let wakes = Self::close_and_wake(this);
        thread_cache::forget(this);
        if slot_id::count_out(&slots.list) > 0 {
            slots.count_leak();
        }
        // SAFETY: the handles' common reason, dropped once: `handles` reaches zero once.
        unsafe { Self::drop_reasons(this, 1) }
        // What is left of waiters now are futures that were forgotten.
        drop(wakes);
    }

    /// What turning a lease into an id means when no handle is left: nobody redeems it, and the region stays for ever.
    pub(crate) fn note_id(&self) {
        // Relaxed: it stays zero once it is. While the last handle is being dropped, either this sees it, or who drops it may see the id.
        if self.cold.0.handles.load(Relaxed) == 0 {
            self.count_leak();
        }
    }

    /// Counts the region as leaked, once.
    #[cold]
    fn count_leak(&self) {
        // Relaxed, both: counts on their own.
        if !self.cold.0.is_leaked.swap(true, Relaxed) {
            LEAKED_REGIONS.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
        }
    }

    /// Takes `count` reasons off and frees the body with the last one.
    ///
    /// # Safety
    ///
    /// `count` reasons are counted and the caller's to drop; unless it holds another, it uses `this` no more.
    #[cold]
    pub(crate) unsafe fn drop_reasons(this: NonNull<Self>, count: u32) {
        // SAFETY: the reasons being dropped keep the body alive until the subtraction (SLOTS-1).
        let reasons = unsafe { &this.as_ref().cold.0.reasons };
        // [REASON-DROP] Release: our use of the body and of the slot's bytes happens before they are freed.
        // Pairs with [REASON-LAST].
        if reasons.fetch_sub(count, Release) > count {
            return;
        }
        // [REASON-LAST] Acquire: every other holder's last use happened before the free. Pairs with [REASON-DROP].
        reasons.load(Acquire);
        // SAFETY: the reasons' common pin, which is dropped below, keeps the body (SLOTS-3).
        let slots = unsafe { this.as_ref() };
        if cfg!(loom) {
            // For a model: that the bytes go is a write to all of them.
            (0..slots.list.slots()).for_each(|slot| slots.note_write(slot));
        }
        let region = slots.region.get();
        // SAFETY: validity: inside the body. Aliasing: no reason is left, so nobody else may use the region (SLOTS-1).
        let region = unsafe { &mut *region };
        // Also if the owner of the region's memory panics.
        let _unpin = Unpin(this);
        // SAFETY: dropped once: only one thread sees the word reach zero, and it is not used after that.
        unsafe { ManuallyDrop::drop(region) };
    }

    /// Keeps the body, but not the region, for a hand, for who is about to wake waiters, or for a moment.
    pub(crate) fn pin(&self) {
        // Relaxed: the caller has a reason or a pin that keeps the body now. At most one pin per hand.
        self.cold.0.pins.fetch_add(1, Relaxed);
    }

    /// Drops a pin, and the body with the last one.
    ///
    /// # Safety
    ///
    /// The pin is the caller's, who uses `this` no more unless something else of its keeps it.
    #[cold]
    pub(crate) unsafe fn unpin(this: NonNull<Self>) {
        // SAFETY: the pin being dropped keeps the body alive until the subtraction (SLOTS-3).
        let pins = unsafe { &this.as_ref().cold.0.pins };
        // [PIN-DROP] Release: our use of the body happens before it is freed. Pairs with [PIN-LAST].
        if pins.fetch_sub(1, Release) > 1 {
            return;
        }
        // [PIN-LAST] Acquire: every other holder's last use happened before the free. Pairs with [PIN-DROP].
        pins.load(Acquire);
        // SAFETY: validity: made by `Box::leak` in `create`. Aliasing: no pin is left (SLOTS-3), and only one thread sees the word
        // reach zero.
        drop(unsafe { Box::from_raw(this.as_ptr()) });
    }
}

/// A pin that ends when this is dropped: the reasons' common one, or a call's own.
pub(crate) struct Unpin(pub(crate) NonNull<Slots>);

impl Drop for Unpin {
    fn drop(&mut self) {
        // SAFETY: the pin that this stands for, dropped once; the body is not used after it.
        unsafe { Slots::unpin(self.0) }
    }
}
