//! The counted right to one slot.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::budget::Charge;
use crate::free_list::OwnedSlot;
use crate::lease::Lease;
use crate::raw_slot::RawSlot;
use crate::share_record::{MOST, ShareRecord, Sharers};
use crate::site::SlotEvent;
use crate::slots::Slots;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A counted right to read one slot's bytes.
///
/// Holding a `Shared` proves that the bytes stay where and what they are. The last one dropped gives the slot back. Cloning and
/// dropping touch one counter, the slot's own, on a cache line of its own, and allocate nothing. 16 bytes, and `Option<Shared>` no larger.
///
/// With the count, the pool keeps for a shared slot what belongs to the storage and not to one share: a [`Charge`] (see
/// [`set_charge`](Self::set_charge)) and a digest ([`keep_digest`](Self::keep_digest)). Both end with the sharing.
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
    #[inline]
    pub(crate) fn first(slots: NonNull<Slots>, slot: OwnedSlot) -> Self {
        let first = Self {
            slots,
            slot: slot.into_index(),
        };
        // Relaxed, both: the slot is ours alone; clones are made from a share that their maker was given. Nothing is kept yet (KEPT-2).
        // Looked at first: the last sharing ended with one share, as a rule, and left the word so. Whose core looked at it last keeps its line.
        if first.count().load(Relaxed) != Sharers::ALONE {
            first.count().store(Sharers::ALONE, Relaxed);
        }
        first
    }

    #[inline]
    fn slots(&self) -> &Slots {
        // SAFETY: this share is covered by its slot's reason for the body to live (SLOTS-1).
        unsafe { self.slots.as_ref() }
    }

    #[inline]
    pub(crate) fn record(&self) -> &ShareRecord {
        self.slots().shares().of(self.slot)
    }

    #[inline]
    pub(crate) fn count(&self) -> &AtomicU32 {
        &self.record().count
    }

    /// The count, and if it says one, whatever the other sharers did.
    #[inline]
    pub(crate) fn word(&self) -> Sharers {
        // [SHARERS] Acquire: if the answer is 1, every other sharer's last use has happened. Pairs with [SHARE-DROP].
        Sharers::from_bits(self.count().load(Acquire))
    }

    /// How many shares of this slot there are.
    ///
    /// If it says 1, the only share is this one, and it stays so while nobody else can clone it (through a `&Shared`). A higher
    /// number may be stale.
    #[must_use]
    pub fn sharers(&self) -> usize {
        self.word().count() as usize
    }

    /// Turns the only share back into the unique right.
    ///
    /// What was kept for the shared storage ends here: a digest is forgotten, and a charge is given back, because a lease has no place for one that would cost
    /// nothing where there is none. [`try_unshare_charged`](Self::try_unshare_charged) keeps it.
    ///
    /// # Errors
    ///
    /// Gives the share back, with all that is kept, if others exist.
    ///
    /// # Panics
    ///
    /// If a waker panics that giving back the charge wakes. The slot is home then.
    #[inline]
    pub fn try_unshare(self) -> Result<Lease, Self> {
        let (lease, charge) = self.try_unshare_charged()?;
        drop(charge);
        Ok(lease)
    }

    /// Turns the only share back into the unique right, and gives the charge that was kept for the storage to the caller, to be held beside the lease.
    ///
    /// # Errors
    ///
    /// Gives the share back, with all that is kept, if others exist.
    #[inline]
    pub fn try_unshare_charged(self) -> Result<(Lease, Option<Charge>), Self> {
        // [UNSHARE] Acquire: every other sharer's last use of the bytes happens before ours as their owner. A count of 1
        // cannot rise: the only share is `self`. Pairs with [SHARE-DROP].
        let word = Sharers::from_bits(self.count().load(Acquire));
        if word.count() != 1 {
            return Err(self);
        }
        // SAFETY: ours is the only share, and ends here.
        let charge = unsafe { self.record().end(word) };
        self.slots().note(self.slot, SlotEvent::Unshared);
        let raw = self.into_raw();
        let lease = Lease::new(raw.slots(), OwnedSlot::assume(raw.slot));
        Ok((lease, charge))
    }

    /// Another share, as [`clone`](Clone::clone) makes one. If this is the only one, it costs no locked instruction, because nobody else can clone meanwhile.
    ///
    /// # Panics
    ///
    /// As `clone`.
    #[inline]
    #[must_use]
    pub fn clone_mut(&mut self) -> Self {
        // [SHARE-AGAIN] Acquire: if we are alone, the store below takes the place of what the other sharers released when they went: it has to come
        // after all they did. Pairs with [SHARE-DROP].
        let word = Sharers::from_bits(self.count().load(Acquire));
        if word.count() != 1 {
            return self.clone();
        }
        // Relaxed: as in `clone`. Not read and written in one step: the only share is borrowed here (SHARED-1), so nobody else counts.
        self.count().store(word.one_more().to_bits(), Relaxed);
        Self {
            slots: self.slots,
            slot: self.slot,
        }
    }

    /// The address of the slot's first byte. Makes no reference to the bytes, as dereferencing does.
    #[inline]
    #[must_use]
    pub fn as_ptr(&self) -> *const u8 {
        self.slots().slot_ptr(self.slot).as_ptr()
    }

    /// How many bytes the slot has: what this share keeps from being used for anything else.
    #[must_use]
    #[inline]
    pub fn slot_bytes(&self) -> usize {
        self.slots().slot_bytes()
    }

    /// The slot's index in its pool, for reports. It grants nothing.
    #[must_use]
    pub fn slot_index(&self) -> usize {
        self.slot as usize
    }

    /// Gives up this share without giving it back.
    #[inline]
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
    /// If the slot has 2^29 shares (by forgetting them: no memory would hold so many).
    #[inline]
    fn clone(&self) -> Self {
        // Relaxed: the new share is made from one that exists, which keeps the slot; handing it to another thread orders it.
        let before = Sharers::from_bits(self.count().fetch_add(Sharers::ONE, Relaxed));
        if before.are_too_many() {
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
    count.fetch_sub(Sharers::ONE, Relaxed);
    panic!("sharers of one slot: at most {MOST}");
}

impl Drop for Shared {
    #[inline]
    fn drop(&mut self) {
        // [SHARE-DROP] Release: our use of the bytes happens before whatever their next owner does.
        // Pairs with [SHARE-LAST], [SHARE-AGAIN], [UNSHARE] and [SHARERS].
        let last = Sharers::from_bits(self.count().fetch_sub(Sharers::ONE, Release));
        if last.are_many() {
            return;
        }
        // SAFETY: we brought the count from 1 to 0, once; nobody else has a right to the slot (SHARED-1). Neither the slot
        // nor the body is used after this.
        unsafe { end_sharing(self.slots, self.slot) }
    }
}

/// Gives back a slot that nobody shares any more, and what was kept for it. By itself, so that it is not part of every drop.
///
/// # Safety
///
/// The slot is the caller's, who had its last share, took that off the count, and uses the body no more.
#[inline(never)]
unsafe fn end_sharing(slots: NonNull<Slots>, slot: u32) {
    // SAFETY: alive until the slot is given back (SLOTS-1); only shared references exist.
    let record = unsafe { slots.as_ref() }.shares().of(slot);
    // [SHARE-LAST] Acquire: every other sharer's last use happened. A load and no fence, so that thread sanitizers see it.
    // Pairs with [SHARE-DROP].
    let left = record.count.load(Acquire);
    let last = Sharers::before_the_last_went(left);
    // SAFETY: nobody shares the slot any more, by this function's own promise.
    let charge = unsafe { record.end(last) };
    // SAFETY: this function's own promise.
    unsafe { Slots::give_back_here(slots, OwnedSlot::assume(slot)) }
    // Last, when the memory is home: it may wake who waits for room, and a waker may panic.
    drop(charge);
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
