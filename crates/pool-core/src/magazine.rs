//! A handful of free slots that one thread uses without a locked instruction and others can still take from.
//!
//! This is the bounded deque of Arora, Blumofe and Plaxton ("Thread scheduling for multiprogrammed multiprocessors", SPAA 1998):
//! the owner pushes and pops at the bottom, thieves take from the top by compare-exchange, and a tag changes whenever the owner starts
//! again at index 0. Two things differ.
//!
//! 1. The fence between the owner's store of the bottom and its load of the top is a [light](crate::fences::light) one. What makes
//!    that right is the pool's *mode* (`mode.rs`): thieves come only while it is not normal, and only after a heavy fence of that epoch; the owner reads it after its
//!    light fence, and when it is not normal takes from the top too, by compare-exchange, like any thief.
//! 2. A thief may still be on its way when the mode is normal again, with one compare-exchange to go. Its success moves the top by one, from a
//!    value it read before. The owner's plain pop takes an item only *above* the top it sees, so the two never meet; on the last item
//!    both use compare-exchange.
//!
//! What follows from that for counting: at any time every slot of a magazine lies at an index from the top up to the bottom, except those that
//! the owner is pushing or popping right now, and those that it may not keep after all and is about to show again.

use crate::fences;
use crate::mode::{Mode, Word};
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicU32, AtomicU64};
use crate::sync::count;

/// Slots a magazine can hold: with its three words it fills four cache lines.
pub(crate) const ROUNDS: u32 = if cfg!(loom) { 3 } else { 58 };

/// - **MAG-1** Only the thread that has the magazine (in its cache, or taken off a stack of magazines) calls the owner's methods.
/// - **MAG-3** `bottom` is at most [`ROUNDS`]: a pool's limit is (`CachePlan::new`).
/// - **MAG-2** An item is taken once: by the owner below `bottom` and above the top, or by who moves `age` past it.
#[derive(Debug)]
#[repr(C, align(128))]
pub(crate) struct Magazine {
    age: AtomicU64,
    fill: AtomicU64,
    /// How often a hand exchanged an empty magazine for this one. Written by the owner.
    loads: count::AtomicU64,
    items: [AtomicU32; ROUNDS as usize],
}

/// The top of a magazine.
///
/// | bits  | meaning                                                            |
/// |-------|--------------------------------------------------------------------|
/// | 63..8 | tag, one higher whenever the owner starts again at index 0         |
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

    fn restarted(self) -> Self {
        Self((self.0 | 0xff).wrapping_add(1))
    }
}

/// The bottom of a magazine, and what was counted on the way: in one word, so that counting takes no store of its own.
///
/// | bits  | meaning                                                            |
/// |-------|--------------------------------------------------------------------|
/// | 63..8 | slots that owners have taken so far                                |
/// | 7..0  | bottom: the index where the owner puts the next item               |
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

    fn taken(self) -> u64 {
        self.0 >> 8
    }

    #[inline]
    fn pushed(self, count: u32) -> Self {
        Self(self.0 + u64::from(count))
    }

    #[inline]
    fn popped(self, count: u32) -> Self {
        Self(self.0 + (u64::from(count) << 8) - u64::from(count))
    }

    /// Bottom at index 0, without having taken anything.
    fn emptied(self) -> Self {
        Self(self.0 & !0xff)
    }

    /// Bottom at index 0, after taking `count` items.
    fn emptied_by(self, count: u32) -> Self {
        Self(self.emptied().0 + (u64::from(count) << 8))
    }
}

/// What an owner's pop found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Popped {
    Slot(u32),
    Empty,
    /// The mode is not normal: take as a thief does. Nothing was changed.
    Contested,
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
    pub(crate) fn push_many(&self, slots: &[u32], limit: u32) -> usize {
        let fill = self.own_fill();
        debug_assert!(
            limit <= ROUNDS,
            "a magazine holds {ROUNDS} slots, not {limit}"
        );
        let room = limit.saturating_sub(fill.bottom());
        let mut count = 0;
        for (index, slot) in (fill.bottom()..fill.bottom() + room).zip(slots) {
            // Relaxed: published by the store of the bottom.
            self.item(index).store(*slot, Relaxed);
            count += 1;
        }
        // [MAG-PUSH-MANY] Release: as [MAG-PUSH], for each. Pairs with [MAG-BOTTOM].
        self.fill.store(fill.pushed(count).0, Release);
        count as usize
    }

    /// Owner: takes the slot pushed last if nobody else could want it; else changes nothing.
    #[inline]
    pub(crate) fn pop_fast(&self, mode: &Mode) -> Option<u32> {
        let fill = self.own_fill();
        let bottom = fill.bottom().checked_sub(1)?;
        // [MAG-POP-FAST] Release: a thief that sees this bottom sees the items below it, which may be an earlier owner's. What orders it
        // against the load of the mode is the fence below. Pairs with [MAG-BOTTOM].
        self.fill.store(fill.popped(1).0, Release);
        fences::light();
        let is_normal = mode.is_normal();
        // Relaxed: as in `pop`.
        let top = Age(self.age.load(Relaxed)).top();
        if is_normal && bottom > top {
            // Relaxed: our own store, or an earlier owner's that came with the magazine.
            return Some(self.item(bottom).load(Relaxed));
        }
        // [MAG-UNPOP-FAST] Release: as [MAG-PUSH], for the item that is shown again. Pairs with [MAG-BOTTOM].
        self.fill.store(fill.0, Release);
        fences::light(); // The caller looks at the mode again.
        None
    }

    /// Owner: takes up to `most` of the slots pushed last into `slots`, if nobody else could want them, and tells how many; the lowest item stays.
    #[inline]
    pub(crate) fn pop_many(&self, mode: &Mode, slots: &mut [u32]) -> usize {
        let fill = self.own_fill();
        let most = u32::try_from(slots.len()).unwrap_or(ROUNDS);
        let count = most.min(fill.bottom().saturating_sub(1));
        let bottom = fill.bottom() - count;
        // [MAG-POP-MANY] Release: as [MAG-POP-FAST]. Pairs with [MAG-BOTTOM].
        self.fill.store(fill.popped(count).0, Release);
        fences::light();
        let is_normal = mode.is_normal();
        // Relaxed: as in `pop`.
        let top = Age(self.age.load(Relaxed)).top();
        if is_normal && bottom > top {
            for (slot, index) in slots.iter_mut().zip((bottom..fill.bottom()).rev()) {
                // Relaxed: our own store, or an earlier owner's that came with the magazine.
                *slot = self.item(index).load(Relaxed);
            }
            return count as usize;
        }
        // [MAG-UNPOP-MANY] Release: as [MAG-PUSH], for the items that are shown again. Pairs with [MAG-BOTTOM].
        self.fill.store(fill.0, Release);
        fences::light(); // The caller looks at the mode again.
        0
    }

    /// The bottom, for the owner.
    #[inline]
    fn own_fill(&self) -> Fill {
        // Relaxed: only the owner writes it (MAG-1); a new owner got it with the magazine.
        Fill(self.fill.load(Relaxed))
    }

    #[inline]
    fn item(&self, index: u32) -> &AtomicU32 {
        debug_assert!(index < ROUNDS, "item {index} of {ROUNDS}");
        // SAFETY: `bottom` never exceeds `ROUNDS` (MAG-3), and every index is below a bottom.
        unsafe { self.items.get_unchecked(index as usize) }
    }

    /// Owner: takes the slot pushed last.
    #[inline]
    pub(crate) fn pop(&self, mode: &Mode) -> Popped {
        let fill = self.own_fill();
        let Some(bottom) = fill.bottom().checked_sub(1) else {
            return Popped::Empty;
        };
        // [MAG-POP] Release: as [MAG-POP-FAST]. Pairs with [MAG-BOTTOM].
        self.fill.store(fill.popped(1).0, Release);
        fences::light();
        if !mode.is_normal() {
            // [MAG-UNPOP] Release: as [MAG-PUSH], for the item that is shown again. Pairs with [MAG-BOTTOM].
            self.fill.store(fill.0, Release);
            fences::light(); // The caller looks at the mode again.
            return Popped::Contested;
        }
        // Relaxed: a stale top is at most one too low (a late thief's), and then not at `bottom` yet or settled by the exchange.
        let age = Age(self.age.load(Relaxed));
        // Relaxed: our own store, or an earlier owner's that came with the magazine.
        let slot = self.item(bottom).load(Relaxed);
        if bottom > age.top() {
            return Popped::Slot(slot);
        }
        self.pop_last(fill, age, slot)
    }

    /// The magazine is empty but for at most this one item: the owner starts again at index 0.
    #[cold]
    fn pop_last(&self, fill: Fill, age: Age, slot: u32) -> Popped {
        let is_there = fill.bottom() == age.top() + 1;
        // Relaxed: a thief that sees it finds nothing.
        self.fill.store(fill.emptied().0, Relaxed);
        let restarted = age.restarted();
        // [MAG-RESTART] AcqRel: decides with a late thief who takes the item; what is pushed after it is seen only with the new tag.
        // Pairs with [MAG-STEAL] and [MAG-TOP]. Relaxed on failure: only compared.
        match self
            .age
            .compare_exchange(age.0, restarted.0, AcqRel, Relaxed)
        {
            Ok(_) if is_there => {
                // Relaxed: the same bottom, only counted.
                self.fill.store(fill.emptied_by(1).0, Relaxed);
                Popped::Slot(slot)
            }
            Ok(_) => Popped::Empty,
            Err(_) => {
                self.restart();
                Popped::Empty
            }
        }
    }

    /// Owner: takes all the slots at once and leaves them where they are, as the first items; tells how many.
    ///
    /// Whatever the mode is: the exchange decides with thieves who gets what, and what this hides from a sweep it keeps.
    pub(crate) fn take_all(&self) -> u32 {
        let fill = self.own_fill();
        // Relaxed: a thief that sees it finds nothing, and one that sees the age of the exchange below sees it.
        self.fill.store(fill.emptied().0, Relaxed);
        let first = self.restart();
        let count = fill.bottom().saturating_sub(first);
        if first > 0 {
            for index in 0..count {
                // Relaxed, both: the items are ours alone, and thieves see none.
                let slot = self.item(first + index).load(Relaxed);
                self.item(index).store(slot, Relaxed);
            }
        }
        // Relaxed: the same bottom, only counted.
        self.fill.store(fill.emptied_by(count).0, Relaxed);
        count
    }

    /// Owner, after [`take_all`](Self::take_all): one of the slots taken.
    pub(crate) fn batch_item(&self, index: u32) -> u32 {
        // Relaxed: ours since `take_all`, and came with the magazine.
        self.item(index).load(Relaxed)
    }

    /// Owner: shows the first `count` of the slots taken by [`take_all`](Self::take_all) again.
    pub(crate) fn give_all(&self, count: u32) {
        let fill = self.own_fill();
        debug_assert!(fill.bottom() == 0 && count <= ROUNDS, "{count} slots");
        // [MAG-GIVE-ALL] Release: as [MAG-PUSH], for each. Pairs with [MAG-BOTTOM].
        self.fill.store(fill.pushed(count).0, Release);
    }

    /// Owner: starts again at index 0 if thieves have emptied the magazine, so that it has room for as many as ever.
    #[cold]
    pub(crate) fn start_again_if_empty(&self) -> bool {
        if self.len() > 0 {
            return false;
        }
        // Relaxed, twice: the owner's own; a thief that is late changes it only from another tag.
        let is_at_start = self.own_fill().bottom() == 0 && Age(self.age.load(Relaxed)).top() == 0;
        if is_at_start {
            return true;
        }
        // Relaxed: a thief that sees it finds nothing; the next push publishes itself.
        self.fill.store(self.own_fill().emptied().0, Relaxed);
        self.restart();
        true
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

    /// Makes the tag new, however often a late thief moves the age; tells the top that ended.
    fn restart(&self) -> u32 {
        // Relaxed: only compared.
        let mut age = Age(self.age.load(Relaxed));
        // [MAG-RESET] AcqRel: as [MAG-RESTART]. Pairs with [MAG-TOP] and [MAG-STEAL]. Relaxed on failure: only compared.
        while let Err(now) = self
            .age
            .compare_exchange(age.0, age.restarted().0, AcqRel, Relaxed)
        {
            age = Age(now);
        }
        age.top()
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
            // [MAG-TOP] Acquire: with this age come the items it covers. Pairs with [MAG-STEAL],
            // [MAG-RESTART] and [MAG-RESET].
            let age = Age(self.age.load(Acquire));
            fences_between_age_and_mode();
            if !is_allowed() {
                return None;
            }
            // [MAG-BOTTOM] Acquire: the items below this bottom are visible. Pairs with [MAG-PUSH],
            // [MAG-PUSH-MANY], [MAG-GIVE-ALL], [MAG-POP], [MAG-POP-FAST], [MAG-POP-MANY], [MAG-UNPOP], [MAG-UNPOP-FAST]
            // and [MAG-UNPOP-MANY].
            let bottom = Fill(self.fill.load(Acquire)).bottom();
            if bottom <= age.top() {
                return None;
            }
            // Relaxed: made visible by the load of the bottom; believed only after the exchange.
            let slot = self.item(age.top()).load(Relaxed);
            // [MAG-STEAL] AcqRel: the item is ours, and what its last owner did came with it. Pairs with [MAG-TOP],
            // [MAG-RESTART] and [MAG-RESET]. Relaxed on failure: loaded anew.
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
    pub(crate) fn len(&self) -> u32 {
        // Relaxed, both: a count that is stale as soon as it is read.
        let top = Age(self.age.load(Relaxed)).top();
        let bottom = Fill(self.fill.load(Relaxed)).bottom();
        bottom.saturating_sub(top).min(ROUNDS)
    }
}

/// A thief that reads an age and then an allowing mode read the age before the mode was left: see `mode.rs`.
fn fences_between_age_and_mode() {
    // [STEAL-FENCE] SeqCst: the age was read before the mode was left, if the mode read next still allows stealing. The other half is the
    // heavy fence after the exchange. Pairs with [MODE-LEAVE].
    crate::sync::atomic::fence(crate::sync::atomic::Ordering::SeqCst);
}
