//! A page's lease in four bytes, for places that hold many of one pool.

use core::ptr::NonNull;

use pool_core::{Lease, RawSlot};

/// Which pool a lease is of: an address that is compared and carried, and never followed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolMark(NonNull<()>);

// SAFETY: never followed here; the leases that are made with it again are `Send`.
unsafe impl Send for PoolMark {}
// SAFETY: never followed here, and it never changes.
unsafe impl Sync for PoolMark {}

/// A lease without the word that says of which pool. Whoever keeps it keeps the [`PoolMark`] too, once for all.
///
/// - **BARE-1** It stands for the lease that was given up for it, once: it is neither `Copy` nor `Clone`, and ends when the lease is made again.
///   Forgotten, the page is lost, and nothing else.
#[derive(Debug)]
#[must_use = "the page is lost unless this is made a lease again"]
pub(crate) struct BareLease(u32);

impl BareLease {
    #[inline]
    pub(crate) fn of(lease: Lease) -> (PoolMark, Self) {
        let RawSlot { pool, slot } = lease.into_raw();
        (PoolMark(pool), Self(slot))
    }

    /// The lease again.
    ///
    /// # Safety
    ///
    /// `pool` is what [`of`](Self::of) gave with this.
    #[inline]
    pub(crate) unsafe fn into_lease(self, pool: PoolMark) -> Lease {
        let PoolMark(pool) = pool;
        let raw = RawSlot { pool, slot: self.0 };
        // SAFETY: from `Lease::into_raw`, both words (this function's own promise), and made again once (BARE-1).
        unsafe { Lease::from_raw(raw) }
    }

    /// As a number, for a cell that may hold one.
    #[inline]
    pub(crate) fn into_number(self) -> u32 {
        self.0
    }

    /// The lease of one that was made a number.
    ///
    /// # Safety
    ///
    /// `number` comes from [`into_number`](Self::into_number), each result of which is used here at most once, and `pool` belongs to it.
    #[inline]
    pub(crate) unsafe fn lease_of(number: u32, pool: PoolMark) -> Lease {
        // SAFETY: this function's own promise.
        unsafe { Self(number).into_lease(pool) }
    }
}
