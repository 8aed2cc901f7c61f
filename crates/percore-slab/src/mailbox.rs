//! How pages come home from other threads: each thread has a mailbox of its own at each slab that it returns to.
//!
//! A mailbox is a queue with one end for the returning thread and one for the owner. So a return is a store, in which nobody else takes part, and it is
//! over when it is visible: nothing waits in the returner's hands for a batch to be full, for its next call, or for its end. A returner that is
//! preempted, sleeps or is gone holds up nobody, and what it returned is there. The owner takes all that a mailbox holds with one store.
//!
//! A mailbox has room for [`ROOM`] pages, or for all of a smaller slab. What finds it full comes home through the pool's own list. A page takes four bytes
//! of it, so a cache line that goes to the owner brings sixteen.
//!
//! # How it ends
//!
//! - *The returner ends first.* The owner takes what is left, and throws the mailbox away.
//! - *The owner ends first.* It sets `closed`, passes a heavy fence, takes in the mailboxes that arrived, and empties all. A returner shows its mailbox, or
//!   puts a page in, passes a light fence, and looks at `closed`. So either the owner sees what it did, or the returner sees the end. A mailbox that
//!   saw it while arriving is not used. One that saw it later is thrown away by both ends, and the second to go drops what is in it: each page goes home by
//!   its lease.
//!
//! # Whose pages
//!
//! A page in a mailbox has left its pool's mark out ([`BareLease`]). The mailbox has it, and a thread puts a page only where the marks are equal *and* the owner was not gone a moment ago.
//! Both are asked, because a mark is an address: when a slab is gone, the next one may have it. The owner closes its mailboxes before it lets go of the pool, so a
//! mark that is seen with an open mailbox is that pool's.

use alloc::vec::Vec;

#[cfg(feature = "std")]
use pool_core::Lease;

use crate::arrivals::Arrivals;
use crate::at_hand::AtHand;
use crate::bare_lease::{BareLease, PoolMark};
use crate::fences::Fences;
use crate::outboxes;
use crate::queue::PopEnd;
#[cfg(feature = "std")]
use crate::queue::{PushEnd, has_memory_for, queue};
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sync::{Arc, UnsafeCell};

/// Pages that a mailbox has room for at most: with 4 bytes each, 32 cache lines.
#[cfg(feature = "std")]
const ROOM: usize = if cfg!(loom) { 1 } else { 512 };
/// Threads whose mailboxes the owner takes in without allocating.
const EXPECTED_RETURNERS: usize = 64;

/// What a slab shows to the threads that return its pages.
pub(crate) struct Home {
    /// Whose pages come here.
    #[cfg(feature = "std")]
    pool: PoolMark,
    #[cfg(feature = "std")]
    pages: usize,
    fences: Fences,
    closed: AtomicBool,
    /// The owner's ends of new mailboxes.
    arrivals: Arrivals<Inbox>,
}

impl Home {
    #[cfg_attr(
        not(feature = "std"),
        expect(unused_variables, reason = "there are no mailboxes")
    )]
    pub(crate) fn new(pool: PoolMark, pages: usize) -> Self {
        Self {
            #[cfg(feature = "std")]
            pool,
            #[cfg(feature = "std")]
            pages,
            fences: Fences::choose(),
            closed: AtomicBool::new(false),
            arrivals: Arrivals::new(),
        }
    }

    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn pool(&self) -> PoolMark {
        self.pool
    }

    /// Whether the owner is gone: what is put into a mailbox from here on, nobody takes.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: carries nothing. That one of both sees the other is the fences' doing.
        self.closed.load(Relaxed)
    }

    fn close(&self) {
        // Relaxed: as in `is_closed`.
        self.closed.store(true, Relaxed);
        self.fences.heavy();
    }
}

/// What both ends of a mailbox share: what is in it, for the owner to take. The second end to go drops the rest.
///
/// - **MAIL-1** What lies in a mailbox is of `pool`.
/// - **MAIL-2** Only the [`Inbox`] reaches `pages`, until both ends are gone.
struct Mailbox {
    pool: PoolMark,
    pages: UnsafeCell<PopEnd<BareLease>>,
}

// SAFETY: `pages` can be sent, and is reached by one thread at a time (MAIL-2); the mark never changes.
unsafe impl Sync for Mailbox {}

impl Mailbox {
    /// # Safety
    ///
    /// The caller is the inbox, or alone.
    unsafe fn with_pages<R>(&self, work: impl FnOnce(&mut PopEnd<BareLease>) -> R) -> R {
        self.pages.with_mut(|pages| {
            // SAFETY: validity: inside `self`. Aliasing: nobody else reaches it (MAIL-2, this function's own promise).
            work(unsafe { &mut *pages })
        })
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        // SAFETY: both ends are gone.
        let next = || unsafe { self.with_pages(PopEnd::pop) };
        for page in core::iter::from_fn(next) {
            // SAFETY: of this pool (MAIL-1).
            drop(unsafe { page.into_lease(self.pool) });
        }
    }
}

/// The owner's end of a mailbox.
pub(crate) struct Inbox(Arc<Mailbox>);

impl Inbox {
    fn len(&self) -> usize {
        // SAFETY: this is the inbox.
        unsafe { self.0.with_pages(|pages| pages.len()) }
    }

    /// Moves what is there to `at_hand`; tells whether the returner is gone and this was all.
    ///
    /// # Panics
    ///
    /// If those are another slab's.
    fn take_all(&mut self, at_hand: &AtHand) -> bool {
        assert!(
            at_hand.pool() == self.0.pool,
            "MAIL-1: another slab's mailbox"
        );
        let take = |pages: &mut PopEnd<BareLease>| {
            // First this: a thread that is gone has put in all it ever will.
            let is_abandoned = pages.is_abandoned();
            // SAFETY: of this slab's pool (MAIL-1).
            pages.pop_all(|pages| unsafe { at_hand.push_all(pages) });
            is_abandoned
        };
        // SAFETY: this is the inbox.
        unsafe { self.0.with_pages(take) }
    }

    /// Drops what is there.
    fn empty(&mut self) {
        // SAFETY: this is the inbox.
        let next = || unsafe { self.0.with_pages(PopEnd::pop) };
        for page in core::iter::from_fn(next) {
            // SAFETY: of this pool (MAIL-1).
            drop(unsafe { page.into_lease(self.0.pool) });
        }
    }
}

/// The returning thread's end of a mailbox.
#[cfg(feature = "std")]
pub(crate) struct Outbox {
    /// Before `mailbox`: an owner that sees this end gone takes the rest.
    pages: PushEnd<BareLease>,
    #[expect(dead_code, reason = "kept for its drop")]
    mailbox: Arc<Mailbox>,
    home: Arc<Home>,
}

#[cfg(feature = "std")]
impl Outbox {
    /// A mailbox at `home`; none if there is no memory for one, or if the owner may have looked at the arrivals for the last time.
    pub(crate) fn at(home: Arc<Home>) -> Option<Self> {
        let room = home.pages.min(ROOM);
        if !has_memory_for::<BareLease>(room) {
            return None;
        }
        let (pages, owners_end) = queue(room);
        let mailbox = Arc::new(Mailbox {
            pool: home.pool,
            pages: UnsafeCell::new(owners_end),
        });
        home.arrivals.add(Inbox(mailbox.clone()));
        home.fences.light();
        // Before anything is in it: what nobody takes in stays with the other arrivals, for as long as a thread has a mailbox here.
        let is_open = !home.is_closed();
        is_open.then_some(Self {
            pages,
            mailbox,
            home,
        })
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.home.is_closed()
    }

    /// Whether pages of this pool come here: its mark, and the owner is there.
    #[inline]
    pub(crate) fn is_for(&self, pool: PoolMark) -> bool {
        self.home.pool == pool && !self.home.is_closed()
    }

    /// Returns a page to its owner. Tells whether the owner is there to take it: if not, this mailbox is to be dropped.
    ///
    /// # Safety
    ///
    /// The page is of this mailbox's pool.
    #[inline]
    pub(crate) unsafe fn put(&mut self, page: BareLease) -> bool {
        if let Err(page) = self.pages.push(page) {
            // SAFETY: this function's own promise.
            put_in_list(unsafe { page.into_lease(self.home.pool) });
        }
        self.home.fences.light();
        !self.home.is_closed()
    }
}

/// Returns a page by its own lease.
#[cfg(feature = "std")]
#[cold]
#[inline(never)]
fn put_in_list(page: Lease) {
    drop(page);
}

/// The owner's ends of all mailboxes.
pub(crate) struct Inboxes {
    home: Arc<Home>,
    boxes: Vec<Inbox>,
}

impl Inboxes {
    pub(crate) fn new(home: Arc<Home>) -> Self {
        let boxes = Vec::with_capacity(EXPECTED_RETURNERS);
        Self { home, boxes }
    }

    fn take_in_arrivals(&mut self) {
        // Looked at first: an exchange is dearer, and there is seldom one.
        if !self.home.arrivals.is_empty() {
            self.boxes.extend(self.home.arrivals.take_all());
        }
    }

    /// How many pages lie in mailboxes. Only the owner can lower it.
    pub(crate) fn len(&mut self) -> usize {
        self.take_in_arrivals();
        self.boxes.iter().map(Inbox::len).sum()
    }

    /// Moves every page that lies in a mailbox to those at hand, of each thread the last returned last.
    pub(crate) fn take_all(&mut self, at_hand: &AtHand) {
        self.take_in_arrivals();
        self.boxes.retain_mut(|inbox| !inbox.take_all(at_hand));
    }
}

impl Drop for Inboxes {
    fn drop(&mut self) {
        self.home.close();
        self.take_in_arrivals();
        self.boxes.iter_mut().for_each(Inbox::empty);
        outboxes::withdraw();
    }
}
