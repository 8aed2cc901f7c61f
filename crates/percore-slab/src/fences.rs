//! A pair of fences of which one is free, where the system helps.
//!
//! For threads A and B: if A runs [`light`](Fences::light) between a store and a load, and B runs [`heavy`](Fences::heavy) between a store and a
//! load, then at least one of the loads sees the other's store. Two sequentially consistent fences would say the same at some nanoseconds
//! each. Here A's side costs nothing, and B's, which is rare, a system call that makes every running thread of the process pass a full barrier
//! (`membarrier(2)`, private expedited). A thread that does not run at that moment has passed one when it was switched out.
//!
//! Where that call is missing, both are sequentially consistent fences: on other systems, without `os`, in a sandbox that forbids the call, under
//! Miri and in models, which so explore the fences that stand for it.

use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::atomic::fence;

/// Which pair is used. Both sides of a protocol use one value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fences {
    by_membarrier: bool,
}

impl Fences {
    /// Asks the system, at the price of a call: once for each slab and bridge.
    pub(crate) fn choose() -> Self {
        Self {
            by_membarrier: asymmetric::register(),
        }
    }

    #[inline]
    pub(crate) fn light(self) {
        if self.by_membarrier {
            asymmetric::light();
        } else {
            // [SLAB-LIGHT-FENCE] SeqCst: one side of a Dekker. Pairs with [SLAB-HEAVY-FENCE].
            fence(SeqCst);
        }
    }

    #[cold]
    pub(crate) fn heavy(self) {
        if self.by_membarrier {
            asymmetric::heavy();
        } else {
            // [SLAB-HEAVY-FENCE] SeqCst: the other side. Pairs with [SLAB-LIGHT-FENCE].
            fence(SeqCst);
        }
    }
}

#[cfg(all(feature = "os", target_os = "linux", not(miri), not(loom)))]
mod asymmetric {
    use core::sync::atomic::{Ordering, compiler_fence};

    pub(super) fn register() -> bool {
        crate::os::register_barrier()
    }

    #[inline]
    pub(super) fn light() {
        // [SLAB-LIGHT] SeqCst, for the compiler only: what the processor may still reorder, [SLAB-HEAVY] makes it finish. Pairs with [SLAB-HEAVY].
        compiler_fence(Ordering::SeqCst);
    }

    pub(super) fn heavy() {
        // [SLAB-HEAVY] SeqCst, on every running thread of the process: see `membarrier(2)`. Pairs with [SLAB-LIGHT].
        crate::os::barrier();
    }
}

#[cfg(not(all(feature = "os", target_os = "linux", not(miri), not(loom))))]
mod asymmetric {
    pub(super) fn register() -> bool {
        false
    }

    pub(super) fn light() {
        unreachable!("never registered");
    }

    pub(super) fn heavy() {
        unreachable!("never registered");
    }
}
