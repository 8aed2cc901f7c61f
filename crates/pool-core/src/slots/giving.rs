//! How a slot comes home: into a hand, into the shared list, or to who waits for one.

use alloc::vec::Vec;
use core::mem;
use core::ptr::NonNull;

use super::Slots;
use crate::caches::Caches;
use crate::fences;
use crate::free_list::{Chain, FreeList, OwnedSlot, Refused};
use crate::hand::Hand;
use crate::lease::Lease;
use crate::site::SlotEvent;
use crate::thread_cache;
use crate::waiting::WakeLater;

impl Slots {
    /// Takes a slot home, by the calling thread's hand if it has one, and frees the body if this was the last reason to keep it.
    ///
    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back).
    #[inline(always)]
    pub(crate) unsafe fn give_back_here(this: NonNull<Self>, slot: OwnedSlot) {
        let pushed = if cfg!(feature = "track") {
            Err(slot) // There is an event to note, once.
        } else {
            // SAFETY: this function's own promise.
            unsafe { thread_cache::push(this, slot) }
        };
        if let Err(slot) = pushed {
            // SAFETY: the slot is still ours.
            unsafe { Self::give_back_slowly(this, slot) }
        }
    }

    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back).
    #[cold]
    #[inline(never)]
    unsafe fn give_back_slowly(this: NonNull<Self>, slot: OwnedSlot) {
        let give = |hand: Option<&Hand>| {
            // SAFETY: this function's own promise; the hand is this thread's and of this pool.
            unsafe { Self::give_back(this, hand, slot) }
        };
        // SAFETY: alive as long as the slot is ours (SLOTS-1).
        unsafe { Self::with_hand(this, give) }
    }

    /// Takes a slot home and frees the body if this was the last reason to keep it.
    ///
    /// # Panics
    ///
    /// If the pool checks and something was written beside the slot; the slot is home then.
    ///
    /// # Safety
    ///
    /// `this` is alive (SLOTS-1: the slot being given back is a reason), and the caller uses it no more unless it
    /// holds another reason. The hand, if there is one, is the calling thread's, of this pool.
    pub(crate) unsafe fn give_back(this: NonNull<Self>, hand: Option<&Hand>, slot: OwnedSlot) {
        // SAFETY: alive until the push below succeeds or the reason is dropped (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        if slots.has_policy() {
            // SAFETY: this function's own promise.
            return unsafe { Self::give_back_by_policy(this, hand, slot) };
        }
        slots.note(slot.index(), SlotEvent::GivenBack);
        // SAFETY: this function's own promise.
        unsafe { Self::put_home(this, hand, slot) }
    }

    /// The end of [`give_back`](Self::give_back), for a slot whose bytes nobody had.
    ///
    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back).
    pub(crate) unsafe fn put_home(this: NonNull<Self>, hand: Option<&Hand>, slot: OwnedSlot) {
        let Some(hand) = hand else {
            // SAFETY: this function's own promise.
            return unsafe { Self::put_in_list(this, slot) };
        };
        // SAFETY: this function's own promise.
        if let Err(slot) = unsafe { Self::push_fast(this, hand, slot) } {
            // SAFETY: the slot is still ours, and a reason.
            unsafe { Self::put_slowly(this, hand, slot) }
        }
    }

    /// Puts a slot into a hand if that is simple: the loaded magazine has room.
    ///
    /// # Errors
    ///
    /// Gives the slot back if there is no room.
    ///
    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back), and the hand is the calling thread's, of this pool.
    #[inline(always)]
    pub(crate) unsafe fn push_fast(
        this: NonNull<Self>,
        hand: &Hand,
        slot: OwnedSlot,
    ) -> Result<(), OwnedSlot> {
        // SAFETY: alive until the slot is in the hand, and then by what keeps the hand; only shared references exist.
        let slots = unsafe { this.as_ref() };
        hand.push_fast(slot, slots.rounds())?;
        fences::light();
        if !slots.mode().is_normal() {
            // SAFETY: what keeps the hand keeps the body.
            unsafe { Self::empty_hand(this, hand) }
        }
        Ok(())
    }

    /// Takes many slots home, for a caller who has a handle.
    ///
    /// # Safety
    ///
    /// The slots are the caller's, who holds a handle of `this`. The hand, if there is one, is the calling thread's, of this pool.
    #[inline]
    pub(crate) unsafe fn give_back_many(this: NonNull<Self>, hand: Option<&Hand>, given: &[u32]) {
        // SAFETY: the caller's handle keeps the body alive (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        debug_assert!(
            !slots.has_policy(),
            "slots with a policy are dropped one by one"
        );
        for slot in given {
            slots.note(*slot, SlotEvent::GivenBack);
        }
        let pushed = hand.map_or(0, |hand| {
            hand.push_many(given.iter().copied(), slots.rounds())
        });
        fences::light();
        if pushed < given.len() || !slots.mode().is_normal() {
            // SAFETY: this function's own promise; those pushed are no longer given.
            unsafe { Self::give_back_rest(this, hand, &given[pushed..]) }
        }
    }

    /// Takes the slots of the first leases home, as many as a hand takes without an exchange, for a caller who has a handle.
    ///
    /// # Safety
    ///
    /// The leases are of this pool, which has no policy, and the caller holds a handle of `this`. The hand is the calling thread's, of this pool.
    #[inline]
    pub(crate) unsafe fn give_back_first(
        this: NonNull<Self>,
        hand: &Hand,
        leases: &mut Vec<Lease>,
    ) {
        // SAFETY: the caller's handle keeps the body alive (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        let pushed = hand.push_many(leases.iter().map(Lease::slot_number), slots.rounds());
        if pushed == leases.len() {
            // SAFETY: shorter than it is; the leases end here, and their slots are home.
            unsafe { leases.set_len(0) }
        } else {
            leases.drain(..pushed).for_each(mem::forget);
        }
        fences::light();
        if !slots.mode().is_normal() {
            // SAFETY: the caller's handle keeps the body.
            unsafe { Self::empty_hand(this, hand) }
        }
    }

    /// The end of [`give_back_many`](Self::give_back_many), unless all slots went into the hand while the mode was normal.
    ///
    /// # Safety
    ///
    /// As for [`give_back_many`](Self::give_back_many).
    #[cold]
    #[inline(never)]
    unsafe fn give_back_rest(this: NonNull<Self>, hand: Option<&Hand>, given: &[u32]) {
        // SAFETY: the caller's handle keeps the body alive (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        let mut wakes = WakeLater::nobody();
        let mut left = given;
        if let (Some(hand), Some(caches)) = (hand, slots.caches()) {
            loop {
                // Before a magazine is exchanged: a sweeper may have passed what is in it.
                // SAFETY: this function's own promise.
                let is_normal = unsafe { Self::look_at_mode(this, hand, &mut wakes) };
                let Some((first, rest)) = left.split_first().filter(|_| is_normal) else {
                    break;
                };
                match caches.push(hand, slots.mode(), OwnedSlot::assume(*first)) {
                    Ok(()) => left = &rest[hand.push_many(rest.iter().copied(), slots.rounds())..],
                    Err(refused) => {
                        refused.into_index(); // It is the first of those left.
                        break;
                    }
                }
            }
        }
        for slot in left {
            // SAFETY: the slot is ours, and a reason.
            unsafe { Self::put_in_list_and_wake(this, OwnedSlot::assume(*slot), &mut wakes) }
        }
        // Last of all: a waker may use this hand, or put it away, or panic.
        drop(wakes);
    }

    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back), and the hand is the calling thread's, of this pool.
    #[cold]
    #[inline(never)]
    unsafe fn put_slowly(this: NonNull<Self>, hand: &Hand, slot: OwnedSlot) {
        // SAFETY: what keeps the hand keeps the body; only shared references exist.
        let slots = unsafe { this.as_ref() };
        let Some(caches) = &slots.caches else { return };
        let mut wakes = WakeLater::nobody();
        if let Err(slot) = caches.push(hand, slots.mode(), slot) {
            // SAFETY: the slot is still ours, and a reason.
            unsafe { Self::put_in_list_and_wake(this, slot, &mut wakes) }
        }
        // SAFETY: what keeps the hand keeps the body.
        unsafe { Self::look_at_mode(this, hand, &mut wakes) };
        // Last of all: a waker may use this hand, or put it away.
        drop(wakes);
    }

    /// Empties a hand if the mode is not normal, after something in it was shown; tells whether the mode is normal.
    ///
    /// # Safety
    ///
    /// As for [`empty_hand_and_wake`](Self::empty_hand_and_wake).
    #[inline]
    pub(super) unsafe fn look_at_mode(
        this: NonNull<Self>,
        hand: &Hand,
        wakes: &mut WakeLater,
    ) -> bool {
        fences::light();
        // SAFETY: kept by what keeps the hand; only shared references exist.
        let is_normal = unsafe { this.as_ref() }.mode().is_normal();
        if !is_normal {
            // SAFETY: this function's own promise.
            unsafe { Self::empty_hand_and_wake(this, hand, wakes) }
        }
        is_normal
    }

    /// Moves what a hand holds to the list: the mode is not normal, and what lies here might be missed.
    ///
    /// # Safety
    ///
    /// The hand is the calling thread's, of this pool, and what keeps it keeps the body.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn empty_hand(this: NonNull<Self>, hand: &Hand) {
        let mut wakes = WakeLater::nobody();
        // SAFETY: this function's own promise.
        unsafe { Self::empty_hand_and_wake(this, hand, &mut wakes) }
        // Last of all: a waker may use this hand, or put it away.
        drop(wakes);
    }

    /// As [`empty_hand`](Self::empty_hand), by a caller who is not done yet.
    ///
    /// # Safety
    ///
    /// As for [`empty_hand`](Self::empty_hand); `wakes` is for this pool alone.
    pub(super) unsafe fn empty_hand_and_wake(
        this: NonNull<Self>,
        hand: &Hand,
        wakes: &mut WakeLater,
    ) {
        // SAFETY: kept by what keeps the hand; only shared references exist.
        let slots = unsafe { this.as_ref() };
        while let Some(slot) = Caches::steal_own(hand, slots.mode()) {
            // SAFETY: stolen just now, so ours, and a reason.
            unsafe { Self::put_in_list_and_wake(this, slot, wakes) }
        }
        slots.leave_starvation();
    }

    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back).
    #[inline]
    pub(crate) unsafe fn put_in_list(this: NonNull<Self>, slot: OwnedSlot) {
        let mut wakes = WakeLater::nobody();
        // SAFETY: this function's own promise.
        unsafe { Self::put_in_list_and_wake(this, slot, &mut wakes) }
    }

    /// As [`put_in_list`](Self::put_in_list), by a caller who is not done yet: a waiter that the slot goes to is woken when `wakes` is dropped.
    ///
    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back); `wakes` is for this pool alone.
    pub(crate) unsafe fn put_in_list_and_wake(
        this: NonNull<Self>,
        slot: OwnedSlot,
        wakes: &mut WakeLater,
    ) {
        // SAFETY: alive until the push below succeeds or the reason is dropped (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        // SAFETY: the list lives as long as the body, which this slot keeps alive (SLOTS-1).
        if let Err(refused) = unsafe { FreeList::push(NonNull::from(&slots.list), slot) } {
            // SAFETY: this function's own promise.
            unsafe { Self::put_refused(this, refused, wakes) }
        }
    }

    /// # Safety
    ///
    /// As for [`put_in_list_and_wake`](Self::put_in_list_and_wake).
    #[cold]
    #[inline(never)]
    unsafe fn put_refused(this: NonNull<Self>, mut refused: Refused, wakes: &mut WakeLater) {
        loop {
            let slot = match refused {
                Refused::Closed(slot) => {
                    // SAFETY: the slot found the list closed, so its reason is still counted, and it is ours to take off.
                    return unsafe { wakes.end_reason(this, slot) };
                }
                Refused::Awaited(slot) => slot,
            };
            // SAFETY: the slot is of this pool, ours, and a reason.
            let Err(slot) = (unsafe { wakes.hand_over(this, slot) }) else {
                return;
            };
            // SAFETY: the slot is still ours, and a reason; only shared references exist.
            let list = NonNull::from(unsafe { &this.as_ref().list });
            // SAFETY: the list lives as long as the body, which this slot keeps alive (SLOTS-1).
            match unsafe { FreeList::push(list, slot) } {
                Ok(()) => return,
                Err(again) => refused = again,
            }
        }
    }

    /// Gives back slots whose bytes nobody had.
    ///
    /// # Safety
    ///
    /// The chain is of this pool, and the caller holds a handle.
    pub(crate) unsafe fn put_chain_home(this: NonNull<Self>, mut chain: Chain) {
        let mut wakes = WakeLater::nobody();
        loop {
            // SAFETY: alive by the caller's handle (SLOTS-1); only shared references exist.
            let Some(slot) = (unsafe { this.as_ref() }).list.next_of(&mut chain) else {
                return;
            };
            // SAFETY: alive by the caller's handle (SLOTS-1); only shared references exist.
            unsafe { this.as_ref() }.note(slot.index(), SlotEvent::GivenBack);
            // SAFETY: the slot is of this pool, ours, and a reason.
            unsafe { Self::put_in_list_and_wake(this, slot, &mut wakes) }
        }
    }
}
