//! A handful of free slots that one thread uses without a locked instruction and others can still take from.
//!
//! This is the bounded deque of Arora, Blumofe and Plaxton ("Thread scheduling for multiprogrammed multiprocessors", SPAA 1998):
//! the owner pushes and pops at the bottom, thieves take from the top by compare-exchange, and a tag tells the times of the top apart. Two things differ.
//!
//! 1. The fence between the owner's store of the bottom and its next load is a [light](crate::fences::light) one. What makes
//!    that right is the pool's *mode* (`mode.rs`): thieves come only while it is not normal, and only after a heavy fence of that epoch; the owner reads it after its
//!    light fence.
//! 2. A thief may still be on its way when the mode is normal again, with one compare-exchange to go. So the owner's first pop in each epoch *settles* the magazine:
//!    it changes the tag, so that every such exchange fails, and remembers the mode's word. While the mode is that very word nobody else takes anything, and
//!    the owner pops down to the last item without looking at the top, which stays where it was.
//!
//! If the mode is another word, or not normal, the owner has lowered the bottom already, and then changes the tag: thieves that were faster have their items, the others
//! find the new tag and with it the lower bottom. So a pop takes what it hid, but for what thieves took; it never hides a slot and shows it again.
//!
//! # Why a settled magazine is its owner's alone
//!
//! A thief that could take from it would have to have read the age that the settling wrote. With it came what the owner had read before, the normal mode; so the mode that allows the thief to
//! steal is a later one, and was set, with a heavy fence after it, before the thief reads the bottom. An owner that pops and still finds the old mode after
//! its light fence stored its bottom before that heavy fence: the thief sees it and leaves alone what lies above.
//!
//! What follows for counting: at any time every slot of a magazine lies at an index from the top up to the bottom, except those that
//! the owner is pushing or popping right now.

use core::mem::MaybeUninit;
use core::num::NonZeroU32;

use crate::fences;
use crate::mode::{Mode, Phase, Word};
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicU32, AtomicU64};
use crate::sync::{count, read_plainly};

/// Slots a magazine can hold: with its four words it fills four cache lines.
pub(crate) const ROUNDS: u32 = if cfg!(loom) { 3 } else { 56 };

/// - **MAG-1** Only the thread that has the magazine (in its cache, or taken off a stack of magazines) calls the owner's methods.
/// - **MAG-2** An item is taken once: by the owner that lowers `bottom` past it while the magazine is settled for the mode, or changes the tag after it, or by who moves `age` past it.
/// - **MAG-3** `bottom` is at most [`ROUNDS`]: a pool's limit is (`CachePlan::new`).
/// - **MAG-4** While the mode is the word in `settled`, the top is the floor, and nobody moves `age`: see the module's head.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Magazine {
    age: AtomicU64,
    fill: AtomicU64,
    /// The mode's word that the owner last settled for. Written by the owner.
    settled: AtomicU64,
    /// How often a hand exchanged an empty magazine for this one. Written by the owner.
    loads: count::AtomicU64,
    items: [AtomicU32; ROUNDS as usize],
}

/// The top of a magazine.
///
/// | bits  | meaning                                                            |
/// |-------|--------------------------------------------------------------------|
/// | 63..8 | tag, one higher whenever the owner settles                         |
/// | 7..0  | index of the item that a thief takes next                          |
#[derive(Clone, Copy, PartialEq, Eq)]
struct Age(u64);

impl Age {
    fn top(self) -> u32 {
        (self.0 & 0xff) as u32
    }

    fn stolen(self) -> Self {
        Self(self.0 + 1)
    }

    /// Under the next tag.
    fn retagged(self) -> Self {
        Self(self.0.wrapping_add(0x100))
    }

    /// Under the next tag, with index 0 at the top.
    fn restarted(self) -> Self {
        Self((self.0 | 0xff).wrapping_add(1))
    }
}

/// The bottom of a magazine, and what was counted on the way: in one word, so that counting takes no store of its own.
///
/// | bits   | meaning                                                            |
/// |--------|--------------------------------------------------------------------|
/// | 63..16 | slots that owners have taken so far                                |
/// | 15..8  | floor: where the top was when the owner settled                    |
/// | 7..0   | bottom: the index where the owner puts the next item               |
#[derive(Clone, Copy, PartialEq, Eq)]
struct Fill(u64);

impl Fill {
    fn holding(slots: u32) -> Self {
        Self(u64::from(slots))
    }

    #[inline]
    fn bottom(self) -> u32 {
        (self.0 & 0xff) as u32
    }

    #[inline]
    fn floor(self) -> u32 {
        (self.0 >> 8 & 0xff) as u32
    }

    /// How many items are the owner's, if it is settled.
    #[inline]
    fn above_floor(self) -> u32 {
        self.bottom() - self.floor()
    }

    fn taken(self) -> u64 {
        self.0 >> 16
    }

    #[inline]
    fn pushed(self, count: u32) -> Self {
        Self(self.0 + u64::from(count))
    }

    #[inline]
    fn popped(self, count: u32) -> Self {
        Self(self.0 + (u64::from(count) << 16) - u64::from(count))
    }

    fn with_floor(self, floor: u32) -> Self {
        Self(self.0 & !0xff00 | u64::from(floor) << 8)
    }

    /// With nothing, from index 0 on.
    fn restarted(self) -> Self {
        Self(self.0 & !0xffff)
    }
}

impl Magazine {
    /// A magazine that holds `slots`, at most [`ROUNDS`].
    pub(crate) fn holding(slots: impl IntoIterator<Item = u32>) -> Self {
        let mut slots = slots.into_iter();
        let mut count = 0;
        let items = core::array::from_fn(|_| {
            let slot = slots.next();
            count += u32::from(slot.is_some());
            AtomicU32::new(slot.unwrap_or(0))
        });
        debug_assert!(slots.next().is_none(), "a magazine holds {ROUNDS} slots");
        Self {
            age: AtomicU64::new(0),
            fill: AtomicU64::new(Fill::holding(count).0),
            // Nobody has stolen yet, and nobody can as long as the mode is its first.
            settled: AtomicU64::new(Word::FIRST.to_bits()),
            loads: count::AtomicU64::new(0),
            items,
        }
    }

    /// Owner: adds a slot, unless there are `limit` already.
    #[inline]
    pub(crate) fn push(&self, slot: u32, limit: u32) -> bool {
        let fill = self.own_fill();
        debug_assert!(
            limit <= ROUNDS,
            "a magazine holds {ROUNDS} slots, not {limit}"
        );
        if fill.bottom() >= limit {
            return false;
        }
        // Relaxed: published by the store of the bottom.
        self.item(fill.bottom()).store(slot, Relaxed);
        // [MAG-PUSH] Release: the item, and what its last owner did to the slot's bytes, are visible to a thief that sees this
        // bottom. Pairs with [MAG-BOTTOM].
        self.fill.store(fill.pushed(1).0, Release);
        true
    }

    /// Owner: adds slots up to `limit`, shown all at once; tells how many.
    #[inline]
    pub(crate) fn push_many(&self, slots: impl ExactSizeIterator<Item = u32>, limit: u32) -> usize {
        let fill = self.own_fill();
        debug_assert!(
            limit <= ROUNDS,
            "a magazine holds {ROUNDS} slots, not {limit}"
        );
        let room = limit.saturating_sub(fill.bottom());
        let count = room.min(u32::try_from(slots.len()).unwrap_or(ROUNDS));
        let items = &self.items[fill.bottom() as usize..][..count as usize];
        for (item, slot) in items.iter().zip(slots) {
            // Relaxed: published by the store of the bottom.
            item.store(slot, Relaxed);
        }
        // [MAG-PUSH-MANY] Release: as [MAG-PUSH], for each. Pairs with [MAG-BOTTOM].
        self.fill.store(fill.pushed(count).0, Release);
        count as usize
    }

    /// Owner: takes the slot pushed last.
    #[inline]
    pub(crate) fn pop(&self, mode: &Mode) -> Option<u32> {
        let fill = self.own_fill();
        if fill.bottom() == fill.floor() || self.take(fill, 1, mode) == 0 {
            return None;
        }
        // Relaxed: our own store, or an earlier owner's that came with the magazine.
        Some(self.item(fill.bottom() - 1).load(Relaxed))
    }

    /// Owner: takes as many of the slots pushed last as `room` has places, and tells how many, which the first of `room` are then.
    #[inline]
    pub(crate) fn pop_many(&self, mode: &Mode, room: &mut [MaybeUninit<u32>]) -> u32 {
        let fill = self.own_fill();
        let most = u32::try_from(room.len()).unwrap_or(ROUNDS);
        let count = match most.min(fill.above_floor()) {
            0 => return 0,
            most => self.take(fill, most, mode),
        };
        let bottom = fill.bottom() - count;
        let items = &self.items[bottom as usize..fill.bottom() as usize];
        // SAFETY: only the owner writes items (MAG-1), and ours came with the magazine or are our own.
        unsafe { read_plainly(items, room) };
        count
    }

    /// Owner: takes all slots and leaves them where they are; tells how many.
    #[inline]
    pub(crate) fn take_all(&self, mode: &Mode) -> Option<NonZeroU32> {
        let fill = self.own_fill();
        let count = NonZeroU32::new(fill.above_floor())?;
        NonZeroU32::new(self.take(fill, count.get(), mode))
    }

    /// Owner: takes the `count` items below the bottom, or as many of them as thieves have left; tells how many.
    #[inline(always)]
    fn take(&self, fill: Fill, count: u32, mode: &Mode) -> u32 {
        // [MAG-POP] Release: a thief that sees this bottom sees the items below it, which may be an earlier owner's. What orders it
        // against the load of the mode is the fence below. Pairs with [MAG-BOTTOM].
        self.fill.store(fill.popped(count).0, Release);
        fences::light();
        if mode.is(self.settled()) {
            return count;
        }
        self.take_by_exchange(fill, count, mode)
    }

    /// The end of [`take`](Self::take), if there may be thieves: the exchange decides what is whose, and thieves that come after it see the lower bottom. Nothing that is
    /// hidden is shown again but what they took.
    #[cold]
    #[inline(never)]
    fn take_by_exchange(&self, fill: Fill, count: u32, mode: &Mode) -> u32 {
        let now = mode.load();
        let top = self.change_age(Age::retagged).top();
        debug_assert!(
            top <= fill.bottom(),
            "thieves took {top} of {}",
            fill.bottom()
        );
        let taken = count.min(fill.bottom().saturating_sub(top));
        let mut left = fill.popped(taken);
        if now.phase() == Phase::Normal {
            left = left.with_floor(top);
            // Relaxed: only the owner uses it.
            self.settled.store(now.to_bits(), Relaxed);
        }
        // [MAG-LEFT] Release: as [MAG-POP]. Pairs with [MAG-BOTTOM].
        self.fill.store(left.0, Release);
        taken
    }

    /// Makes the tag new, however often thieves move the age meanwhile; gives what it was.
    fn change_age(&self, next: fn(Age) -> Age) -> Age {
        // Relaxed: only compared.
        let mut age = Age(self.age.load(Relaxed));
        // [MAG-SETTLE] AcqRel: decides with thieves who takes which item; who sees the new tag sees the bottom stored before it, and no mode
        // older than the one read before it. Pairs with [MAG-STEAL] and [MAG-TOP]. Relaxed on failure: only compared.
        while let Err(now) = self
            .age
            .compare_exchange(age.0, next(age).0, AcqRel, Relaxed)
        {
            age = Age(now);
        }
        age
    }

    /// Owner: lets an empty magazine begin at index 0 again, if the mode is normal, so that it has room for as many as ever.
    #[cold]
    pub(crate) fn restart_if_empty(&self, mode: &Mode) {
        let fill = self.own_fill();
        let now = mode.load();
        // Relaxed: what is empty stays so, because a thief finds nothing.
        let is_empty = fill.bottom() <= Age(self.age.load(Relaxed)).top();
        if fill.bottom() == 0 || !is_empty || now.phase() != Phase::Normal {
            return;
        }
        // Relaxed: a thief that sees it finds nothing, and one that sees the age of the exchange below sees it.
        self.fill.store(fill.restarted().0, Relaxed);
        self.change_age(Age::restarted);
        // Relaxed: only the owner uses it.
        self.settled.store(now.to_bits(), Relaxed);
    }

    /// The bottom, for the owner.
    #[inline]
    fn own_fill(&self) -> Fill {
        // Relaxed: only the owner writes it (MAG-1); a new owner got it with the magazine.
        Fill(self.fill.load(Relaxed))
    }

    /// What the magazine is settled for, for the owner.
    #[inline]
    fn settled(&self) -> Word {
        // Relaxed: as in `own_fill`.
        Word::from_bits(self.settled.load(Relaxed))
    }

    #[inline]
    fn item(&self, index: u32) -> &AtomicU32 {
        debug_assert!(index < ROUNDS, "item {index} of {ROUNDS}");
        // SAFETY: `bottom` never exceeds `ROUNDS` (MAG-3), and every index is below a bottom.
        unsafe { self.items.get_unchecked(index as usize) }
    }

    /// Owner, after [`take_all`](Self::take_all): one of the slots taken.
    pub(crate) fn batch_item(&self, index: u32) -> u32 {
        // Relaxed: ours since `take_all`, and came with the magazine.
        self.item(self.own_fill().bottom() + index).load(Relaxed)
    }

    /// Owner: shows the first `count` of the slots taken by [`take_all`](Self::take_all) again.
    #[inline]
    pub(crate) fn give_all(&self, count: u32) {
        let fill = self.own_fill();
        debug_assert!(fill.bottom() + count <= ROUNDS, "{count} slots");
        // [MAG-GIVE-ALL] Release: as [MAG-PUSH], for each. Pairs with [MAG-BOTTOM].
        self.fill.store(fill.pushed(count).0, Release);
    }

    /// Owner: counts that a hand got this magazine for an empty one.
    pub(crate) fn count_load(&self) {
        // Relaxed, both: a count that only the owner writes (MAG-1).
        let loads = self.loads.load(Relaxed);
        self.loads.store(loads + 1, Relaxed);
    }

    /// Slots that owners took from here, and how often it was loaded. Stale as soon as they are read.
    pub(crate) fn counts(&self) -> (u64, u64) {
        // Relaxed, both: counts on their own.
        let fill = Fill(self.fill.load(Relaxed));
        (fill.taken(), self.loads.load(Relaxed))
    }

    /// Anybody who passed a heavy fence after `since`, while that epoch lasts: takes the slot pushed first.
    #[cold]
    pub(crate) fn steal(&self, mode: &Mode, since: Word) -> Option<u32> {
        self.steal_while(|| mode.may_steal(since))
    }

    /// Owner, while the mode is open to thieves: takes as they do.
    #[cold]
    pub(crate) fn steal_own(&self, mode: &Mode) -> Option<u32> {
        self.steal_while(|| mode.is_open())
    }

    /// A retry means that another thread took one.
    fn steal_while(&self, is_allowed: impl Fn() -> bool) -> Option<u32> {
        loop {
            // [MAG-TOP] Acquire: with this age come the items it covers. Pairs with [MAG-STEAL] and [MAG-SETTLE].
            let age = Age(self.age.load(Acquire));
            if !is_allowed() {
                return None;
            }
            // [MAG-BOTTOM] Acquire: the items below this bottom are visible. Pairs with [MAG-PUSH],
            // [MAG-PUSH-MANY], [MAG-GIVE-ALL], [MAG-POP] and [MAG-LEFT].
            let bottom = Fill(self.fill.load(Acquire)).bottom();
            if bottom <= age.top() {
                return None;
            }
            // Relaxed: made visible by the load of the bottom; believed only after the exchange.
            let slot = self.item(age.top()).load(Relaxed);
            // [MAG-STEAL] AcqRel: the item is ours, and what its last owner did came with it. Pairs with [MAG-TOP] and [MAG-SETTLE].
            // Relaxed on failure: loaded anew.
            if self
                .age
                .compare_exchange(age.0, age.stolen().0, AcqRel, Relaxed)
                .is_ok()
            {
                return Some(slot);
            }
        }
    }

    /// How many slots it holds, as far as can be seen. Exact when nobody uses the magazine.
    #[inline]
    pub(crate) fn len(&self) -> u32 {
        // Relaxed, both: a count that is stale as soon as it is read.
        let top = Age(self.age.load(Relaxed)).top();
        let bottom = Fill(self.fill.load(Relaxed)).bottom();
        bottom.saturating_sub(top).min(ROUNDS)
    }
}
