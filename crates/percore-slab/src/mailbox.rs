//! How pages come home from other threads: each thread has a mailbox of its own at each slab that it returns to.
//!
//! A mailbox is a queue with one end for the returning thread and one for the owner. So a return is a store, in which nobody else takes part, and it is
//! over when it is visible: nothing waits in the returner's hands for a batch to be full, for its next call, or for its end. A returner that is
//! preempted, sleeps or is gone holds up nobody, and what it returned is there. The owner takes all that a mailbox holds with one store.
//!
//! A mailbox has room for [`ROOM`] pages, or for all of a smaller slab. What finds it full comes home through the pool's own list.
//!
//! # How it ends
//!
//! - *The returner ends first.* The owner takes what is left, and throws the mailbox away.
//! - *The owner ends first.* It sets `closed`, passes a heavy fence, takes in the mailboxes that arrived, and empties all. A returner shows its mailbox, or
//!   puts a page in, passes a light fence, and looks at `closed`. So either the owner sees what it did, or the returner sees the end. A mailbox that
//!   saw it while arriving is not used. One that saw it later is thrown away by both ends, and the second to go drops what is in it: each page goes home by
//!   its lease.

use alloc::vec::Vec;
#[cfg(feature = "std")]
use core::ops::Range;

use pool_core::{Lease, RegionSpan};

use crate::fences::Fences;
use crate::outboxes;
use crate::queue::PopEnd;
#[cfg(feature = "std")]
use crate::queue::{PushEnd, has_memory_for, queue};
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::Relaxed;
use crate::sync::{Arc, Arrivals};

/// Pages that a mailbox has room for at most: with 16 bytes each, a quarter of a first-level cache.
#[cfg(feature = "std")]
const ROOM: usize = if cfg!(loom) { 1 } else { 512 };
/// Threads whose mailboxes the owner takes in without allocating.
const EXPECTED_RETURNERS: usize = 64;

/// What a slab shows to the threads that return its pages.
pub(crate) struct Home {
    /// Where its pages lie. By address a page finds its home.
    #[cfg(feature = "std")]
    addresses: Range<usize>,
    fences: Fences,
    closed: AtomicBool,
    /// The owner's ends of new mailboxes.
    arrivals: Arrivals<PopEnd<Lease>>,
}

impl Home {
    #[cfg_attr(
        not(feature = "std"),
        expect(unused_variables, reason = "no thread looks for it")
    )]
    pub(crate) fn new(region: RegionSpan) -> Self {
        Self {
            #[cfg(feature = "std")]
            addresses: addresses_of(region),
            fences: Fences::choose(),
            closed: AtomicBool::new(false),
            arrivals: Arrivals::default(),
        }
    }

    #[cfg(feature = "std")]
    #[inline]
    pub(crate) fn addresses(&self) -> Range<usize> {
        self.addresses.clone()
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

#[cfg(feature = "std")]
fn addresses_of(region: RegionSpan) -> Range<usize> {
    let start = region.base().addr();
    start..start + region.bytes()
}

/// The returning thread's end of a mailbox.
#[cfg(feature = "std")]
pub(crate) struct Outbox {
    home: Arc<Home>,
    pages: PushEnd<Lease>,
}

#[cfg(feature = "std")]
impl Outbox {
    /// A mailbox at `home`; none if there is no memory for one, or if the owner may have looked at the arrivals for the last time.
    pub(crate) fn at(home: Arc<Home>, slots: usize) -> Option<Self> {
        let room = slots.min(ROOM);
        if !has_memory_for::<Lease>(room) {
            return None;
        }
        let (pages, owners_end) = queue(room);
        home.arrivals.push(owners_end);
        home.fences.light();
        // Before anything is in it: what nobody takes in stays with the other arrivals, for as long as a thread has a mailbox here.
        let is_open = !home.is_closed();
        is_open.then_some(Self { home, pages })
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// Returns a page to its owner. Tells whether the owner is there to take it: if not, this mailbox is to be dropped.
    #[inline]
    pub(crate) fn put(&mut self, page: Lease) -> bool {
        if let Err(page) = self.pages.push(page) {
            put_in_list(page);
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
    boxes: Vec<PopEnd<Lease>>,
}

impl Inboxes {
    pub(crate) fn new(home: Arc<Home>) -> Self {
        let boxes = Vec::with_capacity(EXPECTED_RETURNERS);
        Self { home, boxes }
    }

    fn take_in_arrivals(&mut self) {
        // Looked at first: a pop of nothing costs a fence.
        while !self.home.arrivals.is_empty() {
            self.boxes.extend(self.home.arrivals.pop());
        }
    }

    /// How many pages lie in mailboxes. Only the owner can lower it.
    pub(crate) fn len(&mut self) -> usize {
        self.take_in_arrivals();
        self.boxes.iter().map(PopEnd::len).sum()
    }

    /// Moves every page that lies in a mailbox to `pages`, of each thread the last returned last.
    pub(crate) fn take_all(&mut self, pages: &mut impl Extend<Lease>) {
        self.take_in_arrivals();
        self.boxes.retain_mut(|inbox| {
            // First this: a thread that is gone has put in all it ever will.
            let is_abandoned = inbox.is_abandoned();
            inbox.pop_all(pages);
            !is_abandoned
        });
    }
}

impl Drop for Inboxes {
    fn drop(&mut self) {
        self.home.close();
        self.take_in_arrivals();
        for inbox in &mut self.boxes {
            while inbox.pop().is_some() {}
        }
        outboxes::withdraw();
    }
}
