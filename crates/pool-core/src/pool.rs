//! The handle through which slots are taken.

use alloc::vec::Vec;
use core::fmt;
use core::iter::{self, FusedIterator};
use core::mem;
use core::ptr::NonNull;

use crate::batch::LeaseBatch;
use crate::builder::PoolBuilder;
use crate::cache::Cache;
use crate::error::{AllocError, AllocErrorKind, IdError};
use crate::free_list::{Chain, OwnedSlot, PopError};
use crate::hand::Hand;
use crate::lease::Lease;
use crate::region::RegionSpan;
use crate::run::{self, By};
use crate::site::{self, Site, SlotEvent};
use crate::slot_id::{self, SlotId};
use crate::slots::Slots;
use crate::stats::PoolStats;
use crate::thread_cache;

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

    /// Takes a slot; `None` if at some instant of the call every slot was in use, or the pool is closed.
    ///
    /// Never blocks. Lock-free: a retry means that another thread took or gave back a slot.
    ///
    /// # Panics
    ///
    /// Only in a pool that [protects](PoolBuilder::protect_free_slots) or [checks](PoolBuilder::check_free_slots) its free slots, as said there.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc(&self) -> Option<Lease> {
        let site = site::caller();
        match self.alloc_fast(site) {
            Some(lease) => Some(lease),
            None => self.alloc_slowly(site),
        }
    }

    /// Takes a slot, or says why not. As [`alloc`](Self::alloc) otherwise.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: exhausted (another thread may give one back before the caller sees it), or closed.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn try_alloc(&self) -> Result<Lease, AllocError> {
        let site = site::caller();
        match self.alloc_fast(site) {
            Some(lease) => Ok(lease),
            None => self.try_alloc_slowly(site),
        }
    }

    /// Takes a slot if one is at hand: in the calling thread's cache, in the depot, or in the shared list. `None` proves nothing, and counts nothing: others may have
    /// free slots in their caches, which [`alloc`](Self::alloc) would look for.
    ///
    /// For a layer above that has something better to do then. Never calls the operating system; otherwise as [`alloc`](Self::alloc).
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_at_hand(&self) -> Option<Lease> {
        let site = site::caller();
        match self.alloc_fast(site) {
            Some(lease) => Some(lease),
            None => self.alloc_at_hand_slowly(site),
        }
    }

    #[cold]
    #[inline(never)]
    fn alloc_at_hand_slowly(&self, site: Site) -> Option<Lease> {
        let take = |hand: Option<&Hand>| self.slots().take_at_hand(hand);
        // SAFETY: this handle keeps the body (SLOTS-1).
        let slot = unsafe { Slots::with_hand(self.slots, take) }?;
        self.lease_or_count(Ok(slot), site).ok()
    }

    #[inline(always)]
    fn alloc_fast(&self, site: Site) -> Option<Lease> {
        // SAFETY: this handle keeps the body (SLOTS-1).
        let slot = unsafe { thread_cache::pop(self.slots) }?;
        self.slots().remember(slot.index(), site);
        Some(Lease::new(self.slots, slot))
    }

    #[cold]
    #[inline(never)]
    fn alloc_slowly(&self, site: Site) -> Option<Lease> {
        self.alloc_here(site).ok()
    }

    #[cold]
    #[inline(never)]
    fn try_alloc_slowly(&self, site: Site) -> Result<Lease, AllocError> {
        self.alloc_here(site).map_err(|why| self.describe(why))
    }

    fn alloc_here(&self, site: Site) -> Result<Lease, PopError> {
        let taken = self.take_here();
        self.lease_or_count(taken, site)
    }

    /// Takes a slot by the calling thread's hand, if it has one.
    pub(crate) fn take_here(&self) -> Result<OwnedSlot, PopError> {
        // SAFETY: this handle keeps the body (SLOTS-1).
        unsafe { Slots::with_hand(self.slots, |hand| self.slots().take(hand)) }
    }

    /// Takes a slot by a hand. The error is what fits a register: it is described only to who asks.
    pub(crate) fn alloc_by(&self, hand: Option<&Hand>, site: Site) -> Result<Lease, PopError> {
        self.lease_or_count(self.slots().take(hand), site)
    }

    fn lease_or_count(
        &self,
        taken: Result<OwnedSlot, PopError>,
        site: Site,
    ) -> Result<Lease, PopError> {
        let slot = match taken {
            Ok(slot) if self.slots().has_policy() => self.admit(slot)?,
            Ok(slot) => slot,
            Err(why) => {
                self.count(why);
                return Err(why);
            }
        };
        Ok(self.hand_out(slot, site))
    }

    /// What an alloc does that has a slot, in a pool with policies: refuses on purpose, which looks as the refusal of an exhausted pool and is counted apart, or
    /// prepares the slot. (What it gives fits a register, as what `take` gives: the fast path that goes around this call keeps its slot in one.)
    #[cold]
    #[inline(never)]
    fn admit(&self, slot: OwnedSlot) -> Result<OwnedSlot, PopError> {
        if self.slots().refuse_by_fault() {
            // SAFETY: the slot is ours and nobody had its bytes; this handle is another reason.
            unsafe { Slots::put_home(self.slots, None, slot) }
            return Err(PopError::Empty);
        }
        // SAFETY: this is a handle.
        Ok(unsafe { Slots::prepare(self.slots, slot) })
    }

    #[inline]
    pub(crate) fn lease(&self, slot: OwnedSlot, site: Site) -> Lease {
        // SAFETY: this is a handle.
        let slot = unsafe { Slots::prepare(self.slots, slot) };
        self.hand_out(slot, site)
    }

    /// Makes the lease of a slot that is prepared.
    #[inline]
    fn hand_out(&self, slot: OwnedSlot, site: Site) -> Lease {
        self.slots().remember(slot.index(), site);
        Lease::new(self.slots, slot)
    }

    /// Counts an alloc that was refused.
    #[cold]
    pub(crate) fn count(&self, why: PopError) {
        if why == PopError::Empty {
            self.slots().count_exhausted();
        }
    }

    #[cold]
    pub(crate) fn describe(&self, why: PopError) -> AllocError {
        let slots = self.slots().geometry().slots;
        match why {
            PopError::Empty => AllocErrorKind::Exhausted { slots }.into(),
            PopError::Closed => AllocErrorKind::Closed.into(),
        }
    }

    /// Takes up to `want` slots and adds them to `into`; tells how many.
    ///
    /// Fewer than `want` only if at some instant of the call no more were free; none at all counts as one refusal. If `into` panics, the slots it did not
    /// take go back. Cost: a look at this thread's cache for each 56 of them; from a pool without caches they are taken with one exchange.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn alloc_many(&self, want: usize, into: &mut impl Extend<Lease>) -> usize {
        let site = site::caller();
        if self.slots().faults().is_some() {
            return self.alloc_one_by_one(want, into, site);
        }
        if self.slots().caches().is_some() {
            return run::take_many(self, By::Thread, site, want, into);
        }
        self.slots().advance_clock();
        match self
            .slots()
            .list()
            .pop_many(u32::try_from(want).unwrap_or(u32::MAX))
        {
            Ok(chain) => {
                let mut leases = LeaseChain::collected(self, chain, site);
                leases.is_counted = false;
                into.extend(leases.by_ref());
                leases.given
            }
            Err(why) => {
                self.count(why);
                0
            }
        }
    }

    /// For a pool with faults, each of which is decided by itself.
    fn alloc_one_by_one(&self, want: usize, into: &mut impl Extend<Lease>, site: Site) -> usize {
        let mut given = 0;
        into.extend(
            iter::from_fn(|| {
                if given == want {
                    return None;
                }
                let lease = self.alloc_here(site).ok()?;
                given += 1;
                Some(lease)
            })
            .fuse(),
        );
        given
    }

    /// Gives back many leases in a fraction of the time that dropping them takes. Leases of other pools go to their own.
    ///
    /// If the iterator panics, the leases that it gave before are home, and those it did not give are the iterator's to drop.
    ///
    /// ```
    /// let pool = pool_core::Pool::builder().slots(1024).slot_bytes(2048).build()?;
    /// let mut leases = Vec::new();
    /// assert_eq!(pool.alloc_many(32, &mut leases), 32);
    /// pool.free_many(leases.drain(..));
    /// assert_eq!(pool.in_use(), 0);
    /// # Ok::<(), pool_core::BuildError>(())
    /// ```
    pub fn free_many(&self, leases: impl IntoIterator<Item = Lease>) {
        run::give_many(self, By::Thread, leases);
    }

    /// Gives back all leases of a `Vec`, which keeps its room: faster than [`free_many`](Self::free_many) of its `drain(..)`, because no code of the caller's runs
    /// in between. Leases of other pools go to their own.
    ///
    /// ```
    /// let pool = pool_core::Pool::builder().slots(1024).slot_bytes(2048).build()?;
    /// let mut leases = Vec::with_capacity(32);
    /// pool.alloc_many(32, &mut leases);
    /// pool.free_all(&mut leases);
    /// assert!(leases.is_empty() && pool.in_use() == 0);
    /// # Ok::<(), pool_core::BuildError>(())
    /// ```
    #[inline]
    pub fn free_all(&self, leases: &mut Vec<Lease>) {
        run::give_all(self, By::Thread, leases);
    }

    /// Takes a whole magazine of slots with one exchange; `None` if there is no full one, or the pool has no caches. Then
    /// [`alloc_many`](Self::alloc_many) may still find slots.
    ///
    /// How many there are is the pool's affair: at most 56, at most a 16th of the pool.
    #[inline]
    #[must_use]
    pub fn alloc_batch(&self) -> Option<LeaseBatch> {
        let take = |hand: Option<&Hand>| self.slots().take_batch(hand);
        // SAFETY: this handle keeps the body (SLOTS-1).
        let (magazine, len) = unsafe { Slots::with_hand(self.slots, take) }?;
        let batch = LeaseBatch::new(self.slots, magazine, len);
        if self.slots().has_policy() {
            return self.unless_refused(batch);
        }
        Some(batch)
    }

    #[cold]
    fn unless_refused(&self, batch: LeaseBatch) -> Option<LeaseBatch> {
        (!self.slots().refuse_by_fault()).then_some(batch)
    }

    /// Gives back what is left of a batch. A batch of another pool goes to its own.
    #[inline]
    pub fn free_batch(&self, batch: LeaseBatch) {
        if !batch.belongs_to(self) {
            return drop(batch);
        }
        if let Some((magazine, len)) = batch.into_parts() {
            let give = |hand: Option<&Hand>| {
                // SAFETY: this handle keeps the body (SLOTS-1), the hand is this thread's, of this pool, and magazine and slots were the batch's (BATCH-1).
                unsafe { Slots::give_back_batch(self.slots, hand, magazine, len.get()) }
            };
            // SAFETY: this handle keeps the body (SLOTS-1).
            unsafe { Slots::with_hand(self.slots, give) }
        }
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
    /// than [`capacity`](Self::capacity). Exact when nothing else runs. Cost: looks at every magazine, some three per 112
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

/// The leases of a chain, made one by one; those not taken go back when it is dropped.
pub(crate) struct LeaseChain<'a> {
    pool: &'a Pool,
    chain: Chain,
    given: usize,
    site: Site,
    /// Whether the slots were counted as taken when they came into the chain.
    is_counted: bool,
}

impl<'a> LeaseChain<'a> {
    /// Of slots that were taken, and counted, one by one.
    pub(crate) fn collected(pool: &'a Pool, chain: Chain, site: Site) -> Self {
        Self {
            pool,
            chain,
            given: 0,
            site,
            is_counted: true,
        }
    }
}

impl Iterator for LeaseChain<'_> {
    type Item = Lease;

    fn next(&mut self) -> Option<Lease> {
        let slot = self.pool.slots().list().next_of(&mut self.chain)?;
        self.given += 1;
        Some(self.pool.lease(slot, self.site))
    }
}

impl FusedIterator for LeaseChain<'_> {}

impl Drop for LeaseChain<'_> {
    fn drop(&mut self) {
        if !self.is_counted {
            let given = u32::try_from(self.given).unwrap_or(u32::MAX);
            self.pool.slots().count_taken(given);
            self.pool.slots().note_high_water();
        }
        // Unprepared: nobody had them, and what refused one slot would refuse the next, in the middle of a panic.
        let rest = mem::replace(&mut self.chain, Chain::empty());
        // SAFETY: the chain is ours, and `pool` is another reason for the body to live.
        unsafe { Slots::put_chain_home(self.pool.slots, rest) }
    }
}
