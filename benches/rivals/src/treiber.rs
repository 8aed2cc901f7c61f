//! The obvious lock-free pool: a stack of free slots with a tagged head, a compare-exchange per call. It is what pool-core is without
//! its caches.

use pool_core::{Lease, Pool};

use benches::work::pool::{self, SLOT_BYTES, SlotPool};
use benches::work::scale::threads;

crate::submit! {
    "pool/pair" => pool::pair::<Treiber>,
    "pool/shared-2t" => pool::shared_2t::<Treiber>,
    "pool/cross" => pool::cross::<Treiber>,
    "scale/threads-1" => threads::<Treiber, 1>,
    "scale/threads-2" => threads::<Treiber, 2>,
    "scale/threads-4" => threads::<Treiber, 4>,
    "scale/threads-8" => threads::<Treiber, 8>,
}

/// The stack.
struct Treiber(Pool);

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
