//! The handle through which buffers are acquired.

use alloc::sync::Arc;
use core::fmt;
#[cfg(feature = "std")]
use core::time::Duration;

use pool_core::{Budget, Tenant};

use crate::buffer::PooledBuffer;
use crate::builder::BufferPoolBuilder;
use crate::classes::Classes;
use crate::error::{AcquireError, TenantError};
use crate::rack::Rack;
use crate::stats::BufferPoolStats;
use crate::storage::Storage;
use crate::tenant::TenantPool;
#[cfg(feature = "std")]
use crate::waiting::{self, AcquireFuture};

/// Buffers of any size, from pools of nine size classes: 4 KiB, 8 KiB, … 1 MiB. A handle: cloning it is cheap, and any thread may
/// use it.
///
/// Acquiring and dropping a buffer take constant time, the same for every class: nothing is zeroed, and no reference count is
/// touched. When the last handle is dropped, the memory of each class lives on until its last buffer is dropped.
///
/// Only the pool's own memory comes home, and it does so by itself; nothing can be put into a class from outside:
///
/// ```compile_fail
/// let pool = sizeclass::BufferPool::new(4);
/// pool.release(vec![0; 4096]); // there is no such thing
/// ```
#[derive(Clone)]
pub struct BufferPool {
    rack: Arc<Rack>,
}

impl BufferPool {
    /// Builds a pool whose nine classes have `capacity_per_class` slots each.
    ///
    /// Reserves 2 044 KiB of address space per slot and class set; memory is taken when a slot is first touched.
    ///
    /// # Panics
    ///
    /// If `capacity_per_class` is not within 1 to 2^32 - 2, or the system refuses the address space;
    /// [`builder`](Self::builder) makes these an error.
    #[must_use]
    pub fn new(capacity_per_class: usize) -> Self {
        let built = Self::builder()
            .capacity_per_class(capacity_per_class)
            .build();
        match built {
            Ok(pool) => pool,
            Err(why) => panic!("BufferPool::new: {why}"),
        }
    }

    /// Starts building a pool. [`capacity_per_class`](BufferPoolBuilder::capacity_per_class) must be given.
    pub fn builder() -> BufferPoolBuilder {
        BufferPoolBuilder::new()
    }

    pub(crate) fn from_rack(rack: Arc<Rack>) -> Self {
        Self { rack }
    }

    pub(crate) fn rack(&self) -> &Rack {
        &self.rack
    }

    /// A buffer of `min` bytes. Never fails: if no slot is to be had (a *miss*), or no class is so large (*oversize*), the memory
    /// comes from elsewhere, and is counted. With a [budget](BufferPoolBuilder::budget) it may overdraw that, which counts it.
    ///
    /// The bytes are initialised, and **not zeroed**: in a slot they are what its last user left (zero when never used), unless
    /// the pool [scrubs](BufferPoolBuilder::scrub). `min` may be 0: the buffer has a slot of the smallest class to grow in.
    ///
    /// Never blocks. Cost: one alloc of the class's pool, whatever the class, and no word that threads share is written if one is at hand. If the
    /// class has no slot with memory that nobody holds: a charge and the page faults of first use. A miss or oversize buffer: an allocation, or from 128 KiB on a mapping of
    /// its own.
    ///
    /// # Panics
    ///
    /// If `min` is more than `isize::MAX`, as `Vec` does; if a waker panics that a charge wakes.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn acquire(&self, min: usize) -> PooledBuffer {
        let rack = &*self.rack;
        match rack.take_cached(min) {
            Some(lease) => rack.buffer(Storage::of_small_slot(lease, min)),
            None => rack.acquire(min),
        }
    }

    /// A buffer of `min` bytes in a slot, or why there is none. As [`acquire`](Self::acquire) otherwise.
    ///
    /// Allocates nothing, and counts an allocation only if it succeeds.
    ///
    /// # Errors
    ///
    /// [`AcquireError`]: `min` is larger than the largest class; or the class is exhausted (another thread may drop a buffer before
    /// the caller sees it); or the budget has no room, and this pool no idle memory to give back for it.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn try_acquire(&self, min: usize) -> Result<PooledBuffer, AcquireError> {
        let rack = &*self.rack;
        match rack.take_cached(min) {
            Some(lease) => Ok(rack.buffer(Storage::of_small_slot(lease, min))),
            None => rack.try_acquire(min),
        }
    }

    /// A buffer of `min` bytes in a slot as soon as there is one and the budget has room for it. Any executor will do.
    ///
    /// Who waits for bytes is served by age, among all that wait for the same budget. A slot of the very class that comes home may serve a younger request, which needs no bytes then. While somebody
    /// waits for bytes, what is dropped in other classes goes back to the system for them, instead of idling; memory that idles in *other* pools of the same budget does not: they trim
    /// or tick for themselves.
    ///
    /// Cost: that of [`try_acquire`](Self::try_acquire) if it need not wait. Else some allocations, and locks that those who drop a buffer take too while somebody waits.
    ///
    /// # Errors
    ///
    /// [`AcquireError`], only where [no waiting helps](AcquireError::is_too_large).
    ///
    /// ```
    /// # use sizeclass::{AcquireError, BufferPool, PooledBuffer};
    /// async fn block(pool: &BufferPool) -> Result<PooledBuffer, AcquireError> {
    ///     let mut buffer = pool.acquire_async(65_536).await?;
    ///     buffer[..5].copy_from_slice(b"hello");
    ///     Ok(buffer)
    /// }
    /// ```
    #[cfg(feature = "std")]
    pub fn acquire_async(&self, min: usize) -> AcquireFuture<'_> {
        AcquireFuture::new(&self.rack, min, None)
    }

    /// As [`acquire_async`](Self::acquire_async), blocking the thread for at most `timeout`. A time of zero never blocks; [`Duration::MAX`] is no limit.
    ///
    /// # Errors
    ///
    /// [`AcquireError`]: [timed out](AcquireError::is_timed_out), or [too large](AcquireError::is_too_large), for which it does not wait.
    #[cfg(feature = "std")]
    pub fn acquire_timeout(
        &self,
        min: usize,
        timeout: Duration,
    ) -> Result<PooledBuffer, AcquireError> {
        waiting::block(self.acquire_async(min), timeout)
    }

    /// A buffer of `min` zeros. As [`acquire`](Self::acquire) otherwise.
    ///
    /// Cost: besides, one `memset` of `min` bytes if the buffer is a slot.
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn acquire_zeroed(&self, min: usize) -> PooledBuffer {
        let mut buffer = self.acquire(min);
        if buffer.is_pooled() {
            buffer.fill(0);
        }
        buffer
    }

    /// A handle that charges its buffers to a tenant: to the [child](pool_core::Budget::child) of the pool's budget that was built for it.
    ///
    /// # Errors
    ///
    /// If the pool has no budget, or the budget no such child now; or if the pool's memory is [charged whole](BufferPoolBuilder::budget).
    pub fn tenant(&self, tenant: Tenant) -> Result<TenantPool, TenantError> {
        TenantPool::new(&self.rack, tenant)
    }

    /// Gives idle memory back to the system, and what is charged for it to the budget, until no more than `target_bytes` idle. Tells how many bytes it gave back. What lies in
    /// threads' caches is found.
    ///
    /// Other threads go on meanwhile, and may drop or acquire buffers. Cost: a system call for each slot, and a sweep of the caches. Memory of a region other than
    /// [`Mmap`](pool_core::RegionSource::Mmap), or of classes that are no whole pages, stays.
    ///
    /// # Panics
    ///
    /// If a waker panics that this wakes, after everything else was done for the slot at hand.
    #[expect(clippy::must_use_candidate, reason = "it acts")]
    pub fn trim(&self, target_bytes: usize) -> usize {
        self.rack.trim(target_bytes)
    }

    /// Gives back half of the memory that idled when the pool looked last and idles now, if it is [time](BufferPoolBuilder::decay_every) for a look. Tells how many
    /// bytes. Call it now and then, where nothing is urgent: slow calls do the same by themselves, but an idle process makes none.
    #[expect(clippy::must_use_candidate, reason = "it acts")]
    pub fn tick(&self) -> usize {
        self.rack.tick()
    }

    /// The budget that the pool is charged to, if it was given one.
    #[must_use]
    pub fn budget(&self) -> Option<&Budget> {
        self.rack.rules.budget.as_ref()
    }

    /// The sizes of the classes.
    #[must_use]
    pub fn classes(&self) -> &Classes {
        &self.rack.sizes
    }

    /// The slots in use, class by class, grouped by the line that took them. Buffers on the heap are not among them.
    ///
    /// Cost: looks at every slot and allocates the answer. Other threads may acquire and drop buffers meanwhile.
    #[cfg(feature = "track")]
    #[must_use]
    pub fn outstanding(&self) -> alloc::vec::Vec<pool_core::Outstanding> {
        self.rack.outstanding()
    }

    /// What the pool has counted so far. Other threads go on meanwhile; what is promised nevertheless stands at [`BufferPoolStats`].
    #[must_use]
    pub fn stats(&self) -> BufferPoolStats {
        self.rack.stats()
    }
}

impl fmt::Debug for BufferPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.stats();
        f.debug_struct("BufferPool")
            .field("slots_per_class", &stats.classes()[0].slots)
            .field("in_use_bytes", &stats.in_use_bytes())
            .finish_non_exhaustive()
    }
}
