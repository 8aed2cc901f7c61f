//! Where each slot was taken: two plain stores per alloc, read only by a report.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::panic::Location;
use core::ptr;
use core::time::Duration;

use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicPtr, AtomicU64};

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
    /// How long the oldest has been out. `None` without feature `std`: there is no clock.
    pub oldest: Option<Duration>,
}

/// One row per slot.
#[derive(Debug)]
pub(crate) struct Sites {
    rows: Box<[Row]>,
    clock: Clock,
}

#[derive(Debug)]
struct Row {
    /// Null while the slot is free.
    taken_at: AtomicPtr<Location<'static>>,
    taken_when: AtomicU64,
}

impl Sites {
    pub(crate) fn new(slots: u32) -> Self {
        let row = |_| Row {
            taken_at: AtomicPtr::new(ptr::null_mut()),
            taken_when: AtomicU64::new(0),
        };
        Self {
            rows: (0..slots).map(row).collect(),
            clock: Clock::new(),
        }
    }

    pub(crate) fn remember(&self, slot: u32, site: &'static Location<'static>) {
        let row = &self.rows[slot as usize];
        // Relaxed: published with the site below.
        row.taken_when.store(self.clock.now_nanos(), Relaxed);
        // [SITE] Release: a report that sees this site sees a time no older than it. Pairs with [SITE-READ].
        row.taken_at.store(ptr::from_ref(site).cast_mut(), Release);
    }

    pub(crate) fn forget(&self, slot: u32) {
        // Relaxed: null leads a report nowhere.
        self.rows[slot as usize]
            .taken_at
            .store(ptr::null_mut(), Relaxed);
    }

    pub(crate) fn outstanding(&self, slot_bytes: usize) -> Vec<Outstanding> {
        let now = self.clock.now_nanos();
        let mut by_site: BTreeMap<(&'static str, u32), Outstanding> = BTreeMap::new();
        for row in &self.rows {
            // [SITE-READ] Acquire: the time stored before the site is visible. Pairs with [SITE].
            let site = row.taken_at.load(Acquire);
            // SAFETY: validity: null, or the address of a `&'static Location`. Aliasing: nobody writes to a static location.
            let Some(site) = (unsafe { site.as_ref() }) else {
                continue;
            };
            // Relaxed: ordered by the load of the site.
            let age = now.saturating_sub(row.taken_when.load(Relaxed));
            let entry = by_site
                .entry((site.file(), site.line()))
                .or_insert(Outstanding {
                    file: site.file(),
                    line: site.line(),
                    slots: 0,
                    bytes: 0,
                    oldest: None,
                });
            entry.slots += 1;
            entry.bytes += slot_bytes;
            if cfg!(feature = "std") {
                entry.oldest = entry.oldest.max(Some(Duration::from_nanos(age)));
            }
        }
        let mut report: Vec<_> = by_site.into_values().collect();
        report.sort_by_key(|site| core::cmp::Reverse(site.slots));
        report
    }
}

#[derive(Debug)]
struct Clock {
    #[cfg(feature = "std")]
    start: std::time::Instant,
}

impl Clock {
    fn new() -> Self {
        Self {
            #[cfg(feature = "std")]
            start: std::time::Instant::now(),
        }
    }

    #[cfg(feature = "std")]
    fn now_nanos(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    #[cfg(not(feature = "std"))]
    #[expect(clippy::unused_self, reason = "the same face as with a clock")]
    fn now_nanos(&self) -> u64 {
        0
    }
}
