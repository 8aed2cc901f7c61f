//! pool-core: a `Lease` from a pool whose size is known at run time only.

use pool_core::{Cache, Lease, LeaseBatch, Pool};

use crate::work::pool::{BatchPool, BulkPool, CachedPool, SLOT_BYTES, SlotCache, SlotPool, cached};
use crate::work::{LINE_BYTES, Line, Memory, Writable};

/// A pool of leases.
pub struct PoolCore(Pool);

impl SlotPool for PoolCore {
    const NAME: &'static str = "pool-core";

    type Slot<'a> = Lease;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        let builder = Pool::builder().slots(slots).slot_bytes(SLOT_BYTES);
        Self(
            builder
                .cache(cached(slots))
                .build()
                .expect("a few megabytes"),
        )
    }

    #[inline]
    fn take(&self) -> Option<Lease> {
        self.0.alloc()
    }
}

impl CachedPool for PoolCore {
    type Cache<'a> = Cache;

    #[inline]
    fn cache(&self) -> Cache {
        self.0.cache()
    }
}

impl SlotCache<Lease> for Cache {
    #[inline]
    fn take(&self) -> Option<Lease> {
        self.alloc()
    }

    #[inline]
    fn give(&self, lease: Lease) {
        self.free(lease);
    }
}

impl BulkPool for PoolCore {
    #[inline]
    fn take_many(&self, want: usize, into: &mut Vec<Lease>) {
        self.0.alloc_many(want, into);
    }

    #[inline]
    fn give_many(&self, from: &mut Vec<Lease>) {
        self.0.free_all(from);
    }
}

impl BatchPool for PoolCore {
    type Batch = LeaseBatch;

    #[inline]
    fn with_batches(slots: usize, batch: usize) -> Self {
        // A cache has two magazines, and a batch is one.
        let builder = Pool::builder().slots(slots).slot_bytes(SLOT_BYTES);
        Self(builder.cache(2 * batch).build().expect("a few megabytes"))
    }

    #[inline]
    fn take_batch(&self) -> Option<LeaseBatch> {
        self.0.alloc_batch()
    }

    #[inline]
    fn slots_of(batch: &LeaseBatch) -> usize {
        batch.len()
    }

    #[inline]
    fn give_batch(&self, batch: LeaseBatch) {
        self.0.free_batch(batch);
    }
}

impl Memory for Lease {
    #[inline]
    fn start(&self) -> *const u8 {
        self.as_ptr()
    }
}

impl Writable for Lease {
    #[inline]
    fn touch(&mut self, line: &Line) {
        self[..LINE_BYTES].copy_from_slice(line);
    }
}
