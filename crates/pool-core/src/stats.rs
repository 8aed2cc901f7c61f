//! What a pool has counted.

use core::fmt;

use crate::name::Name;

/// A snapshot of a pool's counts. In every snapshot `free + in_use == capacity` and `allocs - frees == in_use`.
///
/// Counting costs nothing where slots are taken and given back: the caches count in the word that they store anyway, and what can be
/// derived is not counted. Taking a snapshot looks at every magazine, and what other threads do meanwhile may be in it or not.
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
    /// Slots taken so far. Those that a panic or a full collection sent back at once count too.
    pub allocs: u64,
    /// Slots given back so far: `allocs - in_use`.
    pub frees: u64,
    /// The most slots that were ever out of the depot, which is to say in use or in a thread's cache. Looked at whenever a cache is
    /// refilled and whenever a slot is taken past the caches.
    pub high_water: usize,
    /// How often a cache got a full magazine from the depot.
    pub refills: u64,
    /// Slots taken out of other threads' caches, when the depot was empty.
    pub steals: u64,
    /// Allocations refused because every slot was in use, those among them that waited for a time in vain.
    pub exhausted: u64,
    /// Allocations that found no slot and began to wait for one.
    pub waits: u64,
    /// Buffers that an upper layer took from the heap because this pool had no slot or too small ones.
    pub fallbacks: u64,
    /// Bytes of those buffers.
    pub fallback_bytes: u64,
    pub(crate) name: Name,
}

impl PoolStats {
    /// The pool's [name](crate::PoolBuilder::name), if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.get()
    }
}

impl fmt::Display for PoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}{} of {} slots of {} B in use, high water {}, {} allocs, {} refills, {} steals, {} times exhausted, {} waits, {} fallbacks ({} B)",
            self.name,
            self.in_use,
            self.capacity,
            self.slot_bytes,
            self.high_water,
            self.allocs,
            self.refills,
            self.steals,
            self.exhausted,
            self.waits,
            self.fallbacks,
            self.fallback_bytes
        )
    }
}
