//! Which magazines of a pool the calling thread has: a small table per thread.
//!
//! The table is a constant-initialised thread-local without a destructor, so the fast path is one address computation. What gives the magazines back when the
//! thread ends is a second thread-local, touched when the first hand is filled. Leases dropped after that, by other destructors of the thread, find no
//! hand and use the shared list.
//!
//! Without `std` there are no thread-locals, and in loom models none that loom understands: every thread is without a hand there, and models use an explicit
//! [`Cache`](crate::Cache), which runs the same code.

#[cfg(all(feature = "std", not(loom)))]
pub(crate) use table::with_hand;

#[cfg(not(all(feature = "std", not(loom))))]
#[inline]
pub(crate) fn with_hand<R>(
    _slots: core::ptr::NonNull<crate::slots::Slots>,
    _place: u32,
    run: impl FnOnce(Option<&crate::hand::Hand>) -> R,
) -> R {
    run(None)
}

#[cfg(all(feature = "std", not(loom)))]
mod table {
    use core::cell::Cell;
    use core::ptr::{self, NonNull};
    use std::thread_local;

    use crate::hand::Hand;
    use crate::mode::Phase;
    use crate::slots::Slots;

    /// Pools that a thread uses at a time with a cache in each. One more that falls on the same place takes it over.
    const PLACES: usize = 64;

    /// - **THREAD-1** A place that names a pool has that pool's magazines in its hand (HAND-1), and pins the pool's body.
    struct Place {
        slots: Cell<*const Slots>,
        hand: Hand,
    }

    struct Table([Place; PLACES]);

    thread_local! {
        static TABLE: Table = const {
            Table([const { Place { slots: Cell::new(ptr::null()), hand: Hand::vacant() } }; PLACES])
        };
        static GIVE_BACK: GiveBack = const { GiveBack };
    }

    /// Runs something with the calling thread's hand in a pool, which is filled if it has none and may have one. `place` is the pool's
    /// number: pools that were built one after another fall on different places.
    #[inline]
    pub(crate) fn with_hand<R>(
        slots: NonNull<Slots>,
        place: u32,
        run: impl FnOnce(Option<&Hand>) -> R,
    ) -> R {
        TABLE.with(|table| {
            let place = &table.0[place as usize % PLACES];
            let ours = ptr::eq(place.slots.get(), slots.as_ptr()) || enter(place, slots);
            run(ours.then_some(&place.hand))
        })
    }

    #[cold]
    #[inline(never)]
    fn enter(place: &Place, slots: NonNull<Slots>) -> bool {
        // SAFETY: the caller keeps the body alive for this call; only shared references to it exist.
        let body = unsafe { slots.as_ref() };
        let Some(caches) = body.caches() else {
            return false;
        };
        // Without its destructor, which is gone when the thread is nearly so, magazines would never be given back.
        if body.mode().load().phase() == Phase::Closed || GIVE_BACK.try_with(|_| ()).is_err() {
            return false;
        }
        leave(place);
        if !caches.fill_hand(&place.hand) {
            return false;
        }
        body.pin();
        place.slots.set(slots.as_ptr());
        true
    }

    /// Gives back what a place stands for.
    fn leave(place: &Place) {
        let Some(slots) = NonNull::new(place.slots.replace(ptr::null()).cast_mut()) else {
            return;
        };
        // SAFETY: the place's pin keeps the body (THREAD-1); only shared references to it exist.
        if let Some(caches) = unsafe { slots.as_ref() }.caches() {
            caches.empty_hand(&place.hand);
        }
        // SAFETY: the place's own pin, dropped once: the place names nothing any more.
        unsafe { Slots::unpin(slots) }
    }

    struct GiveBack;

    impl Drop for GiveBack {
        fn drop(&mut self) {
            TABLE.with(|table| table.0.iter().for_each(leave));
        }
    }
}
