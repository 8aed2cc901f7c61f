//! Several slots on their way between a hand's magazine and the caller.
//!
//! They are copied: while they are handed out or collected the caller's code runs, which may use the same magazine.

use alloc::vec::Vec;
use core::mem::{self, MaybeUninit};
use core::ptr::{self, NonNull};
use core::slice;

use crate::free_list::{OwnedSlot, PopError};
use crate::hand::Hand;
use crate::lease::Lease;
use crate::magazine::ROUNDS;
use crate::pool::Pool;
use crate::site::Site;
use crate::slots::Slots;
use crate::thread_cache;
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
    /// Runs something with the hand if that is simple: it is there, and the pool has no policy. What runs calls no code of the caller's but wakers, last of all.
    #[inline(always)]
    pub(crate) fn with_simple_hand<R>(
        self,
        pool: &Pool,
        run: impl FnOnce(&Hand) -> R,
    ) -> Option<R> {
        let hand = match self {
            // SAFETY: the handle keeps the body (SLOTS-1).
            Self::Thread => unsafe { thread_cache::simple_hand(pool.slots_ptr()) }?,
            Self::Cache(_) if pool.slots().has_policy() => return None,
            Self::Cache(hand) => NonNull::from(hand),
        };
        // SAFETY: the calling thread's or the caller's, which is where it was: no code of the caller's has run since (HAND-1). Only shared references to hands exist.
        Some(run(unsafe { hand.as_ref() }))
    }

    pub(crate) fn with_hand<R>(self, pool: &Pool, run: impl FnOnce(Option<&Hand>) -> R) -> R {
        match self {
            // SAFETY: the handle keeps the body (SLOTS-1).
            Self::Thread => unsafe { Slots::with_hand(pool.slots_ptr(), run) },
            Self::Cache(hand) => run(Some(hand)),
        }
    }
}

/// Takes up to `want` slots and adds them to `into`; tells how many.
#[inline]
pub(crate) fn take_many(
    pool: &Pool,
    by: By<'_>,
    site: Site,
    want: usize,
    into: &mut impl Extend<Lease>,
) -> usize {
    let mut given = 0;
    while given < want {
        let mut room = ROOM;
        let room = &mut room[..(want - given).min(ROUNDS as usize)];
        let mode = pool.slots().mode();
        let taken = match by.with_simple_hand(pool, |hand| hand.pop_many(mode, room)) {
            None | Some(0) => match fill(room, pool, by) {
                Ok(taken) => taken,
                Err(why) => {
                    if given == 0 {
                        pool.count(why);
                    }
                    break;
                }
            },
            Some(taken) => taken,
        };
        let mut run = TakenRun::of(pool, room, taken);
        run.hand_out(site, into);
        given += run.next;
        if run.next < run.slots.len() {
            break; // More than `into` wants.
        }
    }
    given
}

/// Gives back the slots of all these leases, or of those before the iterator panics.
#[inline]
pub(crate) fn give_many(pool: &Pool, by: By<'_>, leases: impl IntoIterator<Item = Lease>) {
    let leases = leases.into_iter();
    // What does not say how many it has may wait for the next one, and those before are not to wait with it.
    if pool.slots().has_policy() || leases.size_hint().0 == 0 {
        return leases.for_each(drop);
    }
    let mut room = ROOM;
    let mut run = GivenRun {
        body: pool.slots_ptr(),
        pool,
        by,
        room: &mut room,
        len: 0,
    };
    leases.for_each(|lease| run.add(lease));
}

/// Gives back the slots of all leases of a `Vec`: at once those that go into a hand without an exchange of magazines, if all are of the pool.
#[inline]
pub(crate) fn give_all(pool: &Pool, by: By<'_>, leases: &mut Vec<Lease>) {
    let body = pool.slots_ptr();
    // Not `all`, which would look at one after the other. With `track` each has an event to note.
    let are_own = leases
        .iter()
        .fold(true, |own, lease| own & lease.is_of(body));
    if are_own && !cfg!(feature = "track") {
        by.with_simple_hand(pool, |hand| {
            // SAFETY: the handle keeps the body; the hand is this thread's or the caller's, of this pool, and so are the leases.
            unsafe { Slots::give_back_first(body, hand, leases) }
        });
    }
    if !leases.is_empty() {
        give_many(pool, by, leases.drain(..));
    }
}

/// Room for a magazine's slots, written only where they are put: to clear all of it would cost as much as to move a few.
type Room = [MaybeUninit<u32>; ROUNDS as usize];
const ROOM: Room = [const { MaybeUninit::uninit() }; ROUNDS as usize];

/// Slots taken. Those not handed out go back when it is dropped.
struct TakenRun<'a> {
    pool: &'a Pool,
    slots: &'a [u32],
    /// How many were handed out.
    next: usize,
}

/// Takes as many slots as are simple to take and `room` has places, or else one; tells how many, which the first of `room` are then.
fn fill(room: &mut [MaybeUninit<u32>], pool: &Pool, by: By<'_>) -> Result<u32, PopError> {
    by.with_hand(pool, |hand| pool.slots().take_many(hand, room))
}

impl<'a> TakenRun<'a> {
    /// The caller has the slots, which were written to the first `taken` places of `room`.
    #[inline]
    fn of(pool: &'a Pool, room: &'a [MaybeUninit<u32>], taken: u32) -> Self {
        let taken = ptr::from_ref(&room[..taken as usize]);
        Self {
            pool,
            // SAFETY: validity: so many were written. Aliasing: borrowed from `room`, which nobody writes as long as this is.
            slots: unsafe { &*(taken as *const [u32]) },
            next: 0,
        }
    }

    /// Adds the slots to `into`, as a slice's iterator, so that a `Vec` makes room once.
    #[inline]
    fn hand_out(&mut self, site: Site, into: &mut impl Extend<Lease>) {
        let (pool, body, next) = (self.pool, self.pool.slots_ptr(), &mut self.next);
        let slots = self.slots.iter().map(|slot| {
            *next += 1;
            OwnedSlot::assume(*slot)
        });
        if pool.slots().has_policy() {
            into.extend(slots.map(|slot| pool.lease(slot, site)));
        } else {
            into.extend(slots.map(|slot| {
                pool.slots().remember(slot.index(), site);
                Lease::new(body, slot)
            }));
        }
    }
}

impl Drop for TakenRun<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.next < self.slots.len() {
            put_back(self.pool, &self.slots[self.next..]);
        }
    }
}

/// Gives back slots that are the caller's and whose bytes nobody had since they were free.
#[cold]
#[inline(never)]
pub(crate) fn put_back(pool: &Pool, slots: &[u32]) {
    let mut wakes = WakeLater::nobody();
    for slot in slots {
        // SAFETY: the slot is ours, nobody had its bytes, and the handle is another reason for the body to live.
        unsafe {
            Slots::put_in_list_and_wake(pool.slots_ptr(), OwnedSlot::assume(*slot), &mut wakes);
        }
    }
}

/// Slots given back and not yet home. They are put home when there are as many as a magazine holds, and when it is dropped.
///
/// - **RUN-1** The first `len` of `room` are written, with slots of the pool that are nobody else's.
struct GivenRun<'a> {
    /// The pool's body, here once more so that it need not be looked up for each lease.
    body: NonNull<Slots>,
    pool: &'a Pool,
    by: By<'a>,
    room: &'a mut Room,
    len: usize,
}

impl GivenRun<'_> {
    /// Collects a lease of a pool without a policy.
    #[inline]
    fn add(&mut self, lease: Lease) {
        if !lease.is_of(self.body) {
            return drop_elsewhere(lease);
        }
        if self.len == self.room.len() {
            self.flush();
        }
        self.room[self.len].write(lease.into_raw().slot);
        self.len += 1;
    }

    #[inline]
    fn flush(&mut self) {
        let len = mem::take(&mut self.len);
        let room: *const Room = self.room;
        // SAFETY: validity: the first `len` are written (RUN-1). Aliasing: `room` is borrowed by this run, which is borrowed until they are home.
        let given = unsafe { slice::from_raw_parts(room.cast::<u32>(), len) };
        put_home(self.pool, self.by, given);
    }
}

/// The slots are the caller's, of this pool, by leases that ended.
#[inline(never)]
fn put_home(pool: &Pool, by: By<'_>, given: &[u32]) {
    if given.is_empty() {
        return;
    }
    let give = |hand: Option<&Hand>| {
        // SAFETY: the slots are the caller's; the handle keeps the body; the hand is this thread's, of this pool.
        unsafe { Slots::give_back_many(pool.slots_ptr(), hand, given) }
    };
    if by.with_simple_hand(pool, |hand| give(Some(hand))).is_none() {
        by.with_hand(pool, give);
    }
}

#[cold]
#[inline(never)]
fn drop_elsewhere(lease: Lease) {
    drop(lease);
}

impl Drop for GivenRun<'_> {
    #[inline]
    fn drop(&mut self) {
        self.flush();
    }
}
