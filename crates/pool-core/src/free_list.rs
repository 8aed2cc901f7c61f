//! The shared free list: a stack of slot indices whose links lie in side records.
//!
//! The naive stack is four lines: load the head, read the link under it, exchange the head for the
//! link, retry on failure. What it lacks, and what stands here for it:
//!
//! 1. *The ABA problem.* Between the load and the exchange the top slot may be popped, others too,
//!    and the first be pushed again; the naive exchange then installs a link that is no longer true
//!    and hands a slot to two owners. [`Head`] carries a tag that each removal changes.
//! 2. *Reading links of slots that are no longer free.* A link word is atomic and never unmapped
//!    while the list lives, so the read is defined; it holds a link of some time, which is
//!    believed only after the exchange succeeded.
//! 3. *Counting.* A shared counter would double the contended writes. Each slot stores how many are
//!    free from it downwards, so the length is one word under the top.
//! 4. *Many at once.* `pop_many` walks down and removes a run of slots with one exchange: the tag
//!    proves that no link it read was changed, because a link changes only after its slot was removed.

use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::ops::Range;
use core::ptr::NonNull;

use crate::head::{Head, Top, link_target};
use crate::line::Line;
#[cfg(loom)]
use crate::sync::PayloadWitness;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicU32, AtomicU64};

/// What is kept beside a slot: never inside it, so that a slot hands out all its bytes and a stray
/// write to a free slot cannot corrupt the list.
#[derive(Debug)]
pub(crate) struct SideRecord {
    /// While the slot is free: the link to the slot below.
    link: AtomicU32,
    /// While the slot is free: how many slots are free from here down, this one included.
    depth: AtomicU32,
    /// Odd while the slot is out as an id; see `slot_id.rs`. Alloc and free never touch it.
    pub(crate) id_word: AtomicU32,
    #[cfg(loom)]
    pub(crate) payload: PayloadWitness,
}

/// A slot taken from the list: the permission to use it, consumed by [`FreeList::push`].
///
/// - **LIST-1** At any time each slot is in the list once or exists as one `OwnedSlot` (or as what one
///   was turned into: a lease, a counted share, an id), never both and never twice.
#[derive(Debug)]
pub(crate) struct OwnedSlot(u32);

impl OwnedSlot {
    /// Names a slot that its only owner had turned into something else.
    ///
    /// The caller vouches for LIST-1: whatever stood for the slot before ceases to exist.
    pub(crate) fn assume(slot: u32) -> Self {
        Self(slot)
    }

    pub(crate) fn index(&self) -> u32 {
        self.0
    }

    pub(crate) fn into_index(self) -> u32 {
        self.0
    }
}

/// A run of slots removed with one exchange, still linked to each other.
///
/// Part of LIST-1: the slots of a chain are owned by its holder, who must run it to its end.
#[derive(Debug)]
pub(crate) struct Chain {
    next: Option<u32>,
    left: u32,
}

/// Why a pop gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PopError {
    /// At some instant of the call no slot was in the list.
    Empty,
    /// The list was closed.
    Closed,
}

/// Why a push gave the slot back.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Somebody waits for a slot.
    Awaited(OwnedSlot),
    /// The list was closed.
    Closed(OwnedSlot),
}

/// [`Refused`], before it is said what.
enum NoPush {
    Awaited,
    Closed,
}

/// What a close found.
#[derive(Debug)]
pub(crate) struct Closed {
    /// How many slots the list held.
    pub(crate) held: u32,
    /// Whether somebody waited for one.
    pub(crate) was_awaited: bool,
}

/// The stack. Its head, which everybody writes, is kept apart from the records' address, which everybody reads.
#[derive(Debug)]
pub(crate) struct FreeList {
    head: Line<AtomicU64>,
    records: Box<[SideRecord]>,
}

impl Chain {
    /// A chain of no slots.
    pub(crate) const fn empty() -> Self {
        Self {
            next: None,
            left: 0,
        }
    }

    /// The slot that is taken off next.
    pub(crate) fn first(&self) -> Option<u32> {
        self.next.filter(|_| self.left > 0)
    }

    /// How many slots it has, if it was [linked](FreeList::link) and not popped: a run that was the whole list may have fewer.
    pub(crate) fn left(&self) -> u32 {
        self.left
    }
}

impl FreeList {
    /// A list for slots `0..slots` that holds only `held` of them, the lowest on top. The caller has the others.
    ///
    /// # Errors
    ///
    /// If there is no memory for the side records.
    pub(crate) fn holding(slots: u32, held: Range<u32>) -> Result<Self, TryReserveError> {
        let mut records = Vec::new();
        records.try_reserve_exact(slots as usize)?;
        records.extend((0..slots).map(|slot| {
            let below = Some(slot + 1).filter(|below| held.contains(below));
            SideRecord {
                link: AtomicU32::new(Head::new(below).link_bits()),
                depth: AtomicU32::new(held.end.saturating_sub(slot)),
                id_word: AtomicU32::new(0),
                #[cfg(loom)]
                payload: PayloadWitness::default(),
            }
        }));
        let first = Some(held.start).filter(|_| !held.is_empty());
        let top_word = Line(AtomicU64::new(Head::new(first).to_bits()));
        Ok(Self {
            head: top_word,
            records: records.into_boxed_slice(),
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "`holding` made as many as a u32 says"
    )]
    pub(crate) fn slots(&self) -> u32 {
        self.records.len() as u32
    }

    #[inline]
    pub(crate) fn record(&self, slot: u32) -> &SideRecord {
        &self.records[slot as usize]
    }

    /// Takes the slot given back last.
    ///
    /// Lock-free: a retry means that another thread took or gave back a slot.
    #[inline]
    pub(crate) fn pop(&self) -> Result<OwnedSlot, PopError> {
        // [POP-LOAD] Acquire: the top slot's link, and what its last owner did to its bytes, are
        // visible from here on. Pairs with [PUSH].
        let mut seen = Head::from_bits(self.head.0.load(Acquire));
        loop {
            let slot = match seen.top() {
                Top::Slot(slot) => slot,
                Top::Empty | Top::Awaited => return Err(PopError::Empty),
                Top::Closed => return Err(PopError::Closed),
            };
            // Relaxed: the load of the head ordered this read after the store of the link. If the slot
            // was popped meanwhile the value is stale, and the tag makes the exchange below fail.
            let link = self.record(slot).link.load(Relaxed);
            match self.head.0.compare_exchange_weak(
                seen.to_bits(),
                seen.popped_to(link).to_bits(),
                // Relaxed: publishes nothing. The tag makes `seen` unique, so success means that
                // nobody wrote in between and [POP-LOAD] or [POP-RETRY] saw the latest push; as a
                // read-modify-write it continues the release sequences of the older ones.
                Relaxed,
                // [POP-RETRY] Acquire: `seen` is loaded anew here. Pairs with [PUSH].
                Acquire,
            ) {
                Ok(_) => return Ok(OwnedSlot(slot)),
                Err(now) => seen = Head::from_bits(now),
            }
        }
    }

    /// Takes up to `want` slots with one exchange, last given back first.
    ///
    /// The chain holds fewer than `want` only if the list held no more.
    /// Cost: a walk of `want` links; none if `want` is the whole list.
    pub(crate) fn pop_many(&self, want: u32) -> Result<Chain, PopError> {
        if want == 0 {
            return Ok(Chain::empty());
        }
        // [POP-MANY-LOAD] Acquire: as [POP-LOAD], for each slot down the walk. Pairs with [PUSH].
        let mut seen = Head::from_bits(self.head.0.load(Acquire));
        loop {
            let first = match seen.top() {
                Top::Slot(slot) => slot,
                Top::Empty | Top::Awaited => return Err(PopError::Empty),
                Top::Closed => return Err(PopError::Closed),
            };
            let (after, found) = if want >= self.slots() {
                (seen.emptied(), self.slots())
            } else {
                let (link, found) = self.walk(first, want);
                (seen.popped_to(link), found)
            };
            match self.head.0.compare_exchange_weak(
                seen.to_bits(),
                after.to_bits(),
                // Relaxed: as in `pop`; the tag proves that every link of the walk was true.
                Relaxed,
                // [POP-MANY-RETRY] Acquire: `seen` is loaded anew here. Pairs with [PUSH].
                Acquire,
            ) {
                Ok(_) => {
                    return Ok(Chain {
                        next: Some(first),
                        left: found,
                    });
                }
                Err(now) => seen = Head::from_bits(now),
            }
        }
    }

    /// The link under the `want`-th slot from `first` down, and how many slots were passed.
    ///
    /// The walk may run over slots that others have popped: each link is a slot's or none, the number
    /// of steps is bounded, and the caller's exchange rejects what was read from a changed list.
    fn walk(&self, first: u32, want: u32) -> (u32, u32) {
        let mut slot = first;
        let mut passed = 1;
        loop {
            // Relaxed: ordered by the caller's load of the head, validated by its exchange.
            let link = self.record(slot).link.load(Relaxed);
            match link_target(link, self.slots()) {
                Some(below) if passed < want => {
                    slot = below;
                    passed += 1;
                }
                _ => return (link, passed),
            }
        }
    }

    /// Takes the next slot off a chain that this thread owns alone.
    pub(crate) fn next_of(&self, chain: &mut Chain) -> Option<OwnedSlot> {
        let slot = chain.first()?;
        // Relaxed: the exchange made the chain ours; the load before it made the links visible.
        // Read before the slot is handed out: its new owner may give it back, under another link.
        let link = self.record(slot).link.load(Relaxed);
        chain.next = link_target(link, self.slots());
        chain.left -= 1;
        Some(OwnedSlot(slot))
    }

    /// Puts a slot that this thread owns alone in front of a chain that it owns alone.
    pub(crate) fn link(&self, chain: &mut Chain, slot: OwnedSlot) {
        let slot = slot.into_index();
        // Relaxed: nobody but the chain's owner believes the link of a slot that is not free.
        self.record(slot)
            .link
            .store(Head::new(chain.next).link_bits(), Relaxed);
        chain.next = Some(slot);
        chain.left += 1;
    }

    /// Gives a slot back, or returns it if the list is closed or awaited.
    ///
    /// # Why a pointer
    ///
    /// The moment the slot is home, another thread may free the pool and this list with it, while this call is still on its
    /// way out. A `&self` would be a promise that the list lives until the call returns.
    ///
    /// # Safety
    ///
    /// `this` is alive as long as `slot` is not in it. After `Ok` it may be gone.
    #[inline]
    pub(crate) unsafe fn push(this: NonNull<Self>, slot: OwnedSlot) -> Result<(), Refused> {
        let link = |list: &Self, link, depth_below: u32| {
            let record = list.record(slot.index());
            // Relaxed, both: published by the exchange in `push_linked`, read by others only after they saw it.
            record.link.store(link, Relaxed);
            record.depth.store(depth_below + 1, Relaxed);
        };
        // SAFETY: this function's own promise.
        match unsafe { Self::push_linked(this, slot.index(), link) } {
            Ok(()) => {
                slot.into_index();
                Ok(())
            }
            Err(NoPush::Awaited) => Err(Refused::Awaited(slot)),
            Err(NoPush::Closed) => Err(Refused::Closed(slot)),
        }
    }

    /// Gives a chain back with one exchange, so that its first slot is on top; or returns it if the list is closed or awaited.
    ///
    /// Cost: a walk of its links, again for each retry.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push), with the slots of the chain, which are of this list.
    pub(crate) unsafe fn push_chain(this: NonNull<Self>, chain: Chain) -> Result<(), Chain> {
        // SAFETY: alive until the exchange below succeeds (the caller's promise); only shared references to a list exist.
        let slots = unsafe { this.as_ref() }.slots();
        let Some(first) = chain.first() else {
            return Ok(());
        };
        // SAFETY: alive until the exchange below succeeds (the caller's promise); only shared references to a list exist.
        let count = unsafe { this.as_ref() }.walk(first, chain.left).1;
        let link = |list: &Self, link, depth_below: u32| {
            let mut slot = first;
            for left in (1..=count).rev() {
                let record = list.record(slot);
                // Relaxed, all: the chain is ours; published by the exchange in `push_linked`.
                record.depth.store(depth_below + left, Relaxed);
                let below = link_target(record.link.load(Relaxed), slots);
                match below.filter(|_| left > 1) {
                    Some(below) => slot = below,
                    None => record.link.store(link, Relaxed),
                }
            }
        };
        // SAFETY: this function's own promise.
        unsafe { Self::push_linked(this, first, link) }.map_err(|_| chain)
    }

    /// Makes `first` the top. `link` is given the link to the slot that was on top, and how many are free from there down: it stores them in what
    /// the caller pushes, again for each retry.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push), with what hangs on `first`.
    #[inline]
    unsafe fn push_linked(
        this: NonNull<Self>,
        first: u32,
        link: impl Fn(&Self, u32, u32),
    ) -> Result<(), NoPush> {
        // SAFETY: alive until the exchange below succeeds (the caller's promise), and not used after it; only shared
        // references to a list exist.
        let list = unsafe { this.as_ref() };
        let head = &list.head.0;
        // [PUSH-SEEN] Acquire: if a close is what we see, what the closer did before it is visible,
        // and the depth of the top slot is the one its push stored. Pairs with [PUSH] and [CLOSE].
        let mut seen = Head::from_bits(head.load(Acquire));
        loop {
            let depth_below = match seen.top() {
                // Relaxed: ordered by the load of the head. Stale if the top was popped meanwhile; then
                // the exchange fails, because a pop changes the tag.
                Top::Slot(top) => list.record(top).depth.load(Relaxed),
                Top::Empty => 0,
                Top::Awaited => return Err(NoPush::Awaited),
                Top::Closed => return Err(NoPush::Closed),
            };
            link(list, seen.link_bits(), depth_below);
            match head.compare_exchange_weak(
                seen.to_bits(),
                seen.pushed(first).to_bits(),
                // [PUSH] Release: our link, our depth and all we did to the slot's bytes happen before
                // whatever the slot's next owner does. Pairs with [POP-LOAD], [POP-RETRY],
                // [POP-MANY-LOAD], [POP-MANY-RETRY], [PUSH-SEEN], [PUSH-RETRY], [CLOSE] and [LEN].
                Release,
                // [PUSH-RETRY] Acquire: as [PUSH-SEEN]. Pairs with [PUSH] and [CLOSE].
                Acquire,
            ) {
                Ok(_) => return Ok(()),
                Err(now) => seen = Head::from_bits(now),
            }
        }
    }

    /// Ties slots that the caller owns to a chain, the first one first. The chain's last link leads nowhere.
    pub(crate) fn tie(&self, slots: impl IntoIterator<Item = OwnedSlot>) -> Chain {
        let (mut first, mut last, mut left) = (None, None::<u32>, 0);
        for slot in slots {
            let slot = slot.into_index();
            let record = self.record(slot);
            // Relaxed, both: the slots are the caller's; published by a push.
            record.link.store(Head::new(None).link_bits(), Relaxed);
            if let Some(last) = last {
                self.record(last).link.store(slot, Relaxed);
            }
            first = first.or(Some(slot));
            last = Some(slot);
            left += 1;
        }
        Chain { next: first, left }
    }

    /// Marks an empty list, so that every later push is refused; tells whether it was empty.
    #[cfg(feature = "std")]
    pub(crate) fn await_slots(&self) -> bool {
        // Relaxed: only compared.
        let seen = Head::from_bits(self.head.0.load(Relaxed));
        // Relaxed, both: says only that the list was empty. Whoever is refused because of it goes on under the waiters' lock, as the
        // caller does.
        seen.top() == Top::Empty
            && self
                .head
                .0
                .compare_exchange(seen.to_bits(), seen.awaited().to_bits(), Relaxed, Relaxed)
                .is_ok()
    }

    /// Takes the mark of [`await_slots`](Self::await_slots) away, unless the list was closed.
    #[cfg(feature = "std")]
    pub(crate) fn await_no_more(&self) {
        // Relaxed: only compared. Only who has the waiters' lock marks, and a close is for ever: so one try is enough.
        let seen = Head::from_bits(self.head.0.load(Relaxed));
        if seen.top() == Top::Awaited {
            // Relaxed, both: as in `await_slots`.
            let _ = self.head.0.compare_exchange(
                seen.to_bits(),
                seen.not_awaited().to_bits(),
                Relaxed,
                Relaxed,
            );
        }
    }

    /// Closes the list for ever; `None` if it was closed already.
    pub(crate) fn close(&self) -> Option<Closed> {
        // Relaxed: only compared; the exchange acquires.
        let mut seen = Head::from_bits(self.head.0.load(Relaxed));
        loop {
            if seen.top() == Top::Closed {
                return None;
            }
            match self.head.0.compare_exchange_weak(
                seen.to_bits(),
                seen.closed().to_bits(),
                // [CLOSE] AcqRel: acquires the depth under the top and every free slot's last use,
                // so that the memory may be freed; releases what the closer did before.
                // Pairs with [PUSH], [PUSH-SEEN] and [PUSH-RETRY].
                AcqRel,
                // Relaxed: only compared; the next exchange acquires.
                Relaxed,
            ) {
                Ok(_) => {
                    return Some(Closed {
                        held: self.depth_under(seen),
                        was_awaited: seen.top() == Top::Awaited,
                    });
                }
                Err(now) => seen = Head::from_bits(now),
            }
        }
    }

    /// How many slots were in the list at some instant, or `None` once it is closed.
    ///
    /// Other threads may take or give back slots at any time, so the number can be stale in both
    /// directions; it never exceeds the number of slots. Exact when nothing else runs.
    pub(crate) fn len(&self) -> Option<u32> {
        // [LEN] Acquire: the depth stored by the push of the top slot is visible. Pairs with [PUSH].
        let seen = Head::from_bits(self.head.0.load(Acquire));
        (seen.top() != Top::Closed).then(|| self.depth_under(seen))
    }

    fn depth_under(&self, head: Head) -> u32 {
        match head.top() {
            // Relaxed: ordered by the acquire through which the caller got `head`.
            Top::Slot(slot) => self.record(slot).depth.load(Relaxed),
            Top::Empty | Top::Awaited | Top::Closed => 0,
        }
    }
}
