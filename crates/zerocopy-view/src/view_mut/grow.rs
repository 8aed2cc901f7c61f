//! Where more room comes from: the same storage, a larger lease, the heap.

use alloc::vec;

use pool_core::{Lease, Source};

use crate::error::{ReserveError, ReserveErrorKind};
use crate::label::Label;
use crate::part::ExclusivePart;

use super::ViewMut;

/// The least that is taken from the heap at once.
const MIN_HEAP_BYTES: usize = 64;

/// Up to here, new storage is to be as large as the storage so far, however little of that is needed now: a stream goes on as it was.
const MAX_HABIT_BYTES: usize = 64 * 1024;

impl<S: Source> ViewMut<S> {
    /// An empty buffer that has room for at least `capacity` bytes: in a lease of `source`, or, if that has none so large now, on the heap, of which
    /// the source [hears](Source::count_fallback). Nothing is taken for a capacity of 0.
    ///
    /// # Panics
    ///
    /// If `capacity` is more than `isize::MAX`, as `Vec` does.
    #[inline]
    #[must_use]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn with_capacity(capacity: usize, source: S) -> Self {
        if capacity == 0 {
            return Self::new(source);
        }
        let bytes = match large_enough(source.lease(capacity), capacity) {
            Some(lease) => ExclusivePart::of_lease(lease, Label::NONE),
            None => heap_of(&source, capacity, Label::NONE),
        };
        let len = 0;
        Self { bytes, len, source }
    }

    /// An empty buffer in a lease of `source` that has room for at least `capacity` bytes. Allocates nothing.
    ///
    /// # Errors
    ///
    /// [`ReserveError`] if the source has no such lease now; the source is dropped.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn try_with_capacity(capacity: usize, source: S) -> Result<Self, ReserveError> {
        if capacity == 0 {
            return Ok(Self::new(source));
        }
        let lease = large_enough(source.lease(capacity), capacity);
        let lease = lease.ok_or(ReserveErrorKind::NoLease { needed: capacity })?;
        let bytes = ExclusivePart::of_lease(lease, Label::NONE);
        let len = 0;
        Ok(Self { bytes, len, source })
    }

    /// Makes room for at least `additional` bytes behind the buffer. Never fails for want of leases: then the memory comes from the heap.
    ///
    /// What is tried, in this order, if the room is not there:
    ///
    /// 1. *the same storage*, if nobody else has a right to it any more: the room that others had behind the bytes; or that before them too, if at most
    ///    twice as many bytes must move as lie free there;
    /// 2. *a lease* of the source: as large as the storage so far, or twice the bytes that are there; or at least large enough;
    /// 3. *the same slot*, however many of its bytes must move to its front;
    /// 4. *the heap*, of which the source [hears](Source::count_fallback).
    ///
    /// If the storage is charged to a budget, so is what takes its place, also beyond the budget's limit, which counts that as overdrawn.
    ///
    /// Cost: of bytes that arrive little by little, each is copied a constant number of times on average, but for 3, where it may be up to a slot each time.
    /// A lease allocates nothing; from the heap it is two allocations, one of them zeroed.
    ///
    /// # Panics
    ///
    /// If the bytes would be more than `isize::MAX`, as `Vec` does.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn reserve(&mut self, additional: usize) {
        if additional > self.capacity() - self.len {
            self.grow(additional);
        }
    }

    /// Makes room for at least `additional` bytes behind the buffer, without the heap. Allocates nothing. As [`reserve`](Self::reserve) otherwise.
    ///
    /// # Errors
    ///
    /// [`ReserveError`], with the bytes where they were, if the source has no lease that large now, the budget that the storage is charged to has no room for
    /// it, or the bytes would be more than `isize::MAX`.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn try_reserve(&mut self, additional: usize) -> Result<(), ReserveError> {
        if additional > self.capacity() - self.len {
            return self.try_grow(additional);
        }
        Ok(())
    }

    #[cold]
    #[cfg_attr(feature = "track", track_caller)]
    fn grow(&mut self, additional: usize) {
        let needed = match self.needed(additional) {
            Ok(needed) => needed,
            Err(refused) => panic!("{refused}"),
        };
        if self.reclaim(needed, self.len / 2) {
            return;
        }
        let lease = self.leased(needed);
        if lease.is_none() && self.is_pooled() && self.reclaim(needed, 0) {
            return;
        }
        let mut storage = lease.unwrap_or_else(|| self.heaped(needed));
        if let Some(budget) = self.bytes.budget() {
            storage.put_charge(budget.charge_overdrawn(storage.storage_bytes()));
        }
        self.move_to(storage);
    }

    #[cold]
    #[cfg_attr(feature = "track", track_caller)]
    fn try_grow(&mut self, additional: usize) -> Result<(), ReserveError> {
        let needed = self.needed(additional)?;
        if self.reclaim(needed, self.len / 2) {
            return Ok(());
        }
        match self.leased_and_charged(needed) {
            Ok(storage) => self.move_to(storage),
            Err(_) if self.reclaim(needed, 0) => {}
            Err(refused) => return Err(refused.into()),
        }
        Ok(())
    }

    #[cfg_attr(feature = "track", track_caller)]
    fn leased_and_charged(&self, needed: usize) -> Result<ExclusivePart, ReserveErrorKind> {
        let mut storage = self
            .leased(needed)
            .ok_or(ReserveErrorKind::NoLease { needed })?;
        if let Some(budget) = self.bytes.budget() {
            storage.put_charge(budget.try_charge(storage.storage_bytes())?);
        }
        Ok(storage)
    }

    /// The capacity that is needed for so many bytes more.
    fn needed(&self, additional: usize) -> Result<usize, ReserveError> {
        let len = self.len;
        let needed = len.checked_add(additional);
        let needed = needed.filter(|needed| isize::try_from(*needed).is_ok());
        needed.ok_or_else(|| ReserveErrorKind::TooLarge { len, additional }.into())
    }

    /// The capacity to ask for when it is taken anew.
    fn worth_having(&self, needed: usize) -> usize {
        let habit = self.bytes.storage_bytes().min(MAX_HABIT_BYTES);
        let twice = self.len.saturating_mul(2).min(isize::MAX as usize);
        needed.max(twice).max(habit)
    }

    /// Takes back what others gave up of the storage, if all of them did, and says whether that makes the room. Moves the bytes to the storage's front
    /// only if at least `worth` bytes lie free there.
    fn reclaim(&mut self, needed: usize, worth: usize) -> bool {
        let Some(front) = self.bytes.widen() else {
            return false;
        };
        let storage_bytes = self.bytes.len();
        let fits_behind = storage_bytes - front >= needed;
        if !fits_behind && storage_bytes >= needed && front >= worth {
            let live = front..front + self.len;
            self.bytes.bytes_mut().copy_within(live, 0);
        } else {
            self.bytes.narrow(front..storage_bytes);
        }
        self.capacity() >= needed
    }

    /// A new lease, uncharged.
    #[cfg_attr(feature = "track", track_caller)]
    fn leased(&self, needed: usize) -> Option<ExclusivePart> {
        let worth_having = self.worth_having(needed);
        let mut lease = self.source.lease(worth_having);
        if lease.is_none() && worth_having > needed {
            lease = self.source.lease(needed);
        }
        let lease = large_enough(lease, needed)?;
        Some(ExclusivePart::of_lease(lease, self.bytes.label()))
    }

    /// New memory from the heap, uncharged.
    fn heaped(&self, needed: usize) -> ExclusivePart {
        heap_of(&self.source, self.worth_having(needed), self.bytes.label())
    }

    /// Copies the bytes into storage that has room for them, and gives up the right to the old one.
    fn move_to(&mut self, mut storage: ExclusivePart) {
        storage.bytes_mut()[..self.len].copy_from_slice(self);
        self.bytes = storage;
    }
}

/// A source of somebody else's may give less than it was asked for.
#[inline]
fn large_enough(lease: Option<Lease>, bytes: usize) -> Option<Lease> {
    lease.filter(|lease| lease.len() >= bytes)
}

/// Memory from the heap, of which the source hears.
#[cold]
fn heap_of(source: &impl Source, bytes: usize, label: Label) -> ExclusivePart {
    let bytes = bytes.max(MIN_HEAP_BYTES);
    source.count_fallback(bytes);
    ExclusivePart::of_vec(vec![0; bytes], label)
}
