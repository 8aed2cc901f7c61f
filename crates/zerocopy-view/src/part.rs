//! A run of bytes, and the right that keeps them: all of a view that is not safe by itself.
//!
//! # Why the words of `Shared`, and not a `Shared`
//!
//! Address, length, pool, slot, kind and tenant are 32 bytes on a 64-bit machine. A [`Shared`] inside would be 16 of them with four unused, so
//! kind and tenant would not fit. Its two words are therefore stored apart, and made a `Shared` again whenever its count is
//! touched: the count of a slot stays pool-core's alone.

use core::mem::ManuallyDrop;
use core::ops::Range;
use core::ptr::NonNull;
use core::slice;

use pool_core::{Lease, RawSlot, Shared, StableBytes};

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
pub(crate) struct Part {
    first: NonNull<u8>,
    len: usize,
    owner: NonNull<()>,
    slot: u32,
    pub(crate) label: Label,
}

/// A part's right, made of its words. Never dropped except by [`Part::drop`] and [`Part::try_into_lease`], which end the part.
enum Owner {
    Static,
    Pooled(ManuallyDrop<Shared>),
    Boxed(ManuallyDrop<Counted>),
}

// SAFETY: the bytes are only read, and the rights are `Send + Sync` (`Shared`, `Counted`).
unsafe impl Send for Part {}
// SAFETY: `&Part` gives `&[u8]`, and clones by atomic counts.
unsafe impl Sync for Part {}

impl Part {
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

    /// All of a shared slot. Allocates nothing.
    pub(crate) fn from_shared(shared: Shared, label: Label) -> Self {
        let bytes = NonNull::from(&*shared);
        let RawSlot { pool, slot } = shared.into_raw();
        assert!(slot < BOXED, "a pool has at most 2^32 - 2 slots");
        Self {
            first: bytes.cast(),
            len: bytes.len(),
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

    #[inline]
    fn owner(&self) -> Owner {
        match self.slot {
            STATIC => Owner::Static,
            BOXED => {
                // SAFETY: from `Counted::into_raw` (PART-3), and not dropped while this part has it.
                let counted = unsafe { Counted::from_raw(self.owner) };
                Owner::Boxed(ManuallyDrop::new(counted))
            }
            slot => {
                let raw = RawSlot {
                    pool: self.owner,
                    slot,
                };
                // SAFETY: from `Shared::into_raw` (PART-3), and not dropped while this part has it.
                let shared = unsafe { Shared::from_raw(raw) };
                Owner::Pooled(ManuallyDrop::new(shared))
            }
        }
    }

    /// How many parts and other rights keep the storage; 0 if nobody has to.
    pub(crate) fn sharers(&self) -> usize {
        match self.owner() {
            Owner::Static => 0,
            Owner::Pooled(shared) => shared.sharers(),
            Owner::Boxed(counted) => counted.sharers(),
        }
    }

    pub(crate) fn retained_bytes(&self) -> usize {
        match self.owner() {
            Owner::Static => 0,
            Owner::Pooled(shared) => shared.slot_bytes(),
            Owner::Boxed(counted) => counted.retained_bytes(),
        }
    }

    /// Another right to some of the bytes. No right is counted for no bytes.
    ///
    /// # Panics
    ///
    /// If the range does not lie in `0..len`.
    #[inline]
    pub(crate) fn piece(&self, range: Range<usize>) -> Self {
        self.check(&range);
        if range.is_empty() {
            return Self::from_static(&[], self.label);
        }
        let mut piece = self.clone();
        piece.move_to(&range);
        piece
    }

    /// Makes this part smaller. The right is given up if no byte is left.
    ///
    /// # Panics
    ///
    /// If the range does not lie in `0..len`.
    #[inline]
    pub(crate) fn narrow(&mut self, range: Range<usize>) {
        self.check(&range);
        if range.is_empty() {
            *self = Self::from_static(&[], self.label);
        } else {
            self.move_to(&range);
        }
    }

    #[inline]
    fn check(&self, range: &Range<usize>) {
        assert!(
            range.start <= range.end && range.end <= self.len,
            "range: must lie in 0..{}, got {range:?}",
            self.len
        );
    }

    /// To a range that was checked and has bytes.
    #[inline]
    fn move_to(&mut self, range: &Range<usize>) {
        // SAFETY: the range lies in `0..len` (`check`), so the sum stays inside the storage (PART-1, PART-2).
        self.first = unsafe { self.first.add(range.start) };
        self.len = range.len();
    }

    /// One part of two that lie one behind the other in one storage and bear the same label; else both come back.
    ///
    /// Two parts of no owner are not joined: that their addresses meet does not make two statics one.
    pub(crate) fn join(mut self, next: Self) -> Result<Self, (Self, Self)> {
        if self.label != next.label {
            return Err((self, next));
        }
        if self.len == 0 {
            return Ok(next);
        }
        if next.len == 0 {
            return Ok(self);
        }
        let same_storage =
            self.slot != STATIC && (self.slot, self.owner) == (next.slot, next.owner);
        if !same_storage || self.end_address() != next.first.addr().get() {
            return Err((self, next));
        }
        // PART-1 for the sum: both hold a right to one storage, so its words name one storage; `next`'s bytes lie behind
        // ours in it, and `first` is good for all of it (PART-2).
        self.len += next.len;
        Ok(self)
    }

    /// The address behind the last byte.
    fn end_address(&self) -> usize {
        self.first.addr().get().wrapping_add(self.len)
    }

    /// The only right to a slot, as a lease, and where in it the part lay; else the part comes back.
    pub(crate) fn try_into_lease(self) -> Result<(Lease, Range<usize>), Self> {
        let Owner::Pooled(shared) = self.owner() else {
            return Err(self);
        };
        let start = self.first.addr().get() - shared.as_ptr().addr();
        let part = ManuallyDrop::new(self);
        // From here on `shared` is the part's right, and `part` is words.
        match ManuallyDrop::into_inner(shared).try_unshare() {
            Ok(lease) => Ok((lease, start..start + part.len)),
            Err(shared) => {
                let _kept_by_the_part = ManuallyDrop::new(shared);
                Err(ManuallyDrop::into_inner(part))
            }
        }
    }
}

impl Clone for Part {
    #[inline]
    fn clone(&self) -> Self {
        // One more right, which the copied words stand for (PART-3): the `ManuallyDrop` does not give it back.
        match self.owner() {
            Owner::Static => {}
            Owner::Pooled(shared) => {
                let _one_more: ManuallyDrop<Shared> = shared.clone();
            }
            Owner::Boxed(counted) => {
                let _one_more: ManuallyDrop<Counted> = counted.clone();
            }
        }
        Self {
            first: self.first,
            len: self.len,
            owner: self.owner,
            slot: self.slot,
            label: self.label,
        }
    }
}

impl Drop for Part {
    #[inline]
    fn drop(&mut self) {
        match self.owner() {
            Owner::Static => {}
            Owner::Pooled(shared) => drop(ManuallyDrop::into_inner(shared)),
            Owner::Boxed(counted) => drop(ManuallyDrop::into_inner(counted)),
        }
    }
}
