//! One page, on the core that owns it.

use alloc::rc::Rc;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut, Range};
use core::ptr::{self, NonNull};

use pool_core::Lease;

use crate::card::Card;
use crate::error::PageLenError;
use crate::local::Local;
use crate::page_id::PageId;
use crate::remote_page::RemotePage;

/// The unique right to one page's bytes, on the core of its [`CoreSlab`](crate::CoreSlab).
///
/// Dereferences to its `len` bytes, to read and to write. Dropping it files the page with the slab again, without an atomic
/// instruction. It stays valid when the slab is dropped.
///
/// Neither `Send` nor `Sync`; [`into_remote`](Self::into_remote) is what crosses:
///
/// ```compile_fail
/// # let slab = percore_slab::CoreSlab::new(0, 64, 1).unwrap();
/// let page = slab.alloc(b"here").unwrap();
/// std::thread::spawn(move || drop(page)); // SLAB-1
/// ```
pub struct Page {
    /// - **PAGE-1** `Some` until the page is turned into something else or dropped.
    lease: Option<Lease>,
    /// - **PAGE-2** At most the lease's own length, which is at most `u32::MAX`.
    len: usize,
    /// - **PAGE-3** That of the lease's slot.
    card: NonNull<Card>,
    local: Rc<Local>,
}

impl Page {
    /// # Safety
    ///
    /// `card` is that of the lease's slot.
    #[inline]
    pub(crate) unsafe fn new(
        lease: Lease,
        len: usize,
        card: NonNull<Card>,
        local: Rc<Local>,
    ) -> Self {
        debug_assert!(len <= lease.len(), "{len} bytes of {}", lease.len());
        Self {
            lease: Some(lease),
            len,
            card,
            local,
        }
    }

    #[inline]
    fn lease(&self) -> &Lease {
        self.lease.as_ref().expect("PAGE-1: not yet given up")
    }

    #[inline]
    fn lease_mut(&mut self) -> &mut Lease {
        self.lease.as_mut().expect("PAGE-1: not yet given up")
    }

    #[inline]
    fn into_parts(self) -> (Lease, usize) {
        let mut page = ManuallyDrop::new(self);
        let lease = page.lease.take().expect("PAGE-1: not yet given up");
        // SAFETY: once: the page is forgotten. Its own drop would look for a lease, and be called.
        drop(unsafe { ptr::read(&raw const page.local) });
        (lease, page.len)
    }

    /// How many bytes the page has room for: the slab's `page_bytes`, more if [oversize](Self::is_oversize).
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.lease().len()
    }

    /// Whether this is no page of the slab's but memory of its own, for more than a page.
    #[must_use]
    pub fn is_oversize(&self) -> bool {
        self.capacity() > self.local.geometry().page_bytes
    }

    /// Changes how many bytes of the page count. Bytes that come into view are zero: what an earlier page left there is not
    /// shown. Cost: a `memset` of those.
    ///
    /// # Errors
    ///
    /// [`PageLenError`] if `len` is more than the [`capacity`](Self::capacity).
    pub fn set_len(&mut self, len: usize) -> Result<(), PageLenError> {
        let capacity = self.capacity();
        if len > capacity {
            return Err(PageLenError { len, capacity });
        }
        if let Some(news) = self.lease.as_mut().and_then(|l| l.get_mut(self.len..len)) {
            news.fill(0);
        }
        self.len = len;
        Ok(())
    }

    /// Turns the page into one that any core may read, clone and return. Allocates nothing and copies nothing.
    #[inline]
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "PAGE-2")]
    pub fn into_remote(self) -> RemotePage {
        let card = self.card;
        let (lease, len) = self.into_parts();
        let len = u32::try_from(len).expect("PAGE-2: no page is larger");
        // SAFETY: its card (PAGE-3).
        unsafe { RemotePage::new(lease, len, card) }
    }

    /// Turns the page into a name that may leave Rust's ownership. Until it is [redeemed](crate::CoreSlab::redeem) the page
    /// is in use; if the slab and its pages are gone before, its memory is leaked (a device may still own it) and counted in
    /// [`pool_core::leaked_regions`].
    ///
    /// # Errors
    ///
    /// Gives an [oversize](Self::is_oversize) page back: it has no slab to be redeemed from.
    pub fn into_id(self) -> Result<PageId, Self> {
        let (local, card) = (self.local.clone(), self.card);
        let (lease, len) = self.into_parts();
        // SAFETY: its card (PAGE-3).
        let again = |lease| unsafe { Self::new(lease, len, card, local.clone()) };
        local.issue(lease, len).map_err(again)
    }

    /// Lowers the page to its lease and the range of it that counts. The lease gives access to the whole page, and dropped
    /// on any thread it comes home like a [`RemotePage`].
    #[must_use]
    pub fn into_lease(self) -> (Lease, Range<usize>) {
        let (lease, len) = self.into_parts();
        (lease, 0..len)
    }
}

impl Drop for Page {
    #[inline]
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            self.local.free(lease);
        }
    }
}

impl Deref for Page {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.lease()[..self.len]
    }
}

impl DerefMut for Page {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        let len = self.len;
        &mut self.lease_mut()[..len]
    }
}

impl AsRef<[u8]> for Page {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl AsMut<[u8]> for Page {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

/// Never prints the bytes.
impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("core", &self.local.geometry().core)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
