//! The right that keeps a body's storage: as words in the body, as a value on the way in and out.

use alloc::sync::Arc;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use pool_core::{Lease, RawSlot, Shared};

use super::Body;
use crate::extent::{Extent, Keeper};
use crate::heap_block::HeapBlock;

/// A body's right, made of its words.
pub(crate) enum Right {
    Slot(Lease),
    SlotPart(Shared),
    Block(HeapBlock),
    BlockPart(Arc<HeapBlock>),
}

impl Body {
    /// A body of `len` bytes from `first` on, with its right.
    ///
    /// # Safety
    ///
    /// BODY-2 and BODY-3 hold for them.
    pub(super) unsafe fn with_right(first: NonNull<u8>, len: usize, right: Right) -> Self {
        let (keeper, memory, number) = match right {
            Right::Slot(lease) => words_of_slot(Keeper::Slot, lease.into_raw()),
            Right::SlotPart(share) => words_of_slot(Keeper::SlotPart, share.into_raw()),
            Right::Block(block) => {
                let (memory, capacity) = block.into_raw();
                (Keeper::Block, memory.cast(), capacity)
            }
            Right::BlockPart(block) => {
                // SAFETY: an `Arc`'s address is not null.
                let memory = unsafe { NonNull::new_unchecked(Arc::into_raw(block).cast_mut()) };
                (Keeper::BlockPart, memory.cast(), 0)
            }
        };
        Self {
            first,
            memory,
            number,
            extent: Extent::new(keeper, len),
        }
    }

    #[inline]
    pub(crate) fn into_right(self) -> Right {
        let mut body = ManuallyDrop::new(self);
        // SAFETY: the words are not used again.
        unsafe { body.right() }
    }

    /// The right, made of the words once more.
    ///
    /// # Safety
    ///
    /// Either the result or the words are forgotten, and while the result is used, nothing else made of the words is.
    #[inline]
    unsafe fn right(&mut self) -> Right {
        match self.keeper() {
            // SAFETY: the words of a lease that was given up to us (BODY-1); used once by the caller's promise.
            Keeper::Slot => Right::Slot(unsafe { Lease::from_raw(self.raw_slot()) }),
            // SAFETY: the words of a share that was given up to us (BODY-1); used once by the caller's promise.
            Keeper::SlotPart => Right::SlotPart(unsafe { Shared::from_raw(self.raw_slot()) }),
            Keeper::Block => {
                // SAFETY: the words of a block that was given up to us (BODY-1); used once by the caller's promise.
                Right::Block(unsafe { HeapBlock::from_raw(self.memory.cast(), self.number) })
            }
            // SAFETY: the address of an `Arc` that was given up to us (BODY-1); used once by the caller's promise.
            Keeper::BlockPart => Right::BlockPart(unsafe { Arc::from_raw(self.raw_arc()) }),
        }
    }

    /// One more right to the storage of a part.
    ///
    /// # Panics
    ///
    /// If the body is alone with its storage; or there are 2^29 parts, with nothing changed.
    pub(super) fn clone_right(&self) -> Right {
        match self.keeper() {
            Keeper::SlotPart => {
                // SAFETY: our own share's words (BODY-1); forgotten at once, and only cloned.
                let share = ManuallyDrop::new(unsafe { Shared::from_raw(self.raw_slot()) });
                Right::SlotPart(Shared::clone(&share))
            }
            Keeper::BlockPart => {
                // SAFETY: our own handle's address (BODY-1); forgotten at once, and only cloned.
                let block = ManuallyDrop::new(unsafe { Arc::from_raw(self.raw_arc()) });
                Right::BlockPart(Arc::clone(&block))
            }
            Keeper::Slot | Keeper::Block => unreachable!("only parts share their storage"),
        }
    }

    #[inline]
    pub(super) fn raw_slot(&self) -> RawSlot {
        RawSlot {
            pool: self.memory,
            slot: self.number,
        }
    }

    fn raw_arc(&self) -> *const HeapBlock {
        self.memory.as_ptr().cast()
    }

    /// Drops a right that is not a lease.
    #[cold]
    fn drop_rarely(&mut self) {
        // SAFETY: called once, when the body ends.
        drop(unsafe { self.right() });
    }
}

fn words_of_slot(keeper: Keeper, raw: RawSlot) -> (Keeper, NonNull<()>, u32) {
    (keeper, raw.pool, raw.slot)
}

impl Drop for Body {
    #[inline]
    fn drop(&mut self) {
        if self.keeper() == Keeper::Slot {
            // SAFETY: the words of a lease that was given up to us (BODY-1), and are not used again.
            drop(unsafe { Lease::from_raw(self.raw_slot()) });
        } else {
            self.drop_rarely();
        }
    }
}
