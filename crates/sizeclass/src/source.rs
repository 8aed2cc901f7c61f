//! A buffer pool as a source of leases, for whoever takes slots and does not care from where.

use pool_core::{Lease, Source};

use crate::buffer_pool::BufferPool;

/// A lease of the class that [`try_acquire`](BufferPool::try_acquire) would take, counted as that is; never from the heap. It goes home to its class.
impl Source for BufferPool {
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    fn lease(&self, min: usize) -> Option<Lease> {
        let rack = self.rack();
        match rack.take_cached(min) {
            Some(lease) => Some(lease),
            None => rack.try_take(min).ok(),
        }
    }

    /// Counts a miss of the class for so many bytes, or, beyond every class, an oversize buffer.
    fn count_fallback(&self, bytes: usize) {
        self.rack().count_fallback(bytes);
    }
}
