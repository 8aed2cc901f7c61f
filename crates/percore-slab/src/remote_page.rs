//! One page, on any core.

use core::fmt;
use core::ops::{Deref, Range};

use pool_core::{Shared, StableBytes};

use crate::outboxes;

/// The counted right to read one page's bytes, on any core.
///
/// Cloning touches one counter, the page's own. Dropping the last one sends the page home, where the owner's next alloc can use it
/// whether or not it ticks, and whether or not the thread that dropped it ever runs again. Returning a page never fails or waits, and nothing that another thread
/// does or leaves undone holds it up. It costs a store into a mailbox that only this thread writes; if the owner has not emptied that for a long time, one
/// compare-exchange on the slab's list. A thread's first return to a slab sets up the mailbox (one allocation; without memory, the list is used).
#[derive(Clone)]
pub struct RemotePage {
    /// - **REMOTE-1** `Some` until the page is turned into something else or dropped.
    shared: Option<Shared>,
    /// At most the share's own length.
    len: usize,
}

impl RemotePage {
    #[inline]
    pub(crate) fn new(shared: Shared, len: usize) -> Self {
        let shared = Some(shared);
        Self { shared, len }
    }

    #[inline]
    fn shared(&self) -> &Shared {
        self.shared.as_ref().expect("REMOTE-1: not yet given up")
    }

    /// How many `RemotePage`s (and shares) of this page there are. 1 is sure to stay 1 while the caller holds it; more may be stale.
    #[must_use]
    pub fn sharers(&self) -> usize {
        self.shared().sharers()
    }

    /// Lowers the page to its share and the range of it that counts.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "REMOTE-1")]
    pub fn into_shared(mut self) -> (Shared, Range<usize>) {
        let shared = self.shared.take().expect("REMOTE-1: not yet given up");
        (shared, 0..self.len)
    }
}

impl Drop for RemotePage {
    #[inline]
    fn drop(&mut self) {
        // Several that are dropped at once may each see the other; then the last of them goes home by its share.
        if let Some(Ok(lease)) = self.shared.take().map(Shared::try_unshare) {
            outboxes::give_back(lease);
        }
    }
}

impl Deref for RemotePage {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.shared()[..self.len]
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
