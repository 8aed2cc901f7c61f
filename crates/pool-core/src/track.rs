//! Where each slot was taken, and what happened to it: two plain stores per alloc, one per other event, read only by a report.

mod clock;
mod coarse_time;
mod history;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, TryReserveError};
use alloc::vec::Vec;
use core::fmt;
use core::panic::Location;
use core::ptr;
use core::time::Duration;

use crate::name::Name;
use crate::slot_event::SlotEvent;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicPtr, AtomicU64};
use clock::Clock;
use history::HistoryWord;
pub use history::SlotHistory;

/// Slots in use that one line of code took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outstanding {
    /// The file of the line.
    pub file: &'static str,
    /// The line.
    pub line: u32,
    /// How many slots.
    pub slots: usize,
    /// How many bytes those slots have.
    pub bytes: usize,
    /// How long the oldest has been out, at most: allocs read a clock that stands still between slow paths (an alloc that finds
    /// the thread's cache empty, each alloc of a pool without caches) and reports, and keep it to one part in 2048 of the pool's age. So this may be
    /// too long, by the time between the alloc and the slow path or report before it, and by that part. `None` without feature `std`: there is no clock.
    pub oldest: Option<Duration>,
    /// The index of the oldest slot; of several that are equally old, the lowest.
    pub oldest_slot: usize,
    /// What happened to the oldest slot last.
    pub history: SlotHistory,
    pool: Name,
}

impl Outstanding {
    /// The [name](crate::PoolBuilder::name) of the pool, if it was given one.
    #[must_use]
    pub fn pool_name(&self) -> Option<&str> {
        self.pool.get()
    }
}

/// A line of a report: `pool "rx": src/main.rs:7: 2 slots (4096 bytes), the oldest for 1.5s: taken, shared`.
impl fmt::Display for Outstanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.slots == 1 { "" } else { "s" };
        write!(
            f,
            "{}{}:{}: {} slot{s} ({} bytes)",
            self.pool, self.file, self.line, self.slots, self.bytes
        )?;
        if let Some(oldest) = self.oldest {
            write!(f, ", the oldest for {oldest:?}")?;
        }
        write!(f, ": {}", self.history)
    }
}

/// One row per slot.
#[derive(Debug)]
pub(crate) struct Sites {
    rows: Box<[Row]>,
    clock: Clock,
}

/// Only the slot's owner writes, so its loads and stores need not be one.
#[derive(Debug)]
struct Row {
    /// Where the slot was taken last, also when it is free again; null before.
    taken_at: AtomicPtr<Location<'static>>,
    /// A [`HistoryWord`].
    history: AtomicU64,
}

impl Row {
    fn taken_at(&self) -> Option<&'static Location<'static>> {
        // Relaxed: locations are static; which one it is was ordered by the caller.
        let site = self.taken_at.load(Relaxed);
        // SAFETY: validity: null, or the address of a `&'static Location`. Aliasing: nobody writes to a static location.
        unsafe { site.as_ref() }
    }
}

impl Sites {
    /// # Errors
    ///
    /// If there is no memory for them.
    pub(crate) fn new(slots: u32) -> Result<Self, TryReserveError> {
        let row = |_| Row {
            taken_at: AtomicPtr::new(ptr::null_mut()),
            history: AtomicU64::new(0),
        };
        let mut rows = Vec::new();
        rows.try_reserve_exact(slots as usize)?;
        rows.extend((0..slots).map(row));
        Ok(Self {
            rows: rows.into_boxed_slice(),
            clock: Clock::new(),
        })
    }

    /// Brings the clock up to date; for slow paths.
    pub(crate) fn advance_clock(&self) {
        self.clock.advance();
    }

    /// Notes who took a slot. The caller owns it.
    pub(crate) fn remember(&self, slot: u32, site: &'static Location<'static>) {
        let row = &self.rows[slot as usize];
        // Relaxed: published with the history below.
        row.taken_at.store(ptr::from_ref(site).cast_mut(), Relaxed);
        // Relaxed: written last by the slot's last owner, from whom the slot came.
        let before = HistoryWord::from_bits(row.history.load(Relaxed));
        let after = before.taken(self.clock.now()).to_bits();
        // [SITE] Release: a report that sees the slot taken sees a site. Pairs with [SITE-READ].
        row.history.store(after, Release);
    }

    /// Notes what happened to a slot besides being taken. The caller owns it. What is home, or stocked, is not given back again.
    pub(crate) fn note(&self, slot: u32, event: SlotEvent) {
        let history = &self.rows[slot as usize].history;
        // Relaxed: written last by the slot's last owner, from whom the slot came.
        let before = HistoryWord::from_bits(history.load(Relaxed));
        if event == SlotEvent::GivenBack && !before.is_out() {
            return;
        }
        // [SITE-NEXT] Release: goes on with what [SITE] published, for a report that sees only this. Pairs with [SITE-READ].
        history.store(before.then(event).to_bits(), Release);
    }

    /// Where a slot was taken last; for its owner.
    pub(crate) fn last_taken(&self, slot: u32) -> Option<&'static Location<'static>> {
        self.rows[slot as usize].taken_at()
    }

    pub(crate) fn history(&self, slot: usize) -> Option<SlotHistory> {
        // Relaxed: a word on its own.
        let word = self.rows.get(slot)?.history.load(Relaxed);
        Some(HistoryWord::from_bits(word).history())
    }

    pub(crate) fn outstanding(&self, pool: Name, slot_bytes: usize) -> Vec<Outstanding> {
        let now = self.clock.advance();
        let mut by_site: BTreeMap<(&'static str, u32), (Outstanding, u64)> = BTreeMap::new();
        for (slot, row) in self.rows.iter().enumerate() {
            // [SITE-READ] Acquire: the site that was stored before is visible. Pairs with [SITE] and [SITE-NEXT].
            let word = HistoryWord::from_bits(row.history.load(Acquire));
            let Some(site) = row.taken_at().filter(|_| word.is_out()) else {
                continue;
            };
            let age = now.saturating_sub(word.taken_when().to_millis());
            let fresh = || {
                let of_site = Outstanding {
                    file: site.file(),
                    line: site.line(),
                    slots: 0,
                    bytes: 0,
                    oldest: cfg!(feature = "std").then(|| Duration::from_millis(age)),
                    oldest_slot: slot,
                    history: word.history(),
                    pool,
                };
                (of_site, age)
            };
            let (entry, oldest) = by_site
                .entry((site.file(), site.line()))
                .or_insert_with(fresh);
            entry.slots += 1;
            entry.bytes += slot_bytes;
            if age > *oldest {
                *oldest = age;
                entry.oldest = entry.oldest.map(|_| Duration::from_millis(age));
                entry.oldest_slot = slot;
                entry.history = word.history();
            }
        }
        let mut report: Vec<_> = by_site.into_values().map(|(site, _)| site).collect();
        report.sort_by_key(|site| core::cmp::Reverse(site.slots));
        report
    }
}
