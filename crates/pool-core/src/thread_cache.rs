//! Which magazines of a pool the calling thread has: a small table per thread.
//!
//! The table is a constant-initialised thread-local without a destructor, so the fast path is one address computation. What gives the magazines back when the
//! thread ends is a second thread-local, touched when the first hand is filled. Leases dropped after that, by other destructors of the thread, find no
//! hand and use the shared list.
//!
//! Without `std` there are no thread-locals, and in loom models none that loom understands: every thread is without a hand there, and models use an explicit
//! [`Cache`](crate::Cache), which runs the same code.

#[cfg(all(feature = "std", not(loom)))]
pub(crate) use table::{Spot, forget, pop, push, simple_hand, with_hand};

#[cfg(not(all(feature = "std", not(loom))))]
pub(crate) use no_table::{Spot, forget, pop, push, simple_hand, with_hand};

#[cfg(not(all(feature = "std", not(loom))))]
mod no_table {
    use core::ptr::NonNull;

    use crate::free_list::OwnedSlot;
    use crate::hand::Hand;
    use crate::slots::Slots;

    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Spot;

    impl Spot {
        pub(crate) fn of(_serial: usize) -> Self {
            Self
        }
    }

    /// # Safety
    ///
    /// None is needed: there is no table.
    #[inline]
    pub(crate) unsafe fn pop(_slots: NonNull<Slots>) -> Option<OwnedSlot> {
        None
    }

    /// # Safety
    ///
    /// None is needed: there is no table.
    #[inline]
    pub(crate) unsafe fn push(_slots: NonNull<Slots>, slot: OwnedSlot) -> Result<(), OwnedSlot> {
        Err(slot)
    }

    /// # Safety
    ///
    /// None is needed: there is no table.
    #[inline]
    pub(crate) unsafe fn simple_hand(_slots: NonNull<Slots>) -> Option<NonNull<Hand>> {
        None
    }

    pub(crate) fn forget(_slots: NonNull<Slots>) {}

    /// # Safety
    ///
    /// None is needed: there is no table.
    #[inline]
    pub(crate) unsafe fn with_hand<R>(
        _slots: NonNull<Slots>,
        run: impl FnOnce(Option<&Hand>) -> R,
    ) -> R {
        run(None)
    }
}

#[cfg(all(feature = "std", not(loom)))]
mod table {
    use core::cell::Cell;
    use core::ptr::{self, NonNull};
    use std::thread_local;

    use crate::free_list::OwnedSlot;
    use crate::hand::Hand;
    use crate::mode::Phase;
    use crate::slots::Slots;

    /// Pools that a thread uses at a time with a cache in each. One more that falls on the same place takes it over.
    const PLACES: usize = 64;

    /// - **THREAD-1** A place that names a pool has that pool's magazines in its hand (HAND-1), and pins the pool's body.
    #[repr(C, align(32))]
    struct Place {
        /// The pool's [key](key_of), or null.
        key: Cell<*const Slots>,
        hand: Hand,
    }

    #[repr(C)]
    struct Table([Place; PLACES]);

    /// Where in every thread's table a pool has its place.
    ///
    /// - **SPOT-1** The offset in bytes of one of the table's places.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Spot(u32);

    impl Spot {
        /// Pools that were built one after another fall on different places.
        pub(crate) fn of(serial: usize) -> Self {
            let offset = serial % PLACES * size_of::<Place>();
            Self(u32::try_from(offset).expect("the table is a few kilobytes"))
        }
    }

    impl Table {
        #[inline]
        fn at(&self, spot: Spot) -> &Place {
            let place = ptr::from_ref(self).wrapping_byte_add(spot.0 as usize);
            // SAFETY: validity: a place of the table (SPOT-1), which starts with them (`repr(C)`). Aliasing: only shared references to
            // places exist.
            unsafe { &*place.cast::<Place>() }
        }
    }

    thread_local! {
        static TABLE: Table = const {
            Table([const { Place { key: Cell::new(ptr::null()), hand: Hand::vacant() } }; PLACES])
        };
        static GIVE_BACK: GiveBack = const { GiveBack };
    }

    /// What a place is known by: the body's address, or that and one if the pool has a policy. So a pool with a policy never takes the
    /// fast path, which looks for the address, and no word is read to find that out.
    #[inline]
    fn key_of(slots: NonNull<Slots>, has_policy: bool) -> *const Slots {
        slots
            .as_ptr()
            .wrapping_byte_add(usize::from(has_policy))
            .cast_const()
    }

    fn body_of(key: *const Slots) -> Option<NonNull<Slots>> {
        NonNull::new(key.map_addr(|address| address & !1).cast_mut())
    }

    /// Takes a slot out of the calling thread's hand, if that is simple: it has one in this pool, the pool has no policy, and the loaded
    /// magazine is not empty. No call and no locked instruction.
    ///
    /// # Safety
    ///
    /// The caller keeps the body alive.
    #[inline(always)]
    pub(crate) unsafe fn pop(slots: NonNull<Slots>) -> Option<OwnedSlot> {
        // SAFETY: alive by this function's own promise; only shared references to it exist.
        let body = unsafe { slots.as_ref() };
        TABLE.with(|table| {
            let place = table.at(body.spot());
            if !ptr::eq(place.key.get(), slots.as_ptr()) {
                return None;
            }
            place.hand.pop_fast(body.mode())
        })
    }

    /// Puts a slot into the calling thread's hand, if that is simple: as for [`pop`], and the loaded magazine has room.
    ///
    /// # Errors
    ///
    /// Gives the slot back if that is not simple.
    ///
    /// # Safety
    ///
    /// The body is alive as long as the slot is the caller's, who uses the body no more unless something else of its keeps it.
    #[inline(always)]
    pub(crate) unsafe fn push(slots: NonNull<Slots>, slot: OwnedSlot) -> Result<(), OwnedSlot> {
        // SAFETY: alive by this function's own promise until the push, and after it by what keeps the hand (THREAD-1); only shared references to
        // it exist.
        let body = unsafe { slots.as_ref() };
        TABLE.with(|table| {
            let place = table.at(body.spot());
            if !ptr::eq(place.key.get(), slots.as_ptr()) {
                return Err(slot);
            }
            // SAFETY: this function's own promise; the hand is this thread's, of this pool (THREAD-1).
            unsafe { Slots::push_fast(slots, &place.hand, slot) }
        })
    }

    /// The calling thread's hand, if that is simple: it has one in this pool, and the pool has no policy. Good until code of the caller's runs, which may make the
    /// table give it away (HAND-1).
    ///
    /// # Safety
    ///
    /// The caller keeps the body alive.
    #[inline(always)]
    pub(crate) unsafe fn simple_hand(slots: NonNull<Slots>) -> Option<NonNull<Hand>> {
        // SAFETY: alive by this function's own promise; only shared references to it exist.
        let spot = unsafe { slots.as_ref() }.spot();
        TABLE.with(|table| {
            let place = table.at(spot);
            ptr::eq(place.key.get(), slots.as_ptr()).then(|| NonNull::from(&place.hand))
        })
    }

    /// Runs something with the calling thread's hand, which is filled if it has none and may have one.
    ///
    /// # Safety
    ///
    /// The caller keeps the body alive when it calls.
    pub(crate) unsafe fn with_hand<R>(
        slots: NonNull<Slots>,
        run: impl FnOnce(Option<&Hand>) -> R,
    ) -> R {
        // SAFETY: alive by this function's own promise; only shared references to it exist.
        let body = unsafe { slots.as_ref() };
        let key = key_of(slots, body.has_policy());
        let spot = body.spot();
        TABLE.with(|table| {
            let place = table.at(spot);
            let ours = ptr::eq(place.key.get(), key) || enter(place, slots, key);
            run(ours.then_some(&place.hand))
        })
    }

    #[cold]
    #[inline(never)]
    fn enter(place: &Place, slots: NonNull<Slots>, key: *const Slots) -> bool {
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
        place.key.set(key);
        true
    }

    /// Gives back what the calling thread has of a pool that is over, and so the pin: its body goes with what keeps it elsewhere, not with this thread.
    #[cold]
    pub(crate) fn forget(slots: NonNull<Slots>) {
        TABLE.with(|table| {
            let is_of_it = |place: &&Place| body_of(place.key.get()) == Some(slots);
            table.0.iter().filter(is_of_it).for_each(leave);
        });
    }

    /// Gives back what a place stands for.
    fn leave(place: &Place) {
        let Some(slots) = body_of(place.key.replace(ptr::null())) else {
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
