//! The handle through which slots are taken.

mod many;
mod one;

use core::fmt;
use core::ptr::NonNull;

use crate::builder::PoolBuilder;
use crate::cache::Cache;
use crate::error::IdError;
use crate::lease::Lease;
use crate::region::RegionSpan;
use crate::site::SlotEvent;
use crate::slot_id::{self, SlotId};
use crate::slots::Slots;
use crate::stats::PoolStats;

/// A pool of equal slots. A handle: cloning it is cheap, and any thread may use it.
///
/// Taking and giving back are lock-free, allocate nothing and call no operating system (unless a policy of the
/// [builder](PoolBuilder) says otherwise); only while somebody waits for a slot does giving back take a lock. The slot given back last is handed out first: its bytes are still in a cache.
///
/// When the last handle is dropped, the memory lives on until the last lease or share is home.
///
/// ```
/// use pool_core::Pool;
///
/// let pool = Pool::builder().slots(2).slot_bytes(2048).build()?;
/// let mut lease = pool.alloc().expect("two slots are free");
/// lease[..5].copy_from_slice(b"hello");
/// let reader = lease.share();
/// std::thread::scope(|s| {
///     s.spawn(|| assert_eq!(&reader[..5], b"hello"));
/// });
/// drop(pool); // the slot stays valid
/// assert_eq!(reader.len(), 2048);
/// # Ok::<(), pool_core::BuildError>(())
/// ```
pub struct Pool {
    slots: NonNull<Slots>,
}

// SAFETY: everything in the body that a handle reaches is `Sync`.
unsafe impl Send for Pool {}
// SAFETY: `&Pool` reaches only the body's shared, `Sync` part.
unsafe impl Sync for Pool {}

impl Pool {
    /// Starts building a pool. [`slots`](PoolBuilder::slots) and [`slot_bytes`](PoolBuilder::slot_bytes) must be given.
    pub fn builder() -> PoolBuilder {
        PoolBuilder::new()
    }

    /// Wraps the first handle that [`Slots::create`] made.
    pub(crate) fn from_slots(slots: NonNull<Slots>) -> Self {
        Self { slots }
    }

    pub(crate) fn slots_ptr(&self) -> NonNull<Slots> {
        self.slots
    }

    #[inline]
    pub(crate) fn slots(&self) -> &Slots {
        // SAFETY: this handle is a reason for the body to live (SLOTS-1); only shared references to it exist.
        unsafe { self.slots.as_ref() }
    }

    /// A cache for the caller: the fastest way to this pool's slots.
    #[must_use]
    pub fn cache(&self) -> Cache {
        Cache::new(self.clone())
    }

    /// Takes back the slot of an id, for the first who presents it.
    ///
    /// Any number from anywhere may be presented: one that is not now out of this pool is refused and changes nothing (odds
    /// at [`SlotId`]).
    ///
    /// # Errors
    ///
    /// [`IdError`] if the id is not now out of this pool.
    pub fn redeem(&self, id: SlotId) -> Result<Lease, IdError> {
        let slots = self.slots();
        let slot = slot_id::redeem(slots.list(), slots.nonce(), id)?;
        slots.note(slot.index(), SlotEvent::Redeemed);
        Ok(Lease::new(self.slots, slot))
    }

    /// Ends the pool early: no slot is handed out any more, leases, shares and reservations stay valid. Whoever waits for a slot is told.
    pub fn close(&self) {
        Slots::close(self.slots);
    }

    /// The [name](PoolBuilder::name) for reports, if it was given one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.slots().name().get()
    }

    /// How many slots the pool was built with.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots().geometry().slots as usize
    }

    /// How many bytes each slot offers.
    #[must_use]
    pub fn slot_bytes(&self) -> usize {
        self.slots().geometry().slot_bytes
    }

    /// How many bytes lie from one slot's first byte to the next one's: slot `i` begins at `stride_bytes() * i` from slot 0. At least [`slot_bytes`](Self::slot_bytes).
    #[must_use]
    pub fn stride_bytes(&self) -> usize {
        self.slots().geometry().stride_bytes
    }

    /// How many slots nobody held at some instant of the call.
    ///
    /// Other threads may take or give back slots at any time, so the number can be stale in both directions; it is never more
    /// than [`capacity`](Self::capacity). Exact when nothing else runs. Cost: looks at every magazine, some five per 112
    /// slots; two loads for a pool without caches.
    #[must_use]
    pub fn free_count(&self) -> usize {
        self.slots().free_count() as usize
    }

    /// How many slots were held (as a lease, a share or an id) at some instant of the call: the rest of
    /// [`capacity`](Self::capacity), as stale as [`free_count`](Self::free_count).
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.capacity() - self.free_count()
    }

    /// What the pool has counted so far.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.slots().stats(self.free_count())
    }

    /// Counts a buffer of `bytes` that a layer above took from the heap because this pool had no slot for it.
    pub fn count_fallback(&self, bytes: usize) {
        self.slots().count_fallback(bytes);
    }

    /// The pool's whole memory, to register with a kernel. Valid while the pool has a handle, a lease or a share.
    #[must_use]
    pub fn region(&self) -> RegionSpan {
        self.slots().span()
    }

    /// The memory file of a pool with [`RegionSource::Memfd`](crate::RegionSource::Memfd), to hand to another process; `None` for other regions.
    ///
    /// Who has it (or a duplicate) can read every byte of every slot, also while it is written, and nothing more: the file is sealed against writes and
    /// against another size. [`RegionSpan`]'s base is the file's first byte. Needs features `os` and `std`.
    #[cfg(all(feature = "os", feature = "std", target_os = "linux"))]
    #[must_use]
    pub fn region_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.slots().region_fd()
    }

    /// The slots in use, grouped by the line that took them, most slots first. Slots out as ids count as taken by the line
    /// that took their lease.
    ///
    /// Cost: looks at every slot and allocates the answer. Other threads may take and give back slots meanwhile.
    #[cfg(feature = "track")]
    #[must_use]
    pub fn outstanding(&self) -> alloc::vec::Vec<crate::Outstanding> {
        let slots = self.slots();
        slots.sites.outstanding(*slots.name(), slots.slot_bytes())
    }

    /// What happened last to the slot with this [index](Lease::slot_index), free or not; `None` if there is no such slot. Other threads' events may follow at any
    /// time.
    #[cfg(feature = "track")]
    #[must_use]
    pub fn slot_history(&self, slot: usize) -> Option<crate::SlotHistory> {
        self.slots().sites.history(slot)
    }
}

impl Clone for Pool {
    fn clone(&self) -> Self {
        self.slots().add_handle();
        Self { slots: self.slots }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: this handle ends here and is not used again.
        unsafe { Slots::drop_handle(self.slots) }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("Pool");
        if let Some(name) = self.name() {
            f.field("name", &name);
        }
        f.field("capacity", &self.capacity())
            .field("slot_bytes", &self.slot_bytes())
            .field("free", &self.free_count())
            .finish_non_exhaustive()
    }
}
