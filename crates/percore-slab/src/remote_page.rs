//! One page, on any core.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::{Deref, Range};
use core::ptr::NonNull;
use core::slice;

use pool_core::{Lease, Shared, StableBytes};

use crate::card::Card;
use crate::outboxes;

/// The counted right to read one page's bytes, on any core.
///
/// Cloning touches one counter, the page's own. Dropping the last one sends the page home, where the owner's next alloc can use it
/// whether or not it ticks, and whether or not the thread that dropped it ever runs again. Returning a page never fails or waits, and nothing that another thread
/// does or leaves undone holds it up. It costs a store into a mailbox that only this thread writes; if the owner has not emptied that for a long time, one
/// compare-exchange on the slab's list. A thread's first return to a slab sets up the mailbox (one allocation; without memory, the list is used).
///
/// 8 bytes, and `Option<RemotePage>` no larger: what crosses a bridge. Up to eight of them do in one cache line.
///
/// - **REMOTE-1** The words on `card` are a share that was made raw, and are made a share again once: when this is dropped or turned into something else. Until
///   then the card is there.
/// - **REMOTE-2** The length on the card is at most the share's own, and does not change.
pub struct RemotePage {
    card: NonNull<Card>,
}

// SAFETY: what it stands for, a share, is `Send` (REMOTE-1), and so are cards.
unsafe impl Send for RemotePage {}
// SAFETY: what it stands for, a share, is `Sync` (REMOTE-1), and so are cards.
unsafe impl Sync for RemotePage {}

const _: () = assert!(size_of::<Option<RemotePage>>() == size_of::<usize>());

impl RemotePage {
    /// Of `len` bytes, which are at most the lease's own.
    ///
    /// # Safety
    ///
    /// `card` is that of the lease's slot.
    #[inline]
    pub(crate) unsafe fn new(lease: Lease, len: u32, card: NonNull<Card>) -> Self {
        debug_assert!(
            len as usize <= lease.len(),
            "{len} of {} bytes",
            lease.len()
        );
        // SAFETY: validity: the lease is out, so its card is there (this function's own promise). Aliasing: only shared references are made meanwhile.
        unsafe { card.as_ref() }.set_len(len);
        let raw = lease.share().into_raw();
        // SAFETY: validity: the share keeps it there. Aliasing: only shared references are made meanwhile.
        debug_assert_eq!(raw, unsafe { card.as_ref() }.raw(), "CARD-1");
        Self { card }
    }

    #[inline]
    fn card(&self) -> &Card {
        // SAFETY: validity: there as long as this is (REMOTE-1). Aliasing: only shared references are made meanwhile.
        unsafe { self.card.as_ref() }
    }

    /// The share, to be looked at.
    #[inline]
    fn shared(&self) -> ManuallyDrop<Shared> {
        // SAFETY: never dropped, and the real one is kept, as words (REMOTE-1).
        ManuallyDrop::new(unsafe { Shared::from_raw(self.card().raw()) })
    }

    /// How many `RemotePage`s (and shares) of this page there are. 1 is sure to stay 1 while the caller holds it; more may be stale.
    #[must_use]
    pub fn sharers(&self) -> usize {
        self.shared().sharers()
    }

    /// Lowers the page to its share and the range of it that counts.
    #[must_use]
    pub fn into_shared(self) -> (Shared, Range<usize>) {
        let page = ManuallyDrop::new(self);
        let len = page.card().len();
        // SAFETY: once: the page is forgotten (REMOTE-1).
        let shared = unsafe { Shared::from_raw(page.card().raw()) };
        (shared, 0..len)
    }
}

impl Clone for RemotePage {
    /// # Panics
    ///
    /// As [`Shared`]'s.
    #[inline]
    fn clone(&self) -> Self {
        let again = Shared::clone(&self.shared()).into_raw();
        debug_assert_eq!(again, self.card().raw(), "CARD-1");
        let card = self.card;
        Self { card }
    }
}

impl Drop for RemotePage {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: once: this is the page's end (REMOTE-1).
        let shared = unsafe { Shared::from_raw(self.card().raw()) };
        // Several that are dropped at once may each see the other; then the last of them goes home by its share.
        if let Ok(lease) = shared.try_unshare() {
            outboxes::give_back(lease);
        }
    }
}

impl Deref for RemotePage {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        let whole: &[u8] = &self.shared();
        // SAFETY: validity: the beginning of the share's bytes (REMOTE-2), which are there as long as the share is (REMOTE-1). Aliasing: while shared, nobody
        // makes an `&mut` to them (SHARED-1 of pool-core).
        unsafe { slice::from_raw_parts(whole.as_ptr(), self.card().len()) }
    }
}

impl AsRef<[u8]> for RemotePage {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

// SAFETY: validity: the first bytes of a share (REMOTE-1, REMOTE-2), whose own bytes are stable; how many, never changes. Aliasing: while shared, nobody
// makes an `&mut` to them (SHARED-1 of pool-core).
unsafe impl StableBytes for RemotePage {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

/// Never prints the bytes.
impl fmt::Debug for RemotePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemotePage")
            .field("len", &self.card().len())
            .field("sharers", &self.sharers())
            .finish_non_exhaustive()
    }
}
