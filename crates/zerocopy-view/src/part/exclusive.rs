//! A run of bytes that has one owner: what a part is before it is frozen, and after it was thawed.

use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::ops::Range;
use core::ptr::NonNull;
use core::slice;

use pool_core::{Budget, Charge, Lease};

use super::{BOXED, Owner, Part};
use crate::label::Label;

/// Some bytes of a storage that nobody else reads or writes, and one counted right to that storage.
///
/// Other parts, exclusive or not, may have other bytes of the same storage.
///
/// - **EXCLUSIVE-1** The bytes overlap those of no other part of the storage, and no other right to the storage is dereferenced (PART-5).
/// - **EXCLUSIVE-2** `first` was made from a pointer that is good for writing all of the storage.
pub(crate) struct ExclusivePart(Part);

impl ExclusivePart {
    /// No bytes, and no storage.
    pub(crate) const fn empty(label: Label) -> Self {
        Self(Part::from_static(&[], label))
    }

    /// All of a slot. Allocates nothing.
    #[inline]
    pub(crate) fn of_lease(mut lease: Lease, label: Label) -> Self {
        let bytes = NonNull::from(&mut *lease);
        let mut part = Part::from_shared(lease.share(), 0..bytes.len(), label);
        part.first = bytes.cast();
        Self(part)
    }

    /// All of a vector but its spare capacity. One small allocation.
    pub(crate) fn of_vec(bytes: Vec<u8>, label: Label) -> Self {
        let mut part = Part::from_vec(bytes, label);
        let _made_to_write = part.widen();
        Self(part)
    }

    /// The bytes of a part that has the only right to its storage, and those behind them; else the part comes back.
    pub(crate) fn try_from_part(mut part: Part) -> Result<Self, Part> {
        if part.len == 0 {
            return Ok(Self(part));
        }
        match part.widen() {
            Some(offset) => {
                part.narrow(offset..part.len);
                Ok(Self(part))
            }
            None => Err(part),
        }
    }

    /// The first `len` bytes, to be read from now on.
    #[inline]
    pub(crate) fn into_part(self, len: usize) -> Part {
        let mut part = self.0;
        part.narrow(0..len);
        part
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.len
    }

    #[inline]
    pub(crate) fn label(&self) -> Label {
        self.0.label
    }

    pub(crate) fn is_pooled(&self) -> bool {
        self.0.slot < BOXED
    }

    /// How many bytes the storage has; 0 without one.
    pub(crate) fn storage_bytes(&self) -> usize {
        self.0.retained_bytes()
    }

    /// The budget that the storage is charged to.
    pub(crate) fn budget(&self) -> Option<Budget> {
        self.0.with_charge(Charge::budget)
    }

    /// Charges storage that is nobody else's.
    pub(crate) fn put_charge(&mut self, charge: Charge) {
        let put = self.0.set_charge(charge);
        debug_assert!(put.is_ok(), "the caller has it alone");
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: validity: PART-1, EXCLUSIVE-2, and the right is held while `self` is borrowed. Aliasing: nobody else reaches these bytes
        // (EXCLUSIVE-1), and `&mut self` excludes our own borrows.
        unsafe { slice::from_raw_parts_mut(self.0.first.as_ptr(), self.0.len) }
    }

    /// Gives up what does not lie in the range.
    ///
    /// # Panics
    ///
    /// If the range does not lie in `0..len`.
    #[inline]
    pub(crate) fn narrow(&mut self, range: Range<usize>) {
        self.0.narrow(range);
    }

    /// Cuts off what lies behind the first `at` bytes. If one of the two has no bytes, no counter is touched.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[inline]
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        Self(self.0.split_off(at))
    }

    /// One of two that lie one behind the other in one storage and bear the same label; else both come back.
    pub(crate) fn join(self, next: Self) -> Result<Self, (Self, Self)> {
        let both = |(first, second)| (Self(first), Self(second));
        self.0.join(next.0).map(Self).map_err(both)
    }

    /// Becomes all of the storage, if this is the only right to it, and says where in it the bytes began; else changes nothing.
    ///
    /// What is new is what dropped parts of the storage left.
    pub(crate) fn widen(&mut self) -> Option<usize> {
        self.0.widen()
    }
}

impl Part {
    /// As [`ExclusivePart::widen`]; also `None` if the storage cannot be written at all.
    fn widen(&mut self) -> Option<usize> {
        let storage = self.sole_storage()?;
        let offset = self.first.addr().get() - storage.addr().get();
        self.first = storage.cast();
        self.len = storage.len();
        Some(offset)
    }

    /// All bytes of the storage, good for writing, if this part has the only right to them.
    fn sole_storage(&mut self) -> Option<NonNull<[u8]>> {
        match self.owner() {
            Owner::Pooled(shared) => {
                // The words of the part are those of the share, and again those of the one that it becomes. A charge goes along; a digest is forgotten.
                let unshared = ManuallyDrop::into_inner(shared).try_unshare_charged();
                let (mut lease, charge) = unshared.map_err(ManuallyDrop::new).ok()?;
                let bytes = NonNull::from(&mut *lease);
                let mut kept_by_the_part = ManuallyDrop::new(lease.share());
                if let Some(charge) = charge {
                    let put = kept_by_the_part.set_charge(charge);
                    debug_assert!(put.is_ok(), "nobody else shares it");
                }
                Some(bytes)
            }
            Owner::Boxed(mut counted) => {
                // Only read: neither the vector's memory nor its length changes while parts of it are about.
                let vec = counted.sole_owner::<Vec<u8>>()?;
                let first = NonNull::new(vec.as_mut_ptr())?;
                Some(NonNull::slice_from_raw_parts(first, vec.len()))
            }
            Owner::Static => None,
        }
    }
}
