//! A pair of fences of which one is free: the asymmetric Dekker of the caches.
//!
//! For threads A and B: if A runs [`light`] between a store and a load, and B runs [`heavy`] between a store and a load, then at
//! least one of the loads sees the other's store. Two `SeqCst` fences would say the same at 17 ns each; here A's side costs
//! nothing and B's a system call, which makes every running thread of the process pass a full barrier (`membarrier(2)`, private
//! expedited). A thread that does not run at that moment has passed one when it was switched out.
//!
//! Where that call is missing, both sides are `SeqCst` fences: on other systems, under Miri and in loom models, which so explore
//! the fences that stand for it.

#[cfg(not(all(feature = "os", target_os = "linux", not(miri), not(loom))))]
pub(crate) use symmetric::{heavy, is_cheap, light};

#[cfg(all(feature = "os", target_os = "linux", not(miri), not(loom)))]
pub(crate) use asymmetric::{heavy, is_cheap, light};

#[cfg(all(feature = "os", target_os = "linux", not(miri), not(loom)))]
mod asymmetric {
    use core::sync::atomic::{Ordering, compiler_fence};

    /// Whether this process may use the pair at all. Asked once per pool: without it a pool has no caches.
    pub(crate) fn is_cheap() -> bool {
        crate::os::register_barrier()
    }

    #[inline]
    pub(crate) fn light() {
        // [LIGHT] SeqCst, for the compiler only: what the processor may still reorder, [HEAVY] makes it finish. Pairs with [HEAVY].
        compiler_fence(Ordering::SeqCst);
    }

    #[cold]
    pub(crate) fn heavy() {
        // [HEAVY] SeqCst, on every running thread of the process: see `membarrier(2)`. Pairs with [LIGHT].
        crate::os::barrier();
    }
}

#[cfg(not(all(feature = "os", target_os = "linux", not(miri), not(loom))))]
mod symmetric {
    use crate::sync::atomic::{Ordering, fence};

    pub(crate) fn is_cheap() -> bool {
        true
    }

    #[inline]
    pub(crate) fn light() {
        // [LIGHT-FENCE] SeqCst: one side of a Dekker. Pairs with [HEAVY-FENCE].
        fence(Ordering::SeqCst);
    }

    pub(crate) fn heavy() {
        // [HEAVY-FENCE] SeqCst: the other side. Pairs with [LIGHT-FENCE].
        fence(Ordering::SeqCst);
    }
}
