//! The caches in front of the shared list: two magazines in the hands of each thread, and the magazines nobody has at the moment.
//!
//! A hand exchanges whole magazines with two stacks, so a slot never lies in a thread's private memory: whatever happens to a thread, every free slot is in the
//! shared list or in a magazine, and every magazine can be enumerated.

use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::iter;
use core::num::NonZeroU32;
use core::ptr;

use crate::free_list::OwnedSlot;
use crate::hand::Hand;
use crate::head::MAX_SLOTS;
use crate::line;
use crate::magazine::{Magazine, ROUNDS};
use crate::mode::{Mode, Word};
use crate::shelf::{Kept, Shelf};
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::Relaxed;

/// The smallest pool that has caches: in a smaller one they would be too small to be of use.
const MIN_CACHED_SLOTS: u32 = if cfg!(loom) { 4 } else { 16 };
const MAX_HANDS: u32 = 4096;
/// How many empty magazines a hand has at most besides its two.
const EMPTIES: u32 = if cfg!(loom) { 1 } else { 4 };
/// How many magazines a hand may have for its slots: so many that one exchange for all but one of them is next to nothing for each slot.
const MOST_MAGAZINES: u32 = 16;
/// How many slots the caches of a pool may hold, in all at most half of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CachePlan {
    /// Slots per magazine.
    pub(crate) rounds: u32,
    /// Full magazines that a hand keeps at most besides its two.
    fulls_kept: u32,
    /// Threads that can have one at a time.
    hands: u32,
}

impl CachePlan {
    /// For a pool of `slots`, with two magazines in a hand, or with as many as it takes to hold `most`; `None` for no caches.
    pub(crate) fn new(slots: u32, most: Option<u32>) -> Option<Self> {
        // What a hand may have at most, so that there are two at least; and a magazine, so that the depot has some more.
        let (share, fitting) = if cfg!(loom) {
            (slots, slots / 4)
        } else {
            (slots / 4, slots / 16)
        };
        let fitting = fitting.min(ROUNDS);
        let most = most.map_or(2 * fitting, |most| most.min(share));
        let magazines = most.div_ceil(fitting.max(1)).clamp(2, MOST_MAGAZINES);
        let rounds = (most / magazines).max(most.min(1)).min(fitting);
        if rounds == 0 || slots < MIN_CACHED_SLOTS {
            return None;
        }
        let plan = Self {
            rounds,
            fulls_kept: magazines - 2,
            hands: (slots / (2 * magazines * rounds)).clamp(1, MAX_HANDS),
        };
        // Billions of magazines of one slot would have no numbers: such a pool goes without.
        (plan.count(slots) < u64::from(MAX_SLOTS)).then_some(plan)
    }

    fn fulls(self, slots: u32) -> u32 {
        slots / self.rounds
    }

    /// One magazine for each full one, those in the hands, and two to spare for those who exchange at the same time.
    fn count(self, slots: u32) -> u64 {
        u64::from(self.fulls(slots)) + u64::from((2 + EMPTIES) * self.hands) + 2
    }
}

/// - **CACHE-1** A magazine is in one of the stacks, or in one hand (loaded, previous or kept), or in the hands of a thread that moves it between them.
#[derive(Debug)]
pub(crate) struct Caches {
    plan: CachePlan,
    magazines: Box<[Magazine]>,
    /// Magazines that may hold slots.
    full: Shelf,
    /// Magazines that hold none.
    empty: Shelf,
    hands_left: AtomicU32,
}

impl Caches {
    /// Caches whose magazines hold all of `0..slots` but the rest of a division; tells how many they hold.
    pub(crate) fn new(plan: CachePlan, slots: u32) -> Result<(Self, u32), TryReserveError> {
        let (fulls, count) = (plan.fulls(slots), plan.count(slots));
        let count = u32::try_from(count).expect("checked when it was planned");
        let mut magazines = Vec::new();
        magazines.try_reserve_exact(count as usize)?;
        magazines.extend((0..count).map(|number| {
            let held = if number < fulls {
                let first = number * plan.rounds;
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
            full: Shelf::holding(count, 0..fulls, plan.fulls_kept)?,
            empty: Shelf::holding(count, fulls..count, EMPTIES)?,
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
        let loaded = self.full.take().or_else(|| self.empty.take());
        let previous = self.empty.take();
        if let (Some(loaded), Some(previous)) = (loaded, previous) {
            hand.set(self.magazine(loaded), self.magazine(previous));
            return true;
        }
        for magazine in [loaded, previous].into_iter().flatten() {
            self.put_away(self.magazine(magazine));
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
        self.full.put_kept(hand.fulls());
        self.empty.put_kept(hand.empties());
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
        stack.put(self.number(magazine));
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

    /// Loads a full magazine for the hand's empty one, for which the hand has another place.
    fn refill(&self, hand: &Hand) -> bool {
        let Some(full) = self.full.take_by(hand.fulls()) else {
            return false;
        };
        self.fetch_next(hand.fulls());
        let unloaded = hand.load(self.magazine(full));
        hand.loaded().count_load();
        if let Some(unloaded) = unloaded {
            self.put_by(hand, unloaded);
        }
        true
    }

    /// Takes an empty magazine for the hand.
    fn take_empty(&self, hand: &Hand) -> Option<&Magazine> {
        let empty = self.empty.take_by(hand.empties())?;
        self.fetch_next(hand.empties());
        Some(self.magazine(empty))
    }

    /// Has the magazine that the hand will want next on its way, which another core may have written last.
    fn fetch_next(&self, kept: &Kept) {
        if let Some(next) = kept.first() {
            line::prefetch(self.magazine(next));
        }
    }

    /// Keeps a magazine in the hand's stock of its kind.
    fn put_by(&self, hand: &Hand, magazine: &Magazine) {
        let number = self.number(magazine);
        if magazine.len() == 0 {
            self.empty.put_by(hand.empties(), number);
        } else {
            self.full.put_by(hand.fulls(), number);
        }
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
            self.put_by(hand, filled);
        }
        hand.loaded().restart_if_empty(mode);
        hand.push_fast(slot, self.plan.rounds)
    }

    /// Takes a magazine that may hold slots.
    pub(crate) fn take_full(&self) -> Option<&Magazine> {
        Some(self.magazine(self.full.take()?))
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

    /// Takes a full magazine that the hand keeps, or one of the depot, with all its slots, and tells its number and how many.
    #[cold]
    pub(crate) fn take_whole(&self, hand: Option<&Hand>, mode: &Mode) -> Option<(u32, NonZeroU32)> {
        loop {
            let number = match hand {
                Some(hand) => self.full.take_by(hand.fulls())?,
                None => self.full.take()?,
            };
            let magazine = self.magazine(number);
            if let Some(count) = magazine.take_all(mode) {
                return Some((number, count));
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
        self.full.len().saturating_mul(self.plan.rounds)
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
            let sizes = [1, 2, 3, 31, 112, 113, 256, 1000, u32::MAX].map(Some);
            for most in sizes.into_iter().chain([None]) {
                let Some(plan) = CachePlan::new(slots, most) else {
                    continue;
                };
                let hand = u64::from(2 + plan.fulls_kept) * u64::from(plan.rounds);
                let cached = u64::from(plan.hands) * hand;
                assert!(2 * cached <= u64::from(slots), "{slots} slots: {plan:?}");
                assert!(
                    most.is_none_or(|most| hand <= u64::from(most.max(2))),
                    "{plan:?}"
                );
            }
        }
        assert_eq!(CachePlan::new(u32::MAX - 1, Some(1)), None);
        assert_eq!(CachePlan::new(1024, Some(0)), None);
        assert_eq!(CachePlan::new(15, None), None);
    }

    #[test]
    fn a_larger_cache_has_more_magazines() {
        let plan = |slots, most| {
            let plan = CachePlan::new(slots, most).expect("enough slots");
            (plan.rounds, plan.fulls_kept, plan.hands)
        };
        assert_eq!(plan(1024, None), (56, 0, 4));
        assert_eq!(plan(1024, Some(256)), (51, 3, 2));
        assert_eq!(plan(8192, Some(512)), (51, 8, 8));
        assert_eq!(plan(256, None), (16, 0, 4));
        assert_eq!(plan(256, Some(112)), (16, 2, 2));
        assert_eq!(plan(1 << 20, Some(u32::MAX)), (56, 14, 585));
    }
}
