//! What a frame is, whatever its metadata: live bytes, and the right to the storage in which they lie.
//!
//! # Why words and an address, and not an enum
//!
//! A lease is a pointer and a slot number, a block a pointer and a capacity. With the address of the first live byte, and with length and kind in
//! one word, that is 24 bytes, and looking at the bytes asks neither pool nor block. An enum of the rights would alone need 24 or
//! more, as none has a niche where another has padding.

mod part;
mod right;
mod room;

use core::ptr::{self, NonNull};
use core::slice;

use pool_core::{Lease, RawSlot};

use crate::extent::{Extent, Keeper, MAX_CAPACITY};
use crate::heap_block::HeapBlock;
pub(crate) use right::Right;

/// A frame without its metadata.
///
/// - **BODY-1** `memory` and `number` are the words of the right that `extent` names, which was given up to this value and
///   to nothing else.
/// - **BODY-2** The live bytes, `first` and as many as `extent` says, are initialised bytes of the storage that the right keeps, and end within
///   its first [`MAX_CAPACITY`] bytes. `first` may be used for every byte of the storage that is this body's (BODY-3).
/// - **BODY-3** A body that is alone with its storage has all of it. Of the parts of one storage, each has its live bytes, no two have a byte in
///   common, only bodies hold counted rights to it, and none of them makes a reference to a byte that it does not have.
pub(crate) struct Body {
    first: NonNull<u8>,
    memory: NonNull<()>,
    number: u32,
    extent: Extent,
}

const _: () = assert!(size_of::<Body>() <= 24);
const _: () = assert!(size_of::<Option<Body>>() == size_of::<Body>());

// SAFETY: a body is one of four rights (BODY-1), all of which are `Send`, and alone has its bytes (BODY-3).
unsafe impl Send for Body {}
// SAFETY: `&Body` gives only `&[u8]`.
unsafe impl Sync for Body {}

impl Body {
    /// The bytes from `start` to `end` of a slot.
    ///
    /// # Safety
    ///
    /// `start <= end <= reach(lease.len())`.
    #[inline]
    pub(crate) unsafe fn in_slot(mut lease: Lease, start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "{start}..{end}");
        debug_assert!(end <= reach(lease.len()), "{end} of {}", lease.len());
        let slot = lease.as_mut_ptr();
        // SAFETY: the offset lies in the slot, by this function's own promise.
        let first = unsafe { slot.add(start) };
        let RawSlot { pool, slot } = lease.into_raw();
        Self {
            // SAFETY: inside of an allocation nothing is null.
            first: unsafe { NonNull::new_unchecked(first) },
            memory: pool,
            number: slot,
            extent: Extent::new(Keeper::Slot, end - start),
        }
    }

    /// A copy of `data` at the beginning of a slot.
    ///
    /// # Safety
    ///
    /// `data.len() <= reach(lease.len())`.
    #[inline]
    pub(crate) unsafe fn copied(lease: Lease, data: &[u8]) -> Self {
        // SAFETY: this function's own promise.
        let body = unsafe { Self::in_slot(lease, 0, data.len()) };
        // SAFETY: validity: the slot is as large, by this function's own promise. Aliasing: the slot is ours alone (BODY-3).
        unsafe { ptr::copy_nonoverlapping(data.as_ptr(), body.first.as_ptr(), data.len()) };
        body
    }

    /// The first `len` bytes of a block.
    ///
    /// # Panics
    ///
    /// If the block has fewer.
    pub(crate) fn in_block(block: HeapBlock, len: usize) -> Self {
        let (first, capacity) = block.into_raw();
        assert!(
            len <= capacity as usize,
            "{len} bytes of a block of {capacity}"
        );
        Self {
            first,
            memory: first.cast(),
            number: capacity,
            extent: Extent::new(Keeper::Block, len),
        }
    }

    /// No bytes and no storage.
    pub(crate) fn nothing() -> Self {
        Self::in_block(HeapBlock::nothing(), 0)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.extent.len()
    }

    #[inline]
    pub(crate) fn keeper(&self) -> Keeper {
        self.extent.keeper()
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: validity: initialised bytes that the right keeps (BODY-2). Aliasing: they are this body's alone (BODY-3), and `&self`
        // excludes our own `&mut`.
        unsafe { slice::from_raw_parts(self.first.as_ptr(), self.len()) }
    }

    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and `&mut self` excludes our own shared borrows too.
        unsafe { slice::from_raw_parts_mut(self.first.as_ptr(), self.len()) }
    }
}

/// How much of a storage a frame uses.
#[inline]
pub(crate) fn reach(storage_bytes: usize) -> usize {
    storage_bytes.min(MAX_CAPACITY)
}
