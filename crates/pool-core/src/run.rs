//! Several slots on their way between a hand's magazine and the caller.

use core::iter::FusedIterator;

use crate::free_list::{OwnedSlot, PopError};
use crate::hand::Hand;
use crate::lease::Lease;
use crate::magazine::ROUNDS;
use crate::pool::Pool;
use crate::site::Site;
use crate::slots::Slots;
use crate::waiting::WakeLater;

/// Whose magazines are used.
#[derive(Clone, Copy)]
pub(crate) enum By<'a> {
    /// Those of the calling thread, if it has some.
    Thread,
    /// Those of the caller, which are of the same pool.
    Cache(&'a Hand),
}

impl By<'_> {
    fn with_hand<R>(self, pool: &Pool, run: impl FnOnce(Option<&Hand>) -> R) -> R {
        match self {
            // SAFETY: the handle keeps the body (SLOTS-1).
            Self::Thread => unsafe { Slots::with_hand(pool.slots_ptr(), run) },
            Self::Cache(hand) => run(Some(hand)),
        }
    }
}

/// Slots taken and not yet handed out, copied: while they are handed out the caller's code runs, which may use the same magazine.
/// Those not taken go back when it is dropped.
pub(crate) struct TakenRun<'a> {
    pool: &'a Pool,
    by: By<'a>,
    site: Site,
    slots: [u32; ROUNDS as usize],
    next: usize,
    end: usize,
}

impl<'a> TakenRun<'a> {
    pub(crate) fn new(pool: &'a Pool, by: By<'a>, site: Site) -> Self {
        Self {
            pool,
            by,
            site,
            slots: [0; ROUNDS as usize],
            next: 0,
            end: 0,
        }
    }

    /// Takes up to `want` slots and adds them to `into`; tells how many.
    pub(crate) fn hand_out(mut self, want: usize, into: &mut impl Extend<Lease>) -> usize {
        let mut given = 0;
        while given < want && self.left() == 0 {
            if let Err(why) = self.refill(want - given) {
                if given == 0 {
                    self.pool.count(why);
                }
                break;
            }
            let taken = self.left();
            into.extend(self.by_ref());
            given += taken - self.left();
        }
        given
    }

    /// Takes up to `most` slots, as many as are simple to take, or else one. To be called when all were handed out.
    fn refill(&mut self, most: usize) -> Result<(), PopError> {
        debug_assert_eq!(self.left(), 0, "slots not handed out");
        let pool = self.pool;
        let room = &mut self.slots[..most.min(ROUNDS as usize)];
        let mut wakes = WakeLater::nobody();
        let taken = self.by.with_hand(pool, |hand| {
            // SAFETY: the handle keeps the body (SLOTS-1); the hand is this thread's, of this pool.
            unsafe { Slots::take_many(pool.slots_ptr(), hand, room, &mut wakes) }
        })?;
        (self.next, self.end) = (0, taken);
        // Last of all: a waker may panic.
        drop(wakes);
        Ok(())
    }

    fn left(&self) -> usize {
        self.end - self.next
    }

    fn next_slot(&mut self) -> Option<OwnedSlot> {
        let slot = *self.slots[..self.end].get(self.next)?;
        self.next += 1;
        Some(OwnedSlot::assume(slot))
    }
}

impl Iterator for TakenRun<'_> {
    type Item = Lease;

    #[inline]
    fn next(&mut self) -> Option<Lease> {
        let slot = self.next_slot()?;
        Some(self.pool.lease(slot, self.site))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left(), Some(self.left()))
    }
}

impl ExactSizeIterator for TakenRun<'_> {}
impl FusedIterator for TakenRun<'_> {}

impl Drop for TakenRun<'_> {
    fn drop(&mut self) {
        let mut wakes = WakeLater::nobody();
        while let Some(slot) = self.next_slot() {
            // SAFETY: the slot is ours, nobody had its bytes, and the handle is another reason for the body to live.
            unsafe { Slots::put_in_list_and_wake(self.pool.slots_ptr(), slot, &mut wakes) }
        }
    }
}

/// Slots given back and not yet home. They are put home when it is full, and when it is dropped.
pub(crate) struct GivenRun<'a> {
    pool: &'a Pool,
    by: By<'a>,
    slots: [u32; ROUNDS as usize],
    len: usize,
}

impl<'a> GivenRun<'a> {
    pub(crate) fn new(pool: &'a Pool, by: By<'a>) -> Self {
        Self {
            pool,
            by,
            slots: [0; ROUNDS as usize],
            len: 0,
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, lease: Lease) {
        if !lease.belongs_to(self.pool) || self.pool.slots().has_policy() {
            return drop(lease);
        }
        if self.len == self.slots.len() {
            self.flush();
        }
        self.slots[self.len] = lease.into_raw().slot;
        self.len += 1;
    }

    fn flush(&mut self) {
        let given = &self.slots[..core::mem::take(&mut self.len)];
        if given.is_empty() {
            return;
        }
        self.by.with_hand(self.pool, |hand| {
            // SAFETY: the slots are ours by the leases that `add` ended; the handle keeps the body; the hand is this thread's, of this pool.
            unsafe { Slots::give_back_many(self.pool.slots_ptr(), hand, given) }
        });
    }
}

impl Drop for GivenRun<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}
