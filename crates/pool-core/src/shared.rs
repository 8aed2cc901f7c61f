//! The counted right to one slot.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::free_list::OwnedSlot;
use crate::lease::Lease;
use crate::raw_slot::RawSlot;
use crate::site::SlotEvent;
use crate::slots::Slots;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Half the range of the count: clones stop here, far from where it would wrap.
const MAX_SHARERS: u32 = u32::MAX / 2;

/// A counted right to read one slot's bytes.
///
/// Holding a `Shared` proves that the bytes stay where and what they are. The last one dropped gives the slot back. Cloning and
/// dropping touch one counter, the slot's own, and allocate nothing. 16 bytes, and `Option<Shared>` no larger.
///
/// - **SHARED-1** While a slot is shared, its count is the number of its `Shared` values, and no other right to it exists.
pub struct Shared {
    slots: NonNull<Slots>,
    slot: u32,
}

// SAFETY: shares give only `&[u8]`, and the count is atomic.
unsafe impl Send for Shared {}
// SAFETY: `&Shared` gives only `&[u8]`, and clones through an atomic count.
unsafe impl Sync for Shared {}

impl Shared {
    /// The first share of a slot that its unique owner gave up just now.
    pub(crate) fn first(slots: NonNull<Slots>, slot: OwnedSlot) -> Self {
        let first = Self {
            slots,
            slot: slot.into_index(),
        };
        // Relaxed: the slot is ours alone; clones are made from a share that their maker was given.
        first.count().store(1, Relaxed);
        first
    }

    #[inline]
    fn slots(&self) -> &Slots {
        // SAFETY: this share is covered by its slot's reason for the body to live (SLOTS-1).
        unsafe { self.slots.as_ref() }
    }

    #[inline]
    fn count(&self) -> &AtomicU32 {
        &self.slots().list().record(self.slot).link_or_refs
    }

    /// How many shares of this slot there are.
    ///
    /// If it says 1, the only share is this one, and it stays so while nobody else can clone it (through a `&Shared`). A higher
    /// number may be stale.
    #[must_use]
    pub fn sharers(&self) -> usize {
        // [SHARERS] Acquire: if the answer is 1, every other sharer's last use has happened. Pairs with [SHARE-DROP].
        self.count().load(Acquire) as usize
    }

    /// Turns the only share back into the unique right.
    ///
    /// # Errors
    ///
    /// Gives the share back if others exist.
    pub fn try_unshare(self) -> Result<Lease, Self> {
        // [UNSHARE] Acquire: every other sharer's last use of the bytes happens before ours as their owner. A count of 1
        // cannot rise: the only share is `self`. Pairs with [SHARE-DROP].
        if self.count().load(Acquire) != 1 {
            return Err(self);
        }
        self.slots().note(self.slot, SlotEvent::Unshared);
        let raw = self.into_raw();
        Ok(Lease::new(raw.slots(), OwnedSlot::assume(raw.slot)))
    }

    /// How many bytes the slot has: what this share keeps from being used for anything else.
    #[must_use]
    pub fn slot_bytes(&self) -> usize {
        self.slots().slot_bytes()
    }

    /// The slot's index in its pool, for reports. It grants nothing.
    #[must_use]
    pub fn slot_index(&self) -> usize {
        self.slot as usize
    }

    /// Gives up this share without giving it back.
    #[must_use = "the share is lost unless the words are made a share again"]
    pub fn into_raw(self) -> RawSlot {
        let share = ManuallyDrop::new(self);
        RawSlot::new(share.slots, share.slot)
    }

    /// Makes the share of [`into_raw`](Self::into_raw) again.
    ///
    /// # Safety
    ///
    /// `raw` comes from `Shared::into_raw`, and each result of that is used here at most once (a value that is never
    /// dropped, in a `ManuallyDrop`, may be made any number of times while the real one is kept).
    #[inline]
    #[must_use]
    pub unsafe fn from_raw(raw: RawSlot) -> Self {
        Self {
            slots: raw.slots(),
            slot: raw.slot,
        }
    }
}

impl Clone for Shared {
    /// # Panics
    ///
    /// If the slot has 2^31 shares (by forgetting them: no memory would hold so many).
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed: the new share is made from one that exists, which keeps the slot; handing it to another thread orders it.
        let before = self.count().fetch_add(1, Relaxed);
        if before >= MAX_SHARERS {
            too_many(self.count());
        }
        Self {
            slots: self.slots,
            slot: self.slot,
        }
    }
}

#[cold]
#[inline(never)]
fn too_many(count: &AtomicU32) -> ! {
    // Relaxed: undoes this thread's own increment.
    count.fetch_sub(1, Relaxed);
    panic!("sharers of one slot: at most {MAX_SHARERS}");
}

impl Drop for Shared {
    #[inline]
    fn drop(&mut self) {
        // [SHARE-DROP] Release: our use of the bytes happens before whatever their next owner does.
        // Pairs with [SHARE-LAST], [UNSHARE] and [SHARERS].
        if self.count().fetch_sub(1, Release) > 1 {
            return;
        }
        // [SHARE-LAST] Acquire: every other sharer's last use happened. A load and no fence, so that thread sanitizers see it.
        // Pairs with [SHARE-DROP].
        self.count().load(Acquire);
        // SAFETY: the count went from 1 to 0 here, once; nobody else has a right to the slot (SHARED-1). Neither the slot nor
        // the body is used after this.
        unsafe { Slots::give_back_here(self.slots, OwnedSlot::assume(self.slot)) }
    }
}

impl Deref for Shared {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        let slots = self.slots();
        slots.note_read(self.slot);
        let bytes = NonNull::slice_from_raw_parts(slots.slot_ptr(self.slot), slots.slot_bytes());
        // SAFETY:
        // - validity: `slot_bytes` initialised bytes (SLOTS-2, REGION-1), and the region outlives this borrow (SLOTS-1);
        // - aliasing: while shared, nobody makes an `&mut` to them (SHARED-1).
        unsafe { bytes.as_ref() }
    }
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// Never prints the bytes.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("slot", &self.slot)
            .field("sharers", &self.sharers())
            .finish_non_exhaustive()
    }
}
