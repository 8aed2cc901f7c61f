//! Waiting for a slot: how those who free one learn that somebody waits, at no cost when nobody does.
//!
//! Waiters stand in a [`WaitQueue`](crate::wait_queue) under a lock. Whoever frees a slot while somebody waits gives it to the one in front, hand to hand,
//! and wakes that one; so nobody who comes later can be faster.
//!
//! # How a free learns of it
//!
//! It reads no word for that. A free reads the pool's mode after a store to a magazine, and the list's head before an exchange of it, in any
//! case; and each of the two has a state that says "somebody waits":
//!
//! - **WAIT-1** While the queue is not empty and nobody holds its lock, the list is *awaited* (`head.rs`), and the mode of a pool with caches is *awaited*
//!   (`mode.rs`); or the pool was closed, and the closer is about to empty the queue. Only who holds the lock sets these states, and only a
//!   close ends them without it.
//!
//! A list is awaited only while it is empty, and nothing is pushed on it until it is not. The mode is awaited only from a starvation, which says that every
//! magazine is empty and that each free goes to the list before its call returns; it cannot be left. So when a waiter has
//! set both, no slot is home, and each that comes home comes to the lock: no wake-up is lost. Why a slot cannot hide in a magazine meanwhile is the argument in
//! `mode.rs`, with the same fences: who waits sweeps as any alloc does before it says "exhausted".
//!
//! A list that is awaited looks empty to those who take, so an alloc is refused while somebody waits.
//!
//! # What happens outside the lock
//!
//! Wakers are code of the caller's choice: waking, cloning or dropping one may do anything, also use this pool, or panic; so is the owner of an external
//! region, which goes with the last reason. So none of it happens under the lock or in the middle of anything: a slot that was handed over lies in its waiter's place, who is *served*, and everybody served is woken when the call that
//! served them has nothing else left to do ([`WakeLater`]). A waiter that was served may free the pool at once: a pin (SLOTS-3) keeps the body until the others
//! are woken.
//!
//! When a waker panics, the others are woken and the panic goes on, out of the drop of a lease if need be; two of them in one
//! call abort the process, as any panic in a drop during a panic.

#[cfg(not(feature = "std"))]
pub(crate) use nobody::{Waiting, WakeLater};
#[cfg(feature = "std")]
pub(crate) use queue::{InLine, Waiting, WakeLater};

/// Without `std` there is no lock, and nobody waits.
#[cfg(not(feature = "std"))]
#[expect(clippy::unused_self, reason = "the same face as with `std`")]
mod nobody {
    use core::ptr::NonNull;

    use crate::free_list::OwnedSlot;
    use crate::slots::Slots;

    #[derive(Debug)]
    pub(crate) struct Waiting;

    pub(crate) struct WakeLater;

    impl Waiting {
        pub(crate) fn new() -> Self {
            Self
        }

        pub(crate) fn waits(&self) -> u64 {
            0
        }
    }

    impl WakeLater {
        pub(crate) fn nobody() -> Self {
            Self
        }

        /// # Safety
        ///
        /// Without `std`, none is needed.
        pub(crate) unsafe fn hand_over(
            &mut self,
            _slots: NonNull<Slots>,
            slot: OwnedSlot,
        ) -> Result<(), OwnedSlot> {
            Err(slot)
        }

        /// # Safety
        ///
        /// Without `std`, none is needed.
        pub(crate) unsafe fn refuse_all(&mut self, _slots: NonNull<Slots>) {}

        /// Takes a slot's reason off at once: without `std` every hand is a cache's, which has a handle.
        ///
        /// # Safety
        ///
        /// The slot found `slots` closed, and its reason is the caller's.
        pub(crate) unsafe fn end_reason(&mut self, slots: NonNull<Slots>, slot: OwnedSlot) {
            slot.into_index();
            // SAFETY: this function's own promise.
            unsafe { Slots::drop_reasons(slots, 1) }
        }
    }

    impl Drop for WakeLater {
        /// Where it is dropped matters with `std`.
        fn drop(&mut self) {}
    }
}

#[cfg(feature = "std")]
mod queue {
    use core::mem;
    use core::ptr::NonNull;
    use core::task::Poll;

    use crate::free_list::{OwnedSlot, PopError};
    use crate::lease::Lease;
    use crate::pool::Pool;
    use crate::site::Site;
    use crate::slots::{Slots, Unpin};
    use crate::sync::atomic::Ordering::Relaxed;
    use crate::sync::count::AtomicU64;
    use crate::sync::{Mutex, MutexGuard};
    use crate::wait_queue::{Grant, Sleeper, Ticket, WaitQueue};

    /// A pool's waiters, and how many there ever were.
    #[derive(Debug)]
    pub(crate) struct Waiting {
        queue: Mutex<WaitQueue>,
        waits: AtomicU64,
    }

    impl Waiting {
        pub(crate) fn new() -> Self {
            Self {
                queue: Mutex::new(WaitQueue::new()),
                waits: AtomicU64::new(0),
            }
        }

        fn lock(&self) -> MutexGuard<'_, WaitQueue> {
            // No code of others runs under the lock, and a panic of ours would leave the queue as it was.
            self.queue
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        }

        pub(crate) fn waits(&self) -> u64 {
            // Relaxed: a count on its own.
            self.waits.load(Relaxed)
        }

        /// Wakes everybody who was served, also when a waker panics.
        fn wake_served(&self) {
            struct Others<'a>(&'a Waiting);
            impl Drop for Others<'_> {
                fn drop(&mut self) {
                    self.0.wake_served();
                }
            }
            loop {
                let Some(sleeper) = self.lock().next_served() else {
                    return;
                };
                let others = Others(self);
                sleeper.wake();
                mem::forget(others);
            }
        }
    }

    /// A duty at a call's end, when this is dropped: to wake those who were served in the call, and to take off the reasons of slots that found their pool
    /// closed, which may end the region, and so run its owner's code.
    pub(crate) struct WakeLater {
        /// Pinned (SLOTS-3), if there is a duty.
        slots: Option<NonNull<Slots>>,
        reasons: u32,
    }

    /// Reasons that end when this is dropped.
    struct Reasons(NonNull<Slots>, u32);

    impl Drop for Reasons {
        fn drop(&mut self) {
            if self.1 > 0 {
                // SAFETY: the reasons are this one's to drop, and a pin keeps the body meanwhile.
                unsafe { Slots::drop_reasons(self.0, self.1) }
            }
        }
    }

    impl WakeLater {
        pub(crate) fn nobody() -> Self {
            Self {
                slots: None,
                reasons: 0,
            }
        }

        /// Keeps the body until this is dropped.
        ///
        /// # Safety
        ///
        /// `slots` is alive, and each time the same.
        unsafe fn pin(&mut self, slots: NonNull<Slots>) {
            if self.slots.is_none() {
                // SAFETY: alive (the caller's promise); only shared references to it exist.
                unsafe { slots.as_ref() }.pin();
                self.slots = Some(slots);
            }
        }

        /// Gives a slot to who waits longest.
        ///
        /// # Errors
        ///
        /// Gives it back if nobody waits any more.
        ///
        /// # Safety
        ///
        /// `slots` is the slot's pool, and each time the same. The slot is a reason for it to live; after `Ok` it is so no more.
        pub(crate) unsafe fn hand_over(
            &mut self,
            slots: NonNull<Slots>,
            slot: OwnedSlot,
        ) -> Result<(), OwnedSlot> {
            // SAFETY: the slot is a reason (SLOTS-1).
            unsafe { self.pin(slots) };
            // SAFETY: pinned just now (SLOTS-3); only shared references to it exist.
            let slots = unsafe { slots.as_ref() };
            let mut queue = slots.waiting().lock();
            let given = queue.serve(slot);
            if given.is_ok() {
                slots.count_taken(1);
            }
            slots.await_no_more_if_empty(&queue);
            given
        }

        /// Tells everybody who waits that the pool is closed.
        ///
        /// # Safety
        ///
        /// `slots` is alive, and each time the same.
        pub(crate) unsafe fn refuse_all(&mut self, slots: NonNull<Slots>) {
            // SAFETY: this function's own promise.
            unsafe { self.pin(slots) };
            // SAFETY: pinned just now (SLOTS-3); only shared references to it exist.
            unsafe { slots.as_ref() }.waiting().lock().refuse_all();
        }

        /// Takes a slot's reason off when this is dropped.
        ///
        /// # Safety
        ///
        /// The slot found `slots`, each time the same, closed, and its reason is the caller's.
        pub(crate) unsafe fn end_reason(&mut self, slots: NonNull<Slots>, slot: OwnedSlot) {
            // SAFETY: the slot is a reason (SLOTS-1).
            unsafe { self.pin(slots) };
            slot.into_index();
            self.reasons += 1;
        }
    }

    impl Drop for WakeLater {
        fn drop(&mut self) {
            let Some(slots) = self.slots else { return };
            // Dropped from the last to the first, also when a waker panics.
            let _unpin = Unpin(slots);
            let _reasons = Reasons(slots, self.reasons);
            // SAFETY: pinned (SLOTS-3); only shared references to it exist.
            unsafe { slots.as_ref() }.waiting().wake_served();
        }
    }

    impl Slots {
        /// For who holds the waiters' lock and finds nobody there: takes a slot, or makes every later free come to the lock (WAIT-1).
        ///
        /// The lock is held by the caller, so the list is not awaited until this makes it so, and nothing in here waits for the lock.
        fn take_or_await(&self) -> Result<OwnedSlot, PopError> {
            loop {
                match self.take(None) {
                    Err(PopError::Empty) if !self.await_slots() => {}
                    taken => return taken,
                }
            }
        }

        /// Tells whether no slot was home, in which case those that come home are given to waiters from now on.
        fn await_slots(&self) -> bool {
            if !self.list().await_slots() {
                return false;
            }
            let is_awaited = self.caches().is_none() || self.mode().await_slots();
            if !is_awaited {
                self.list().await_no_more();
            }
            is_awaited
        }

        fn await_no_more_if_empty(&self, queue: &WaitQueue) {
            if queue.is_empty() {
                self.mode().await_no_more();
                self.list().await_no_more();
            }
        }
    }

    /// A place in a pool's queue. Dropping it leaves the queue and passes on what was granted.
    #[derive(Debug)]
    pub(crate) struct InLine<'a> {
        pool: &'a Pool,
        /// `None` only once this has left.
        ticket: Option<Ticket>,
    }

    impl<'a> InLine<'a> {
        /// Takes the last place of the queue; or, if nobody stands there, a slot that is free.
        ///
        /// # Errors
        ///
        /// What there was instead of a reason to wait; and the sleeper, whose drop may panic, so that the slot finds its owner first.
        pub(crate) fn join(pool: &'a Pool, sleeper: Sleeper) -> Result<Self, (Grant, Sleeper)> {
            let slots = pool.slots();
            let mut queue = slots.waiting().lock();
            if queue.is_empty() {
                match slots.take_or_await() {
                    Err(PopError::Empty) => {}
                    Err(PopError::Closed) => return Err((Grant::Closed, sleeper)),
                    Ok(slot) => return Err((Grant::Slot(slot), sleeper)),
                }
            }
            // Relaxed: a count on its own.
            slots.waiting().waits.fetch_add(1, Relaxed);
            let ticket = Some(queue.join(sleeper));
            Ok(Self { pool, ticket })
        }

        /// Whether there is a grant to leave with.
        pub(crate) fn is_served(&self) -> bool {
            self.ticket
                .as_ref()
                .is_some_and(|ticket| self.pool.slots().waiting().lock().is_served(ticket))
        }

        /// Leaves if it was granted something; else has `sleeper` woken when it is, in place of the one before.
        pub(crate) fn poll(
            &mut self,
            sleeper: Sleeper,
            site: Site,
        ) -> Poll<Result<Lease, PopError>> {
            let Some(ticket) = &self.ticket else {
                return Poll::Pending;
            };
            let mut queue = self.pool.slots().waiting().lock();
            let is_served = queue.is_served(ticket);
            let other = queue.sleep_on(ticket, sleeper);
            drop(queue);
            drop(other);
            let answer = is_served.then(|| self.leave(site)).flatten();
            answer.map_or(Poll::Pending, Poll::Ready)
        }

        /// Leaves, with what was granted until now.
        pub(crate) fn leave(&mut self, site: Site) -> Option<Result<Lease, PopError>> {
            let (grant, sleeper) = self.end();
            let answer = grant.map(|grant| self.pool.accept(grant, site));
            // Now that the slot has an owner who survives a panic.
            drop(sleeper);
            answer
        }

        fn end(&mut self) -> (Option<Grant>, Option<Sleeper>) {
            let Some(ticket) = self.ticket.take() else {
                return (None, None);
            };
            let slots = self.pool.slots();
            let mut queue = slots.waiting().lock();
            let left = queue.leave(ticket);
            slots.await_no_more_if_empty(&queue);
            left
        }
    }

    impl Drop for InLine<'_> {
        fn drop(&mut self) {
            let (grant, _sleeper) = self.end();
            if let Some(Grant::Slot(slot)) = grant {
                // SAFETY: the slot was granted to this place, so it is ours, and the handle is another reason.
                unsafe { Slots::put_in_list(self.pool.slots_ptr(), slot) }
            }
        }
    }
}
