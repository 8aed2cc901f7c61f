//! What a pool counts, and how it answers for it.

use super::Slots;
use crate::caches::Caches;
use crate::stats::PoolStats;
use crate::sync::atomic::Ordering::Relaxed;

impl Slots {
    /// Counts slots that no magazine counts.
    pub(crate) fn count_taken(&self, slots: u32) {
        // Relaxed: a count on its own.
        let count = &self.cold.0.taken_elsewhere;
        count.fetch_add(u64::from(slots), Relaxed);
    }

    /// Counts a slot that was taken out of a magazine as a thief does.
    pub(super) fn count_stolen(&self) {
        self.count_taken(1);
        // Relaxed: a count on its own.
        self.cold.0.steals.fetch_add(1, Relaxed);
    }

    /// Remembers how many slots are out of the depot, if never so many were.
    pub(crate) fn note_high_water(&self) {
        if cfg!(loom) {
            return; // Reads words of protocols only to count.
        }
        let Some(listed) = self.list.len() else {
            return;
        };
        let cached = self.caches.as_ref().map_or(0, Caches::depot_len);
        let slots = self.geometry.slots;
        let out = slots - listed.saturating_add(cached).min(slots);
        let high_water = &self.cold.0.high_water;
        // Relaxed, both: a count on its own; looked at first, so that the line is written only when it changes.
        if out > high_water.load(Relaxed) {
            high_water.fetch_max(out, Relaxed);
        }
    }

    /// How many slots are home, for a caller who holds a handle.
    pub(crate) fn free_count(&self) -> u32 {
        match self.list.len() {
            Some(home) => self.caches.as_ref().map_or(home, |caches| {
                // A slot that moves meanwhile may be counted twice.
                home.saturating_add(caches.len()).min(self.geometry.slots)
            }),
            // Relaxed: a count on its own. One of the reasons is the handles'.
            None => self
                .geometry
                .slots
                .saturating_sub(self.cold.0.reasons.load(Relaxed).saturating_sub(1)),
        }
    }

    /// Slots that lie in a stock.
    pub(super) fn stocked(&self) -> u32 {
        // Relaxed: a count on its own, that only decides when caches are worth their while again.
        self.cold.0.stocked.load(Relaxed)
    }

    /// Counts slots that came into a stock.
    pub(crate) fn count_stocked(&self, slots: u32) {
        // Relaxed: a count on its own.
        self.cold.0.stocked.fetch_add(slots, Relaxed);
    }

    /// Counts slots that left a stock.
    pub(crate) fn count_unstocked(&self, slots: u32) {
        // Relaxed: a count on its own.
        self.cold.0.stocked.fetch_sub(slots, Relaxed);
    }

    #[cold]
    pub(crate) fn count_exhausted(&self) {
        // Relaxed: a count on its own.
        self.cold.0.exhausted.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_fallback(&self, bytes: usize) {
        // Relaxed, both: counts on their own.
        self.cold.0.fallbacks.fetch_add(1, Relaxed);
        self.cold.0.fallback_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// What was counted, for a caller who has looked how many slots are free.
    pub(crate) fn stats(&self, free: usize) -> PoolStats {
        let cold = &self.cold.0;
        let capacity = self.geometry.slots as usize;
        let (by_owners, refills) = self.caches.as_ref().map_or((0, 0), Caches::counts);
        // Relaxed, all: counts on their own.
        let elsewhere = cold.taken_elsewhere.load(Relaxed);
        let in_use = capacity - free;
        let most = u32::try_from(in_use).unwrap_or(u32::MAX);
        // Never fewer than are out: a slot may be taken after its count was read.
        let allocs = (by_owners + elsewhere).max(in_use as u64);
        PoolStats {
            capacity,
            slot_bytes: self.geometry.slot_bytes,
            free,
            in_use,
            allocs,
            frees: allocs - in_use as u64,
            high_water: (cold.high_water.fetch_max(most, Relaxed) as usize).max(in_use),
            refills,
            steals: cold.steals.load(Relaxed),
            exhausted: cold.exhausted.load(Relaxed),
            waits: self.waiting().waits(),
            fallbacks: cold.fallbacks.load(Relaxed),
            fallback_bytes: cold.fallback_bytes.load(Relaxed),
            name: self.name,
        }
    }
}
