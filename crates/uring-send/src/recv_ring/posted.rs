//! The slots that the kernel may fill, by the ids that it names them with.

use std::collections::VecDeque;
use std::ops::Range;

use pool_core::{Lease, Pool, Reservation, Shared};

use crate::buffer_ring::BufferRing;
use crate::error::SetupError;
use crate::part::Part;

/// Slots in a buffer ring.
///
/// - **POSTED-1** A slot under an id is the kernel's, but for what completions have told of: nobody reads or writes its other bytes until it is
///   [taken](Self::take) for the last time.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) buffers: BufferRing,
    by_id: Box<[Option<Slot>]>,
    /// Ids that name no slot now.
    idle_ids: Vec<u16>,
    /// In a ring with bundles: the ids that name a slot, in the order in which the kernel takes them.
    order: VecDeque<u16>,
    filling: Filling,
}

/// How the kernel fills slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    /// One with each completion.
    Whole,
    /// As many as the bytes need with each completion: the named one, and those posted behind it.
    Bundled,
    /// One by several completions.
    Incremental,
}

/// The slots of a bundle behind its first.
pub(super) type Rest = VecDeque<(Lease, Range<usize>)>;

#[derive(Debug)]
enum Slot {
    /// Filled by one completion.
    Whole(Lease),
    /// Filled by one completion after the other, each behind the last.
    Growing { share: Shared, filled: usize },
}

/// Where slots to post come from.
pub(super) enum Stock<'a> {
    Pool(&'a Pool),
    Reserved(&'a mut Reservation),
}

impl Stock<'_> {
    // No closure: it could not hand on whose line it is that takes a slot.
    #[cfg_attr(feature = "track", track_caller)]
    fn next(&mut self) -> Option<Lease> {
        match self {
            Self::Pool(pool) => pool.alloc(),
            Self::Reserved(reserved) => reserved.alloc(),
        }
    }
}

/// What a completion put into a slot.
#[derive(Debug)]
pub(super) enum Filled {
    Whole(Lease, Range<usize>),
    Part(Part),
}

impl Posted {
    pub(super) fn new(entries: u16, filling: Filling) -> Result<Self, SetupError> {
        Ok(Self {
            buffers: BufferRing::new(entries)?,
            by_id: (0..entries).map(|_| None).collect(),
            idle_ids: (0..entries).rev().collect(),
            order: VecDeque::with_capacity(entries.into()),
            filling,
        })
    }

    pub(super) fn count(&self) -> usize {
        self.by_id.len() - self.idle_ids.len()
    }

    /// Posts slots while there are any and the ring has room for them, and shows them to the kernel. Tells how many.
    #[cfg_attr(feature = "track", track_caller)]
    pub(super) fn refill(&mut self, mut from: Stock<'_>) -> usize {
        let before = self.idle_ids.len();
        while let Some(id) = self.idle_ids.last().copied() {
            let Some(lease) = from.next() else {
                break;
            };
            self.idle_ids.pop();
            self.post(id, lease);
        }
        // Also if none was posted now: an alloc that panicked the last time may have left some unpublished.
        self.buffers.publish();
        before - self.idle_ids.len()
    }

    fn post(&mut self, id: u16, mut lease: Lease) {
        let bytes = u32::try_from(lease.len()).expect("checked by `RecvRing::new`");
        self.buffers.post(id, lease.as_mut_ptr(), bytes);
        if self.filling == Filling::Bundled {
            self.order.push_back(id);
        }
        let slot = if self.filling == Filling::Incremental {
            let share = lease.share();
            Slot::Growing { share, filled: 0 }
        } else {
            Slot::Whole(lease)
        };
        self.by_id[usize::from(id)] = Some(slot);
    }

    /// Takes in that the kernel put `bytes` bytes into the slot of this id, and whether it will go on there. `Ok(None)` for no bytes.
    /// A slot that the kernel is done with is nobody's afterwards but the caller's.
    ///
    /// # Errors
    ///
    /// If there is no such slot, or not that much room in it.
    pub(super) fn take(
        &mut self,
        id: u16,
        bytes: usize,
        goes_on: bool,
    ) -> Result<Option<Filled>, Stray> {
        let place = self.by_id.get_mut(usize::from(id)).ok_or(Stray)?;
        let goes_on = goes_on && self.filling == Filling::Incremental;
        let filled = match place.as_mut().ok_or(Stray)? {
            Slot::Whole(_) => None,
            Slot::Growing { share, filled } => {
                let range = *filled..filled.saturating_add(bytes);
                if range.end > share.slot_bytes() {
                    return Err(Stray);
                }
                *filled = range.end;
                let part = Part::assume(share.clone(), range, !goes_on);
                Some(Filled::Part(part))
            }
        };
        if goes_on {
            return Ok(filled.filter(|_| bytes > 0));
        }
        self.idle_ids.push(id);
        let filled = match place.take() {
            Some(Slot::Whole(lease)) if bytes <= lease.len() => {
                Some(Filled::Whole(lease, 0..bytes))
            }
            Some(Slot::Whole(_)) => return Err(Stray),
            _ => filled,
        };
        Ok(filled.filter(|_| bytes > 0))
    }
}

impl Posted {
    /// As [`take`](Self::take), in a ring with bundles. Gives the first slot, and puts those behind it into `rest`.
    ///
    /// The kernel takes slots in the order in which they were posted, and fills each but the last of a bundle.
    pub(super) fn take_bundle(
        &mut self,
        id: u16,
        bytes: usize,
        rest: &mut Rest,
    ) -> Result<Option<Filled>, Stray> {
        let first = self
            .order
            .iter()
            .position(|posted| *posted == id)
            .ok_or(Stray)?;
        let slot_bytes = self.whole_bytes(id).ok_or(Stray)?;
        let count = bytes.div_ceil(slot_bytes).max(1);
        if count > self.order.len() - first {
            return Err(Stray);
        }
        let mut left = bytes;
        for id in self.order.drain(first..first + count) {
            self.idle_ids.push(id);
            let Some(Slot::Whole(lease)) = self.by_id[usize::from(id)].take() else {
                continue;
            };
            let filled = left.min(slot_bytes);
            left -= filled;
            rest.push_back((lease, 0..filled));
        }
        let first = rest.pop_front().filter(|_| bytes > 0);
        Ok(first.map(|(lease, range)| Filled::Whole(lease, range)))
    }

    fn whole_bytes(&self, id: u16) -> Option<usize> {
        match self.by_id.get(usize::from(id))? {
            Some(Slot::Whole(lease)) => Some(lease.len()),
            _ => None,
        }
    }
}

/// A completion that named a slot or a length that cannot be.
#[derive(Debug)]
pub(super) struct Stray;
