//! Who hands out leases, whatever stands behind it.

use crate::lease::Lease;
use crate::pool::Pool;

/// Who hands out leases of at least so many bytes: a pool, several of them by size, or something of one's own.
///
/// For code that takes slots as it needs them and does not care from where: something that grows while bytes arrive, a receiver that refills itself.
///
/// ```
/// use pool_core::{Lease, Pool, Source};
///
/// fn copied(source: &impl Source, bytes: &[u8]) -> Option<Lease> {
///     let mut lease = source.lease(bytes.len())?;
///     lease[..bytes.len()].copy_from_slice(bytes);
///     Some(lease)
/// }
///
/// let pool = Pool::builder().slots(1).slot_bytes(64).build()?;
/// assert!(copied(&pool, &[0; 65]).is_none(), "no slot is as large");
/// assert_eq!(&copied(&pool, b"hello").expect("one is free")[..5], b"hello");
/// # Ok::<(), pool_core::BuildError>(())
/// ```
pub trait Source {
    /// Takes a lease of at least `min` bytes; `None` if none is to be had now, or none so large ever.
    ///
    /// A source that never blocks says so; a [`Pool`] does not, and says "none" as [`Pool::alloc`] does.
    #[cfg_attr(feature = "track", track_caller)]
    fn lease(&self, min: usize) -> Option<Lease>;

    /// Hears that who got no lease here took a buffer of `bytes` from the heap instead. A source with statistics counts it, as a [`Pool`] does; others
    /// do nothing.
    fn count_fallback(&self, bytes: usize) {
        let _ = bytes;
    }
}

impl Source for Pool {
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    fn lease(&self, min: usize) -> Option<Lease> {
        if min > self.slot_bytes() {
            return None;
        }
        self.alloc()
    }

    fn count_fallback(&self, bytes: usize) {
        Pool::count_fallback(self, bytes);
    }
}

impl<S: Source + ?Sized> Source for &S {
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    fn lease(&self, min: usize) -> Option<Lease> {
        (**self).lease(min)
    }

    fn count_fallback(&self, bytes: usize) {
        (**self).count_fallback(bytes);
    }
}
