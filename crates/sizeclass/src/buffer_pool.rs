//! The handle through which buffers are acquired.

use alloc::sync::Arc;
use core::fmt;

use crate::buffer::PooledBuffer;
use crate::builder::BufferPoolBuilder;
use crate::error::AcquireError;
use crate::rack::Rack;
use crate::stats::BufferPoolStats;

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

    /// A buffer of `min` bytes. Never fails: if the class has no free slot (a *miss*), or no class is so large (*oversize*), the memory
    /// comes from the heap, and is counted.
    ///
    /// The bytes are initialised, and **not zeroed**: in a slot they are what its last user left (zero when never used), unless
    /// the pool [scrubs](BufferPoolBuilder::scrub). `min` may be 0: the buffer has a slot of the smallest class to grow in.
    ///
    /// Never blocks. Cost: one alloc of the class's pool and one count, whatever the class; a fallback, one zeroed heap allocation.
    ///
    /// # Panics
    ///
    /// If `min` is more than `isize::MAX`, as `Vec` does.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn acquire(&self, min: usize) -> PooledBuffer {
        PooledBuffer::new(self.rack.take(min), min, self.rack.home())
    }

    /// A buffer of `min` bytes in a slot, or why there is none. As [`acquire`](Self::acquire) otherwise.
    ///
    /// Allocates nothing, and counts an allocation only if it succeeds.
    ///
    /// # Errors
    ///
    /// [`AcquireError`]: `min` is larger than the largest class, or the class is exhausted (another thread may drop a buffer before
    /// the caller sees it).
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn try_acquire(&self, min: usize) -> Result<PooledBuffer, AcquireError> {
        let storage = self.rack.try_take(min)?;
        Ok(PooledBuffer::new(storage, min, self.rack.home()))
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
