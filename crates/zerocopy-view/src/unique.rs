//! A storage that nobody shares, taken out of its part to be changed or handed on.

use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::ops::Range;

use pool_core::{Charge, Lease};

use crate::label::Label;
use crate::part::{Owner, Part};

/// The unique right to a storage, and what its only part knew of it.
#[derive(Debug)]
pub(crate) struct Unique<T> {
    pub(crate) storage: T,
    /// Where in the storage the part lay.
    pub(crate) range: Range<usize>,
    pub(crate) label: Label,
    /// Who is charged for the storage, if anybody: a value of its own now.
    pub(crate) charge: Option<Charge>,
}

/// Storage that can be written.
#[derive(Debug)]
pub(crate) enum Storage {
    Slot(Lease),
    Heap(Vec<u8>),
}

impl Part {
    /// The storage under its only part, if it can be written; else the part comes back, unchanged.
    pub(crate) fn try_into_unique(self) -> Result<Unique<Storage>, Self> {
        let part = match self.try_into_lease() {
            Ok(unique) => return Ok(unique.map(Storage::Slot)),
            Err(part) => part,
        };
        part.try_into_owner::<Vec<u8>>()
            .map(|unique| unique.map(Storage::Heap))
    }

    /// The slot under its only part; else the part comes back, unchanged.
    pub(crate) fn try_into_lease(self) -> Result<Unique<Lease>, Self> {
        let Owner::Pooled(shared) = self.owner() else {
            return Err(self);
        };
        let (range, label) = (self.range(), self.label);
        let part = ManuallyDrop::new(self);
        // From here on `shared` is the part's right, and `part` is words.
        match ManuallyDrop::into_inner(shared).try_unshare_charged() {
            Ok((storage, charge)) => Ok(Unique {
                storage,
                range,
                label,
                charge,
            }),
            Err(shared) => {
                let _kept_by_the_part = ManuallyDrop::new(shared);
                Err(ManuallyDrop::into_inner(part))
            }
        }
    }

    /// The owner that moved into a box, under its only part, if it is a `T`; else the part comes back, unchanged.
    pub(crate) fn try_into_owner<T: 'static>(self) -> Result<Unique<T>, Self> {
        let Owner::Boxed(counted) = self.owner() else {
            return Err(self);
        };
        let (range, label) = (self.range(), self.label);
        let part = ManuallyDrop::new(self);
        // From here on `counted` is the part's right, and `part` is words.
        match ManuallyDrop::into_inner(counted).try_into_owner() {
            Ok((storage, charge)) => Ok(Unique {
                storage,
                range,
                label,
                charge,
            }),
            Err(counted) => {
                let _kept_by_the_part = ManuallyDrop::new(counted);
                Err(ManuallyDrop::into_inner(part))
            }
        }
    }

    /// Runs something on the owner in the part's box, if it is a `T`, whoever shares it.
    pub(crate) fn with_owner<T: 'static, R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        match self.owner() {
            Owner::Boxed(counted) => counted.owner().map(look),
            Owner::Pooled(_) | Owner::Static => None,
        }
    }
}

impl<T> Unique<T> {
    pub(crate) fn map<U>(self, turn: impl FnOnce(T) -> U) -> Unique<U> {
        Unique {
            storage: turn(self.storage),
            range: self.range,
            label: self.label,
            charge: self.charge,
        }
    }
}

impl Unique<Storage> {
    /// The way back: the storage's range shared again, at the same address. A slot allocates nothing, a `Vec` one small box.
    ///
    /// # Panics
    ///
    /// If the range does not lie in the storage.
    pub(crate) fn into_part(self) -> Part {
        let mut part = match self.storage {
            Storage::Slot(lease) => Part::from_shared(lease.share(), self.range, self.label),
            Storage::Heap(bytes) => {
                let mut part = Part::from_vec(bytes, self.label);
                part.narrow(self.range);
                part
            }
        };
        if let Some(charge) = self.charge {
            let put = part.set_charge(charge);
            debug_assert!(put.is_ok(), "nobody shares it yet");
        }
        part
    }
}
