//! Where a frame's bytes lie: a slot of a pool, or a heap block.
//!
//! # Why words and a mark, and not an enum
//!
//! A lease is a pointer and a slot number, a block a pointer and a capacity: two words and a mark are 16 bytes, which leave a frame the eight it needs
//! for its range. An enum of the two would need 24, as neither has a niche where the other has padding.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use pool_core::{Lease, RawSlot};

use crate::heap_block::HeapBlock;

/// A lease or a heap block; initialised bytes either way.
///
/// - **STORAGE-1** `memory` and `number` are the words of a [`Lease`] or of a [`HeapBlock`], as `kind` says, that was given up to
///   this value and nothing else.
pub(crate) struct Storage {
    memory: NonNull<()>,
    number: u32,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Kind {
    Slot,
    Block,
}

/// What a storage is made of, made of its words.
pub(crate) enum Owner {
    Slot(Lease),
    Block(HeapBlock),
}

const _: () = assert!(size_of::<Storage>() == 2 * size_of::<u64>());
const _: () = assert!(size_of::<Option<Storage>>() == size_of::<Storage>());

// SAFETY: a storage is one of two owners (STORAGE-1), and both are `Send`.
unsafe impl Send for Storage {}
// SAFETY: `&Storage` gives only `&[u8]`.
unsafe impl Sync for Storage {}

impl Storage {
    #[inline]
    pub(crate) fn of_slot(lease: Lease) -> Self {
        let RawSlot { pool, slot } = lease.into_raw();
        Self {
            memory: pool,
            number: slot,
            kind: Kind::Slot,
        }
    }

    pub(crate) fn of_block(block: HeapBlock) -> Self {
        let (first, capacity) = block.into_raw();
        Self {
            memory: first.cast(),
            number: capacity,
            kind: Kind::Block,
        }
    }

    pub(crate) fn is_slot(&self) -> bool {
        self.kind == Kind::Slot
    }

    pub(crate) fn into_owner(self) -> Owner {
        let mut words = ManuallyDrop::new(self);
        // SAFETY: the words are not used again.
        unsafe { words.owner() }
    }

    /// The owner, made of the words once more.
    ///
    /// # Safety
    ///
    /// Either the result or the words are forgotten, and while the result is used, nothing else made of the words is.
    #[inline]
    unsafe fn owner(&mut self) -> Owner {
        match self.kind {
            // SAFETY: the words of a lease that was given up to us (STORAGE-1); used once by the caller's promise.
            Kind::Slot => Owner::Slot(unsafe { Lease::from_raw(self.raw_slot()) }),
            Kind::Block => {
                let first = self.memory.cast();
                // SAFETY: the words of a block that was given up to us (STORAGE-1); used once by the caller's promise.
                Owner::Block(unsafe { HeapBlock::from_raw(first, self.number) })
            }
        }
    }

    #[inline]
    fn raw_slot(&self) -> RawSlot {
        RawSlot {
            pool: self.memory,
            slot: self.number,
        }
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        let bytes = match self.kind {
            Kind::Slot => {
                // SAFETY: our own lease's words (STORAGE-1); forgotten at once, and only read through.
                let lease = ManuallyDrop::new(unsafe { Lease::from_raw(self.raw_slot()) });
                NonNull::from(&**lease)
            }
            Kind::Block => NonNull::slice_from_raw_parts(self.memory.cast(), self.number as usize),
        };
        // SAFETY: validity: initialised bytes that live as long as this value (STORAGE-1, and what lease and block promise). Aliasing: no
        // other owner reaches them, and `&self` excludes our own `&mut`.
        unsafe { bytes.as_ref() }
    }

    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        let mut bytes = match self.kind {
            Kind::Slot => {
                // SAFETY: our own lease's words (STORAGE-1); forgotten at once, and `&mut self` excludes every other use.
                let mut lease = ManuallyDrop::new(unsafe { Lease::from_raw(self.raw_slot()) });
                NonNull::from(&mut **lease)
            }
            Kind::Block => NonNull::slice_from_raw_parts(self.memory.cast(), self.number as usize),
        };
        // SAFETY: as in `bytes`, and `&mut self` excludes our own shared borrows too.
        unsafe { bytes.as_mut() }
    }
}

impl Drop for Storage {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the words are not used again.
        drop(unsafe { self.owner() });
    }
}
