//! Building a buffer pool.

use pool_core::{RegionSource, Scrub};

use crate::buffer_pool::BufferPool;
use crate::error::{BuildError, BuildErrorKind};
use crate::rack::Rack;

/// Most slots a class can have: `pool-core`'s bound.
const MAX_CAPACITY: usize = u32::MAX as usize - 1;

/// Builds a [`BufferPool`]; see [`BufferPool::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct BufferPoolBuilder {
    capacity_per_class: usize,
    region: RegionSource,
    scrub: Scrub,
}

impl BufferPoolBuilder {
    pub(crate) fn new() -> Self {
        Self {
            capacity_per_class: 0,
            region: if cfg!(all(feature = "os", unix)) {
                RegionSource::Mmap
            } else {
                RegionSource::Heap
            },
            scrub: Scrub::Never,
        }
    }

    /// How many slots each of the nine classes has: 1 to 2^32 - 2. No default. All nine together reserve 2 044 KiB of address space per
    /// slot; memory is taken when a slot is first touched.
    pub fn capacity_per_class(mut self, slots: usize) -> Self {
        self.capacity_per_class = slots;
        self
    }

    /// Where the memory comes from. By default [`RegionSource::Mmap`], or [`RegionSource::Heap`] without feature `os` or on other systems
    /// than a Unix.
    pub fn region(mut self, source: RegionSource) -> Self {
        self.region = source;
        self
    }

    /// When slots are overwritten with zeros. [`Scrub::Never`] by default; any other makes acquiring or dropping a buffer cost a `memset`
    /// of its class.
    pub fn scrub(mut self, policy: Scrub) -> Self {
        self.scrub = policy;
        self
    }

    /// Builds the pool.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the field, its bound and the value; or the class for which the system has no memory.
    pub fn build(self) -> Result<BufferPool, BuildError> {
        if !(1..=MAX_CAPACITY).contains(&self.capacity_per_class) {
            return Err(BuildErrorKind::OutOfRange {
                field: "capacity_per_class",
                bound: "1 to 4294967294",
                value: self.capacity_per_class,
            }
            .into());
        }
        let rack = Rack::build(self.capacity_per_class, self.region, self.scrub)?;
        Ok(BufferPool::from_rack(rack))
    }
}
