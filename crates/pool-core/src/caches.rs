//! The caches in front of the shared list: two magazines in the hands of each thread, and the magazines nobody has at the moment.
//!
//! A hand exchanges whole magazines with two stacks, so a slot never lies in a thread's private memory: whatever happens to a thread, every free slot is in the
//! shared list or in a magazine, and every magazine can be enumerated.

use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::iter;
use core::num::NonZeroU32;
use core::ptr::{self, NonNull};

use crate::free_list::{Chain, FreeList, OwnedSlot};
use crate::hand::Hand;
use crate::head::MAX_SLOTS;
use crate::magazine::{Magazine, ROUNDS};
use crate::mode::{Mode, Word};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::Relaxed;

/// The smallest pool that has caches: in a smaller one they would be too small to be of use.
const MIN_CACHED_SLOTS: u32 = if cfg!(loom) { 4 } else { 16 };
const MAX_HANDS: u32 = 4096;
/// How many empty magazines a hand has at most besides its two.
const EMPTIES: u32 = if cfg!(loom) { 1 } else { 4 };

/// How many slots the caches of a pool may hold, in all at most half of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CachePlan {
    /// Slots per magazine.
    pub(crate) rounds: u32,
    /// Threads that can have one at a time.
    hands: u32,
}

impl CachePlan {
    /// For a pool of `slots`, with magazines of at most `most_rounds`; `None` for no caches.
    pub(crate) fn new(slots: u32, most_rounds: u32) -> Option<Self> {
        let fitting = if cfg!(loom) { slots / 4 } else { slots / 16 };
        let rounds = fitting.min(ROUNDS).min(most_rounds);
        if rounds == 0 || slots < MIN_CACHED_SLOTS {
            return None;
        }
        let hands = (slots / (4 * rounds)).clamp(1, MAX_HANDS);
        let plan = Self { rounds, hands };
        // Billions of magazines of one slot would have no numbers: such a pool goes without.
        (u64::from(slots / rounds) + u64::from((2 + EMPTIES) * hands) + 2 < u64::from(MAX_SLOTS))
            .then_some(plan)
    }

    fn fulls(self, slots: u32) -> u32 {
        slots / self.rounds
    }

    /// One magazine for each full one, those in the hands, and two to spare for those who exchange at the same time.
    fn magazines(self, slots: u32) -> u32 {
        self.fulls(slots) + (2 + EMPTIES) * self.hands + 2
    }
}

/// - **CACHE-1** A magazine is in one of the stacks, or in one hand, or in the hands of a thread that moves it between them.
#[derive(Debug)]
pub(crate) struct Caches {
    plan: CachePlan,
    magazines: Box<[Magazine]>,
    /// Numbers of magazines that may hold slots.
    full: FreeList,
    /// Numbers of magazines that hold none.
    empty: FreeList,
    hands_left: AtomicU32,
}

impl Caches {
    /// Caches whose magazines hold all of `0..slots` but the rest of a division; tells how many they hold.
    pub(crate) fn new(plan: CachePlan, slots: u32) -> Result<(Self, u32), TryReserveError> {
        let (fulls, count) = (plan.fulls(slots), plan.magazines(slots));
        let mut magazines = Vec::new();
        magazines.try_reserve_exact(count as usize)?;
        magazines.extend((0..count).map(|number| {
            let first = number * plan.rounds;
            let held = if number < fulls {
                first..first + plan.rounds
            } else {
                0..0
            };
            // Reversed: the lowest slot is handed out first.
            Magazine::holding(held.rev())
        }));
        let caches = Self {
            plan,
            magazines: magazines.into_boxed_slice(),
            full: FreeList::holding(count, 0..fulls)?,
            empty: FreeList::holding(count, fulls..count)?,
            hands_left: AtomicU32::new(plan.hands),
        };
        Ok((caches, fulls * plan.rounds))
    }

    /// Gives the calling thread two magazines, if it may have them.
    #[cold]
    pub(crate) fn fill_hand(&self, hand: &Hand) -> bool {
        // Relaxed, both: a count on its own; the magazines come through their stacks.
        let take = |left: u32| left.checked_sub(1);
        if self
            .hands_left
            .fetch_update(Relaxed, Relaxed, take)
            .is_err()
        {
            return false;
        }
        let loaded = self.full.pop().or_else(|_| self.empty.pop());
        let previous = self.empty.pop();
        if let (Ok(loaded), Ok(previous)) = (&loaded, &previous) {
            hand.set(
                self.magazine(loaded.index()),
                self.magazine(previous.index()),
            );
            return true;
        }
        for magazine in [loaded, previous].into_iter().flatten() {
            self.put_away(self.magazine(magazine.into_index()));
        }
        // Relaxed: a count on its own.
        self.hands_left.fetch_add(1, Relaxed);
        false
    }

    /// Takes a hand's magazines back, with what they hold.
    #[cold]
    pub(crate) fn empty_hand(&self, hand: &Hand) {
        self.put_away(hand.loaded());
        if let Some(previous) = hand.take_previous() {
            self.put_away(previous);
        }
        self.put_away_empties(hand.take_empties());
        // Relaxed: a count on its own.
        self.hands_left.fetch_add(1, Relaxed);
    }

    /// Puts a magazine into the stack where it belongs.
    pub(crate) fn put_away(&self, magazine: &Magazine) {
        let stack = if magazine.len() == 0 {
            &self.empty
        } else {
            &self.full
        };
        Self::put(stack, self.number(magazine));
    }

    fn put(stack: &FreeList, number: u32) {
        // SAFETY: the stack is a part of `self`, which the caller's hand, handle or slot keeps alive.
        let pushed = unsafe { FreeList::push(NonNull::from(stack), OwnedSlot::assume(number)) };
        debug_assert!(pushed.is_ok(), "these stacks are never closed");
    }

    #[inline]
    pub(crate) fn magazine(&self, number: u32) -> &Magazine {
        &self.magazines[number as usize]
    }

    #[inline]
    pub(crate) fn number(&self, magazine: &Magazine) -> u32 {
        let offset = ptr::from_ref(magazine).addr() - self.magazines.as_ptr().addr();
        u32::try_from(offset / size_of::<Magazine>()).expect("there are fewer magazines than slots")
    }

    /// Takes a slot out of a hand's magazines, or out of a full one that it exchanges.
    #[cold]
    pub(crate) fn pop(&self, hand: &Hand, mode: &Mode) -> Option<OwnedSlot> {
        loop {
            if let Some(slot) = hand.pop_fast(mode) {
                return Some(slot);
            }
            hand.loaded().restart_if_empty(mode);
            if !hand.load_other() && !self.refill(hand) {
                return None;
            }
        }
    }

    /// Loads a full magazine for the hand's empty one, which is put away if the hand has no room for it.
    fn refill(&self, hand: &Hand) -> bool {
        let Some(full) = self.take_full() else {
            return false;
        };
        let unloaded = hand.load(full);
        hand.loaded().count_load();
        if let Some(unloaded) = unloaded {
            self.put_by_empty(hand, unloaded);
        }
        true
    }

    /// Keeps an empty magazine in the hand, or puts those that it has away, if they are many.
    fn put_by_empty(&self, hand: &Hand, magazine: &Magazine) {
        let mut empties = hand.take_empties();
        if empties.left() >= EMPTIES {
            self.put_away_empties(empties);
            empties = Chain::empty();
        }
        self.empty
            .link(&mut empties, OwnedSlot::assume(self.number(magazine)));
        hand.set_empties(empties);
    }

    fn put_away_empties(&self, empties: Chain) {
        // SAFETY: the stack is a part of `self`, which the caller's hand keeps alive.
        let pushed = unsafe { FreeList::push_chain(NonNull::from(&self.empty), empties) };
        debug_assert!(pushed.is_ok(), "this stack is never closed");
    }

    /// Takes an empty magazine for the hand: one that it has, or else one of several from the stack.
    fn take_empty(&self, hand: &Hand) -> Option<&Magazine> {
        let mut empties = hand.take_empties();
        if empties.left() == 0 {
            empties = self.empty.pop_many(EMPTIES).ok()?;
        }
        let empty = self.empty.next_of(&mut empties);
        hand.set_empties(empties);
        Some(self.magazine(empty?.into_index()))
    }

    /// Puts a slot into a hand's magazines, or into an empty one that it exchanges for the full one. The caller looks at the mode then: if it is not
    /// normal, a sweeper may have passed what the hand holds.
    ///
    /// # Errors
    ///
    /// Gives the slot back if there is no room.
    #[cold]
    pub(crate) fn push(&self, hand: &Hand, mode: &Mode, slot: OwnedSlot) -> Result<(), OwnedSlot> {
        let mut slot = slot;
        if hand.swap() {
            hand.loaded().restart_if_empty(mode);
            match hand.push_fast(slot, self.plan.rounds) {
                Ok(()) => return Ok(()),
                Err(refused) => slot = refused,
            }
        }
        let Some(empty) = self.take_empty(hand) else {
            return Err(slot);
        };
        if let Some(filled) = hand.load(empty) {
            self.put_away(filled);
        }
        hand.loaded().restart_if_empty(mode);
        hand.push_fast(slot, self.plan.rounds)
    }

    /// Takes a magazine that may hold slots.
    pub(crate) fn take_full(&self) -> Option<&Magazine> {
        Some(self.magazine(self.full.pop().ok()?.into_index()))
    }

    /// Takes a hand's magazine with all its slots, if it has a full one to spare, and tells its number and how many.
    #[inline]
    pub(crate) fn take_spare(&self, hand: &Hand, mode: &Mode) -> Option<(u32, NonZeroU32)> {
        let is_full = |magazine: &Magazine| magazine.len() == self.plan.rounds;
        if !is_full(hand.previous()?) {
            if !is_full(hand.loaded()) {
                return None;
            }
            hand.swap();
        }
        let spare = hand.previous()?;
        let count = spare.take_all(mode)?;
        hand.take_previous();
        Some((self.number(spare), count))
    }

    /// Takes a magazine of the depot with all its slots, and tells its number and how many.
    #[cold]
    pub(crate) fn take_from_depot(&self, mode: &Mode) -> Option<(u32, NonZeroU32)> {
        loop {
            let magazine = self.take_full()?;
            if let Some(count) = magazine.take_all(mode) {
                return Some((self.number(magazine), count));
            }
            self.put_away(magazine);
        }
    }

    /// For a thread without a hand: takes a slot out of a magazine of the depot.
    #[cold]
    pub(crate) fn pop_from_depot(&self, mode: &Mode) -> Option<OwnedSlot> {
        loop {
            let magazine = self.take_full()?;
            let slot = magazine.pop(mode);
            self.put_away(magazine);
            if let Some(slot) = slot {
                return Some(OwnedSlot::assume(slot));
            }
        }
    }

    /// How many slots lie in magazines that nobody has, if each of those is full.
    pub(crate) fn depot_len(&self) -> u32 {
        self.full
            .len()
            .unwrap_or(0)
            .saturating_mul(self.plan.rounds)
    }

    /// Takes a slot out of any magazine, while the epoch lasts for which the caller passed a heavy fence.
    #[cold]
    pub(crate) fn steal_any(&self, mode: &Mode, since: Word) -> Option<OwnedSlot> {
        self.magazines
            .iter()
            .find_map(|magazine| magazine.steal(mode, since))
            .map(OwnedSlot::assume)
    }

    /// Takes all slots out of all magazines, while the epoch lasts, and tells how many.
    #[cold]
    pub(crate) fn steal_all(&self, mode: &Mode, since: Word) -> u32 {
        let all_of = |magazine: &Magazine| iter::from_fn(|| magazine.steal(mode, since)).count();
        let stolen: usize = self.magazines.iter().map(all_of).sum();
        u32::try_from(stolen).expect("no more than the pool has")
    }

    /// Takes a slot out of a hand's own magazines as a thief does, while the mode allows it.
    #[cold]
    pub(crate) fn steal_own(hand: &Hand, mode: &Mode) -> Option<OwnedSlot> {
        let stolen = hand
            .loaded()
            .steal_own(mode)
            .or_else(|| hand.previous()?.steal_own(mode));
        stolen.map(OwnedSlot::assume)
    }

    /// Slots that were taken out of magazines by who had them, and how often a hand exchanged an empty one for a full one.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let add = |(taken, loads), magazine: &Magazine| {
            let (more_taken, more_loads) = magazine.counts();
            (taken + more_taken, loads + more_loads)
        };
        self.magazines.iter().fold((0, 0), add)
    }

    /// How many slots the magazines hold. Exact when nothing else runs. Cost: looks at each.
    pub(crate) fn len(&self) -> u32 {
        self.magazines.iter().map(Magazine::len).sum()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_caches_of_a_pool_hold_at_most_half_of_it() {
        for slots in (0..5000).chain([65_536, 1 << 20, u32::MAX - 1]) {
            if let Some(plan) = CachePlan::new(slots, u32::MAX) {
                let cached = u64::from(plan.hands) * 2 * u64::from(plan.rounds);
                assert!(2 * cached <= u64::from(slots), "{slots} slots: {plan:?}");
            }
        }
        assert_eq!(CachePlan::new(u32::MAX - 1, 1), None);
        assert_eq!(CachePlan::new(1024, 0), None);
        assert_eq!(CachePlan::new(15, 32), None);
    }
}
