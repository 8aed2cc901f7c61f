//! One page, on any core.

use core::fmt;
use core::ops::{Deref, Range};

use pool_core::{Shared, StableBytes};

/// The counted right to read one page's bytes, on any core.
///
/// Cloning touches one counter, the page's own. Dropping the last one sends the page home, where the owner's next alloc can use it
/// whether or not it ticks. Returning a page never fails, waits or allocates, and nothing that another thread does or leaves
/// undone holds it up: the page is linked into its slab's list through a side record of its own, with one compare-exchange
/// that is repeated only when another one succeeded.
#[derive(Clone)]
pub struct RemotePage {
    shared: Shared,
    /// At most the share's own length.
    len: usize,
}

impl RemotePage {
    pub(crate) fn new(shared: Shared, len: usize) -> Self {
        Self { shared, len }
    }

    /// How many `RemotePage`s (and shares) of this page there are. 1 is sure to stay 1 while the caller holds it; more may be stale.
    #[must_use]
    pub fn sharers(&self) -> usize {
        self.shared.sharers()
    }

    /// Lowers the page to its share and the range of it that counts.
    #[must_use]
    pub fn into_shared(self) -> (Shared, Range<usize>) {
        (self.shared, 0..self.len)
    }
}

impl Deref for RemotePage {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.shared[..self.len]
    }
}

impl AsRef<[u8]> for RemotePage {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

// SAFETY: validity: the first `len` bytes of a share, whose own bytes are stable; `len` is never changed, and cut by a slice operation that cannot
// panic because it was at most the share's length from the start. Aliasing: while shared, nobody makes an `&mut` to them (SHARED-1 of pool-core).
unsafe impl StableBytes for RemotePage {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

/// Never prints the bytes.
impl fmt::Debug for RemotePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemotePage")
            .field("len", &self.len)
            .field("sharers", &self.sharers())
            .finish_non_exhaustive()
    }
}
