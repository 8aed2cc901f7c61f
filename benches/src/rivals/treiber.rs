//! The obvious lock-free pool: a stack of free slots with a tagged head, a compare-exchange per call. It is what pool-core is without
//! its caches.

use pool_core::{Lease, Pool};

use crate::work::pool::{SLOT_BYTES, SlotPool};

/// The stack.
pub struct Treiber(Pool);

impl SlotPool for Treiber {
    const NAME: &'static str = "treiber";

    type Slot<'a> = Lease;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        let pool = Pool::builder().slots(slots).slot_bytes(SLOT_BYTES).cache(0);
        Self(pool.build().expect("a few megabytes"))
    }

    #[inline]
    fn take(&self) -> Option<Lease> {
        self.0.alloc()
    }
}
