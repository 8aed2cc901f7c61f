//! What a pool has counted.

use core::fmt;

/// A snapshot of a pool's counts. `free + in_use == capacity` holds in every snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Slots the pool was built with.
    pub capacity: usize,
    /// Bytes a slot offers.
    pub slot_bytes: usize,
    /// Slots that nobody held at some instant of the call.
    pub free: usize,
    /// Slots held as a lease, a share or an id: `capacity - free`.
    pub in_use: usize,
    /// Allocations refused because every slot was in use, those among them that waited for a time in vain.
    pub exhausted: u64,
    /// Allocations that found no slot and began to wait for one.
    pub waits: u64,
    /// Buffers that an upper layer took from the heap because this pool had no slot or too small ones.
    pub fallbacks: u64,
    /// Bytes of those buffers.
    pub fallback_bytes: u64,
}

impl fmt::Display for PoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} slots of {} B in use, {} times exhausted, {} waits, {} fallbacks ({} B)",
            self.in_use,
            self.capacity,
            self.slot_bytes,
            self.exhausted,
            self.waits,
            self.fallbacks,
            self.fallback_bytes
        )
    }
}
