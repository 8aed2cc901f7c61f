//! What a buffer is: the right to its memory, and how many bytes of it it has.
//!
//! # Why two words, and not an enum and a length
//!
//! A value of two scalars is passed, returned and moved in registers. One of three goes through memory: it is written field by field and moved 16 bytes at a time, and a load
//! that is wider than the stores before it waits until those have left the processor's store buffer, 12 ns where acquiring a buffer takes 3. So slot and length share a
//! word, and what does not fit that is [`Apart`].

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use pool_core::{Lease, RawSlot};

use crate::apart::{Apart, Kind};
use crate::fallback::{Fallback, Memory};
use crate::tenant::TenantSlot;

/// Initialised bytes, the first of which are a buffer's.
///
/// - **STORAGE-1** If `extent` names a slot, `memory` and that are the words of a lease; or else `memory` is a box's address. Either was given up to this value and to nothing
///   else.
/// - **STORAGE-2** A slot has at most `u32::MAX` bytes. The length is at most that of the memory.
pub(crate) struct Storage {
    memory: NonNull<()>,
    extent: Extent,
}

/// A slot and a length in one word.
///
/// | bits   | meaning                                                          |
/// |--------|------------------------------------------------------------------|
/// | 63..32 | how many bytes the buffer has in the slot                        |
/// | 31..0  | the slot's index, or, of no pool, [`APART`](Self::APART)          |
#[derive(Clone, Copy)]
struct Extent(u64);

impl Extent {
    /// The memory is [`Apart`], and so is the length. A pool has at most 2^32 - 2 slots.
    const APART: Self = Self(u32::MAX as u64);

    #[inline]
    fn new(slot: u32, len: usize) -> Self {
        debug_assert!(slot != u32::MAX, "a pool has fewer slots");
        debug_assert!(u32::try_from(len).is_ok(), "{len} bytes of a slot");
        Self((len as u64) << 32 | u64::from(slot))
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    fn slot(self) -> Option<u32> {
        let slot = self.0 as u32;
        (slot != u32::MAX).then_some(slot)
    }

    #[inline]
    fn len(self) -> usize {
        (self.0 >> 32) as usize
    }
}

/// What the words are.
enum Place<'a> {
    Slot(RawSlot),
    Apart(&'a Apart),
}

/// As [`Place`], for who may change it.
enum PlaceMut<'a> {
    Slot(RawSlot),
    Apart(&'a mut Apart),
}

// SAFETY: it is one of two rights (STORAGE-1), both of which are `Send`.
unsafe impl Send for Storage {}
// SAFETY: `&Storage` gives only what `&Lease` and `&Apart` do, which are `Sync`.
unsafe impl Sync for Storage {}

const _: () = {
    const fn may_be_anywhere<T: Send + Sync>() {}
    may_be_anywhere::<Lease>();
    may_be_anywhere::<Apart>();
};

impl Storage {
    /// The first `len` bytes of a slot that has at most `u32::MAX`.
    #[inline]
    pub(crate) fn of_small_slot(lease: Lease, len: usize) -> Self {
        debug_assert!(u32::try_from(lease.len()).is_ok(), "{} bytes", lease.len());
        debug_assert!(len <= lease.len(), "{len} bytes of {}", lease.len());
        let RawSlot { pool, slot } = lease.into_raw();
        Self {
            memory: pool,
            extent: Extent::new(slot, len),
        }
    }

    /// The first `len` bytes of a slot.
    pub(crate) fn of_slot(lease: Lease, len: usize) -> Self {
        if u32::try_from(lease.len()).is_err() {
            return Self::apart(Kind::LargeSlot(lease), len);
        }
        Self::of_small_slot(lease, len)
    }

    /// The first `len` bytes of a vector.
    pub(crate) fn of_vec(bytes: Vec<u8>, len: usize) -> Self {
        Self::apart(Kind::Own(bytes), len)
    }

    pub(crate) fn of_fallback(fallback: Fallback, len: usize) -> Self {
        Self::apart(Kind::Fallback(fallback), len)
    }

    pub(crate) fn of_tenant(slot: TenantSlot, len: usize) -> Self {
        Self::apart(Kind::Tenant(slot), len)
    }

    #[cold]
    fn apart(kind: Kind, len: usize) -> Self {
        let apart = Box::new(Apart::new(kind, len));
        Self {
            memory: NonNull::from(Box::leak(apart)).cast(),
            extent: Extent::APART,
        }
    }

    #[inline]
    fn place(&self) -> Place<'_> {
        match self.extent.slot() {
            Some(slot) => Place::Slot(self.words_of(slot)),
            // SAFETY: validity: a box (STORAGE-1). Aliasing: ours, and borrowed as `self` is.
            None => Place::Apart(unsafe { self.memory.cast().as_ref() }),
        }
    }

    #[inline]
    fn place_mut(&mut self) -> PlaceMut<'_> {
        match self.extent.slot() {
            Some(slot) => PlaceMut::Slot(self.words_of(slot)),
            // SAFETY: as in `place`, and `&mut self` excludes our own other borrows.
            None => PlaceMut::Apart(unsafe { self.memory.cast().as_mut() }),
        }
    }

    #[inline]
    fn words_of(&self, slot: u32) -> RawSlot {
        let pool = self.memory;
        RawSlot { pool, slot }
    }

    /// What the memory is, if it is no plain slot.
    #[inline]
    pub(crate) fn as_apart(&self) -> Option<&Apart> {
        match self.place() {
            Place::Slot(_) => None,
            Place::Apart(apart) => Some(apart),
        }
    }

    /// How many bytes the buffer has.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self.place() {
            Place::Slot(_) => self.extent.len(),
            Place::Apart(apart) => apart.len(),
        }
    }

    /// # Panics
    ///
    /// If there is no memory for so many.
    #[inline]
    pub(crate) fn set_len(&mut self, len: usize) {
        let most = self.all().len();
        assert!(len <= most, "{len} bytes, {most} are there");
        match self.place_mut() {
            PlaceMut::Slot(raw) => self.extent = Extent::new(raw.slot, len),
            PlaceMut::Apart(apart) => apart.set_len(len),
        }
    }

    /// The buffer's bytes.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.all()[..self.len()]
    }

    /// The buffer's bytes.
    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        let len = self.len();
        &mut self.all_mut()[..len]
    }

    /// All bytes that there are.
    #[inline]
    pub(crate) fn all(&self) -> &[u8] {
        match self.place() {
            Place::Slot(raw) => {
                // SAFETY: the words of a lease (STORAGE-1), which is not dropped, and whose bytes are only read as long as `self` is borrowed.
                let lease = ManuallyDrop::new(unsafe { Lease::from_raw(raw) });
                let bytes: *const [u8] = &raw const **lease;
                // SAFETY: what a lease lends as long as it is borrowed; its words are, as long as `self` is.
                unsafe { &*bytes }
            }
            Place::Apart(apart) => apart.bytes(),
        }
    }

    /// All bytes that there are.
    #[inline]
    pub(crate) fn all_mut(&mut self) -> &mut [u8] {
        match self.place_mut() {
            PlaceMut::Slot(raw) => {
                // SAFETY: as in `all`, but used alone: `&mut self` excludes our own other borrows.
                let mut lease = ManuallyDrop::new(unsafe { Lease::from_raw(raw) });
                let bytes: *mut [u8] = &raw mut **lease;
                // SAFETY: as in `all`.
                unsafe { &mut *bytes }
            }
            PlaceMut::Apart(apart) => apart.bytes_mut(),
        }
    }

    /// The lease, and how many of its bytes are the buffer's; or the storage itself if it is none.
    pub(crate) fn into_lease(self) -> Result<(Lease, usize), Self> {
        if self.as_apart().is_some_and(|apart| !apart.is_slot()) {
            return Err(self);
        }
        let len = self.len();
        match self.into_memory() {
            Memory::Slot(lease) => Ok((lease, len)),
            Memory::Heap(vec) => Err(Self::of_vec(vec, len)),
        }
    }

    /// The vector, with the buffer's bytes; or the storage itself if it is none.
    pub(crate) fn into_vec(self) -> Result<Vec<u8>, Self> {
        if self.as_apart().is_none_or(Apart::is_slot) {
            return Err(self);
        }
        let len = self.len();
        match self.into_memory() {
            Memory::Slot(lease) => Err(Self::of_slot(lease, len)),
            Memory::Heap(mut vec) => {
                vec.truncate(len);
                Ok(vec)
            }
        }
    }

    fn into_memory(self) -> Memory {
        let this = ManuallyDrop::new(self);
        match this.extent.slot() {
            // SAFETY: the words of a lease that was given up to us (STORAGE-1), who end here.
            Some(slot) => Memory::Slot(unsafe { Lease::from_raw(this.words_of(slot)) }),
            // SAFETY: as of the words: used once.
            None => unsafe { Self::boxed(this.memory) }.into_memory(),
        }
    }

    /// # Safety
    ///
    /// `memory` is of a storage apart (STORAGE-1), whose words are not used again.
    unsafe fn boxed(memory: NonNull<()>) -> Box<Apart> {
        // SAFETY: the address of a box, by this function's own promise.
        unsafe { Box::from_raw(memory.cast().as_ptr()) }
    }

    /// # Safety
    ///
    /// As for [`boxed`](Self::boxed).
    #[cold]
    #[inline(never)]
    unsafe fn drop_apart(memory: NonNull<()>) {
        // SAFETY: this function's own promise.
        drop(unsafe { Self::boxed(memory) });
    }
}

impl Drop for Storage {
    #[inline]
    fn drop(&mut self) {
        match self.extent.slot() {
            // SAFETY: the words of a lease that was given up to us (STORAGE-1), who end here.
            Some(slot) => drop(unsafe { Lease::from_raw(self.words_of(slot)) }),
            // SAFETY: as of the words: used once.
            None => unsafe { Self::drop_apart(self.memory) },
        }
    }
}
