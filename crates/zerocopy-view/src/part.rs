//! A run of bytes, and the right that keeps them: all of a view that is not safe by itself.
//!
//! # Why the words of `Shared`, and not a `Shared`
//!
//! Address, length, pool, slot, kind and tenant are 32 bytes on a 64-bit machine. A [`Shared`] inside would be 16 of them with four unused, so
//! kind and tenant would not fit. Its two words are therefore stored apart, and made a `Shared` again whenever its count is
//! touched: the count of a slot stays pool-core's alone.

mod cut;
mod exclusive;
mod kept;

pub(crate) use exclusive::ExclusivePart;

use alloc::vec::Vec;
use core::mem::{self, ManuallyDrop};
use core::ops::Range;
use core::ptr::NonNull;
use core::slice;

use pool_core::{RawSlot, Shared, StableBytes};

use crate::counted::Counted;
use crate::label::Label;

/// In `slot`: nobody owns the bytes, they are static. A pool has at most 2^32 - 2 slots, so no index reaches this far.
const STATIC: u32 = u32::MAX;
/// In `slot`: `owner` is a counted box.
const BOXED: u32 = u32::MAX - 1;

/// Some bytes of a storage, and one counted right to that storage.
///
/// | `slot`           | `owner`                           | who keeps the bytes                |
/// |------------------|-----------------------------------|------------------------------------|
/// | 0 ..= 2^32 - 3   | the pool, as in [`RawSlot::pool`] | the pool's count of that slot      |
/// | [`BOXED`]        | as from [`Counted::into_raw`]     | the count in the box               |
/// | [`STATIC`]       | dangling                          | nobody: they are there for ever    |
///
/// - **PART-1** `len` initialised bytes lie at `first`, inside the storage, and stay where and what they are while the right is held.
/// - **PART-2** `first` was made from a pointer to the whole storage as its owner gave it out, so it is good for all of that
///   storage and not just for this part.
/// - **PART-3** Unless `slot` is `STATIC`, this part holds one counted right to the storage, stored as the table says.
/// - **PART-4** A part without bytes is static: it keeps nothing.
/// - **PART-5** The [`Shared`] that a part's words stand for is cloned, dropped, turned into the lease if it is the only one, and asked for
///   what is kept beside the bytes. It is never dereferenced or given out: other bytes of its slot may be an [`ExclusivePart`].
pub(crate) struct Part {
    first: NonNull<u8>,
    len: usize,
    owner: NonNull<()>,
    slot: u32,
    pub(crate) label: Label,
}

/// A part's right, made of its words. Never dropped except by [`Part::drop`] and by what ends a part to use its right.
pub(crate) enum Owner {
    Static,
    Pooled(ManuallyDrop<Shared>),
    Boxed(ManuallyDrop<Counted>),
}

// SAFETY: the bytes are only read, and the rights are `Send + Sync` (`Shared`, `Counted`).
unsafe impl Send for Part {}
// SAFETY: `&Part` gives `&[u8]`, and clones by atomic counts.
unsafe impl Sync for Part {}

impl Part {
    #[inline]
    pub(crate) const fn from_static(bytes: &'static [u8], label: Label) -> Self {
        let Some(first) = NonNull::new(bytes.as_ptr().cast_mut()) else {
            panic!("a slice's address is never null")
        };
        Self {
            first,
            len: bytes.len(),
            owner: NonNull::dangling(),
            slot: STATIC,
            label,
        }
    }

    /// Some bytes of a shared slot. Allocates nothing, and makes no reference to the bytes.
    ///
    /// # Panics
    ///
    /// If the range does not lie in the slot.
    #[inline]
    pub(crate) fn from_shared(shared: Shared, range: Range<usize>, label: Label) -> Self {
        cut::check(&range, shared.slot_bytes());
        if range.is_empty() {
            return Self::from_static(&[], label);
        }
        let Some(first) = NonNull::new(shared.as_ptr().cast_mut()) else {
            unreachable!("a slot's address is never null")
        };
        let RawSlot { pool, slot } = shared.into_raw();
        assert!(slot < BOXED, "a pool has at most 2^32 - 2 slots");
        Self {
            // SAFETY: the range lies in the slot, so this stays inside it.
            first: unsafe { first.add(range.start) },
            len: range.end - range.start,
            owner: pool,
            slot,
            label,
        }
    }

    /// All bytes of an owner, which moves into a box. `retained_bytes` tells how many it keeps from being used for
    /// anything else.
    pub(crate) fn from_owner<T>(owner: T, retained_bytes: fn(&T) -> usize, label: Label) -> Self
    where
        T: StableBytes + Send + Sync + 'static,
    {
        let (counted, bytes) = Counted::new(owner, retained_bytes);
        if bytes.is_empty() {
            return Self::from_static(&[], label);
        }
        Self {
            first: bytes.cast(),
            len: bytes.len(),
            owner: counted.into_raw(),
            slot: BOXED,
            label,
        }
    }

    /// A vector's bytes. It keeps its whole capacity.
    pub(crate) fn from_vec(bytes: Vec<u8>, label: Label) -> Self {
        Self::from_owner(bytes, Vec::capacity, label)
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: validity: PART-1, and the right is held while `self` is borrowed. Aliasing: while it is held nobody makes
        // an `&mut` to the bytes (PART-1).
        unsafe { slice::from_raw_parts(self.first.as_ptr(), self.len) }
    }

    pub(crate) fn static_bytes(&self) -> Option<&'static [u8]> {
        if self.slot != STATIC {
            return None;
        }
        // SAFETY: validity: PART-1, and static bytes stay for ever. Aliasing: they were given as a shared reference for ever.
        Some(unsafe { slice::from_raw_parts(self.first.as_ptr(), self.len) })
    }

    /// The words of the right, made a right again, beside the one that the part has: not to be dropped.
    #[inline]
    pub(crate) fn owner(&self) -> Owner {
        match self.slot {
            ..BOXED => {
                let raw = RawSlot {
                    pool: self.owner,
                    slot: self.slot,
                };
                // SAFETY: from `Shared::into_raw` (PART-3), and not dropped while this part has it.
                let shared = unsafe { Shared::from_raw(raw) };
                Owner::Pooled(ManuallyDrop::new(shared))
            }
            BOXED => {
                // SAFETY: from `Counted::into_raw` (PART-3), and not dropped while this part has it.
                let counted = unsafe { Counted::from_raw(self.owner) };
                Owner::Boxed(ManuallyDrop::new(counted))
            }
            STATIC => Owner::Static,
        }
    }

    /// Counts one right more, for the words of another part to stand for (PART-3).
    #[inline]
    fn count_one_more(&self) {
        // Asked first: static bytes then cost one comparison.
        if self.slot == STATIC {
            return;
        }
        off_the_straight_path();
        match self.owner() {
            Owner::Pooled(shared) => mem::forget(Shared::clone(&shared)),
            Owner::Boxed(counted) => mem::forget(Counted::clone(&counted)),
            Owner::Static => {}
        }
    }

    /// As [`count_one_more`](Self::count_one_more), without a locked instruction if this part's is the only right.
    #[inline]
    fn count_one_more_mut(&mut self) {
        match self.owner() {
            Owner::Pooled(mut shared) => mem::forget(shared.clone_mut()),
            Owner::Boxed(mut counted) => mem::forget(counted.clone_mut()),
            Owner::Static => {}
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The address of the first byte.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        self.first.addr().get()
    }
}

/// What begins with this is laid out behind what does not: a static part's clone and drop then jump nowhere. Who counts does not feel the jump beside the locked
/// instruction.
#[cold]
#[inline]
fn off_the_straight_path() {}

impl Clone for Part {
    #[inline]
    fn clone(&self) -> Self {
        self.count_one_more();
        Self { ..*self }
    }
}

impl Drop for Part {
    #[inline]
    fn drop(&mut self) {
        // Asked first, as when counting.
        if self.slot == STATIC {
            return;
        }
        off_the_straight_path();
        match self.owner() {
            Owner::Pooled(shared) => drop(ManuallyDrop::into_inner(shared)),
            Owner::Boxed(counted) => drop(ManuallyDrop::into_inner(counted)),
            Owner::Static => {}
        }
    }
}
