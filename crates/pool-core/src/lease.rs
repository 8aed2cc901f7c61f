//! The unique right to one slot.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::Pool;
use crate::free_list::OwnedSlot;
use crate::raw_slot::RawSlot;
use crate::shared::Shared;
use crate::site::{self, SlotEvent};
use crate::slot_id::{self, SlotId};
use crate::slots::Slots;

/// The unique right to one slot's bytes.
///
/// Holding a `Lease` proves that no other code can reach those bytes, and that they stay where they are. It does *not* prove
/// that they are zero: they are what the last owner left, unless the pool scrubs.
///
/// Dropping it gives the slot back, from any thread, also after the last [`Pool`] handle is gone. 16 bytes, and
/// `Option<Lease>` no larger. Forgetting it leaks the slot, and with it the region, and nothing else.
///
/// ```compile_fail
/// # let pool = pool_core::Pool::builder().slots(1).slot_bytes(64).build().unwrap();
/// let lease = pool.alloc().unwrap();
/// let again = lease.clone(); // one lease, one owner
/// ```
///
/// Nor can one be made up:
///
/// ```compile_fail
/// # let pool = pool_core::Pool::builder().slots(1).slot_bytes(64).build().unwrap();
/// # let lease = pool.alloc().unwrap();
/// let forged = pool_core::Lease { slot: 7, ..lease };
/// ```
///
/// (Two scalars and no more: a third one would be returned through memory, in stores narrower than the loads that follow.)
///
/// - **LEASE-1** At most one lease exists for a slot, and while it does, the slot is not in the free list, not shared and not out
///   as an id. (LIST-1 in the words of this type.)
pub struct Lease {
    slots: NonNull<Slots>,
    slot: u32,
}

// SAFETY: a lease is the only way to its bytes (LEASE-1), and what it shares with others (the body) is `Sync`.
unsafe impl Send for Lease {}
// SAFETY: `&Lease` gives only `&[u8]`.
unsafe impl Sync for Lease {}

impl Lease {
    /// Makes the lease for a slot that left the list (or stopped being shared, or an id) just now.
    #[inline]
    pub(crate) fn new(slots: NonNull<Slots>, slot: OwnedSlot) -> Self {
        Self {
            slots,
            slot: slot.into_index(),
        }
    }

    pub(crate) fn index(&self) -> u32 {
        self.slot
    }

    pub(crate) fn slots(&self) -> &Slots {
        // SAFETY: this lease is a reason for the body to live (SLOTS-1); only shared references to it exist.
        unsafe { self.slots.as_ref() }
    }

    /// The first of the slot's bytes, as a kernel or a device wants it.
    ///
    /// The pointer is good for [`len`](slice::len) bytes until the slot goes back to its pool; while it is written through, do not
    /// dereference the lease, nor any [`Shared`] that it was turned into.
    #[must_use]
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.slots().slot_ptr(self.slot).as_ptr()
    }

    /// The slot's index in its pool, for reports and for tables with one row per slot. It grants nothing.
    #[must_use]
    pub fn slot_index(&self) -> usize {
        self.slot as usize
    }

    /// Whether this is a slot of `pool`.
    #[inline]
    #[must_use]
    pub fn belongs_to(&self, pool: &Pool) -> bool {
        self.is_of(pool.slots_ptr())
    }

    #[inline]
    pub(crate) fn slot_number(&self) -> u32 {
        self.slot
    }

    #[inline]
    pub(crate) fn is_of(&self, body: NonNull<Slots>) -> bool {
        self.slots == body
    }

    /// Says, for reports with feature `track`, that the calling line takes this lease: for a layer that takes leases early and hands them on later. Nothing without the
    /// feature.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn mark_taken(&mut self) {
        self.slots().remember(self.slot, site::caller());
    }

    /// Says, for reports with feature `track`, that this lease waits for somebody to take it: it is not outstanding until [`mark_taken`](Self::mark_taken) is
    /// called. Nothing without the feature.
    #[inline]
    pub fn mark_stocked(&mut self) {
        self.slots().note(self.slot, SlotEvent::GivenBack);
    }

    /// Turns the unique right into a counted one. Allocates nothing: the count lies in the slot's side record.
    #[inline]
    #[must_use]
    pub fn share(self) -> Shared {
        self.slots().note(self.slot, SlotEvent::Shared);
        let raw = self.into_raw();
        Shared::first(raw.slots(), OwnedSlot::assume(raw.slot))
    }

    /// Turns the lease into a name that may leave Rust's ownership. Until it is
    /// [redeemed](Pool::redeem), the slot is in use.
    #[must_use = "the slot is lost unless the id is redeemed"]
    pub fn into_id(self) -> SlotId {
        let lease = ManuallyDrop::new(self);
        let slots = lease.slots();
        slots.note(lease.slot, SlotEvent::IdOut);
        slots.note_id();
        let (id_word, nonce) = (&slots.list().record(lease.slot).id_word, slots.nonce());
        slot_id::issue(id_word, nonce, OwnedSlot::assume(lease.slot))
    }

    /// Gives up the lease without giving back the slot.
    #[must_use = "the slot is lost unless the words are made a lease again"]
    pub fn into_raw(self) -> RawSlot {
        let lease = ManuallyDrop::new(self);
        RawSlot::new(lease.slots, lease.slot)
    }

    /// Makes the lease of [`into_raw`](Self::into_raw) again.
    ///
    /// # Safety
    ///
    /// `raw` comes from `Lease::into_raw`, and each result of that is used here at most once (a value that is never dropped, in a
    /// `ManuallyDrop`, may be made any number of times: one at a time while no other is used, or several whose bytes are only read).
    #[must_use]
    pub unsafe fn from_raw(raw: RawSlot) -> Self {
        Self {
            slots: raw.slots(),
            slot: raw.slot,
        }
    }
}

impl Drop for Lease {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the slot is a reason for the body to live (SLOTS-1), ours to give back (LEASE-1), and neither is used
        // after this.
        unsafe { Slots::give_back_here(self.slots, OwnedSlot::assume(self.slot)) }
    }
}

impl Deref for Lease {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        let slots = self.slots();
        slots.note_read(self.slot);
        let bytes = NonNull::slice_from_raw_parts(slots.slot_ptr(self.slot), slots.slot_bytes());
        // SAFETY: validity: `slot_bytes` initialised bytes (SLOTS-2, REGION-1), and the region outlives this borrow (SLOTS-1). Aliasing: no
        // other right to these bytes exists (LEASE-1), the region makes no references (REGION-2), and `&self` excludes our own `&mut`.
        unsafe { bytes.as_ref() }
    }
}

impl DerefMut for Lease {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        let slots = self.slots();
        slots.note_write(self.slot);
        let mut bytes =
            NonNull::slice_from_raw_parts(slots.slot_ptr(self.slot), slots.slot_bytes());
        // SAFETY: as in `deref`, and `&mut self` excludes our own shared borrows too.
        unsafe { bytes.as_mut() }
    }
}

impl AsRef<[u8]> for Lease {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl AsMut<[u8]> for Lease {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

/// Never prints the bytes.
impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("slot", &self.slot)
            .field("bytes", &self.slots().slot_bytes())
            .finish_non_exhaustive()
    }
}
