//! A magazine in the caller's hands.

use core::fmt;
use core::iter::FusedIterator;
use core::mem::ManuallyDrop;
use core::num::NonZeroU32;
use core::ptr::NonNull;

use crate::free_list::OwnedSlot;
use crate::lease::Lease;
use crate::pool::Pool;
use crate::site::{Site, SlotEvent};
use crate::slots::Slots;

/// Slots that changed hands whole: up to 56 for the price of one exchange, in 16 bytes, and no word of theirs was touched.
///
/// The way to hand slots from a thread that takes them to threads that use them, or to take a burst's worth at once. They are in use until
/// they are given back: one by one as leases, or whole by [`Pool::free_batch`], or by dropping the batch, which costs a little more.
///
/// As an iterator it gives the leases, the slot given back last first. With feature `track` they are told by the line that took the batch.
///
/// ```
/// let pool = pool_core::Pool::builder().slots(1024).slot_bytes(2048).build()?;
/// let mut batch = pool.alloc_batch().expect("1024 slots are free");
/// let lease = batch.next().expect("a batch is not empty");
/// std::thread::scope(|s| s.spawn(move || drop(batch)).join()).unwrap();
/// assert_eq!(pool.in_use(), 1);
/// # drop(lease);
/// # Ok::<(), pool_core::BuildError>(())
/// ```
///
/// - **BATCH-1** While `len` is above zero, the magazine is this batch's alone (MAG-1), shows thieves nothing, and `len` of its items from the bottom on are slots of the
///   batch, which keep the body (SLOTS-1). At zero the batch has no magazine.
pub struct LeaseBatch {
    slots: NonNull<Slots>,
    held: Held,
    /// Who took the batch, and so its slots.
    site: Site,
}

/// Which magazine a batch has, and how many of its slots. In one word: with it a batch is two scalars, which are returned in registers.
///
/// | bits   | meaning                                |
/// |--------|----------------------------------------|
/// | 63..32 | the magazine's number in the pool      |
/// | 31..0  | slots                                  |
#[derive(Clone, Copy)]
struct Held(u64);

impl Held {
    #[inline]
    fn new(magazine: u32, len: NonZeroU32) -> Self {
        Self(u64::from(magazine) << 32 | u64::from(len.get()))
    }

    #[inline]
    fn magazine(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[inline]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the low half is the length"
    )]
    fn len(self) -> u32 {
        self.0 as u32
    }

    /// One slot less; `None` if there was none.
    fn one_less(self) -> Option<Self> {
        (self.len() > 0).then(|| Self(self.0 - 1))
    }
}

// SAFETY: the magazine belongs to whoever has the batch (BATCH-1), and is reached through `&mut self` or by value only; the body is `Sync`.
unsafe impl Send for LeaseBatch {}
// SAFETY: `&LeaseBatch` reads its own fields only.
unsafe impl Sync for LeaseBatch {}

impl LeaseBatch {
    /// The caller vouches for BATCH-1.
    #[inline]
    pub(crate) fn new(slots: NonNull<Slots>, magazine: u32, len: NonZeroU32, site: Site) -> Self {
        let batch = Self {
            slots,
            held: Held::new(magazine, len),
            site,
        };
        batch.each_of_track(|slots, slot| slots.remember(slot, site));
        batch
    }

    /// With feature `track`: tells something of each slot. The loop is nothing without.
    #[inline]
    fn each_of_track(&self, tell: impl Fn(&Slots, u32)) {
        if cfg!(feature = "track") {
            // SAFETY: the slots keep the body (SLOTS-1); only shared references exist.
            let slots = unsafe { self.slots.as_ref() };
            let magazine = slots
                .caches()
                .map(|caches| caches.magazine(self.held.magazine()));
            for at in 0..self.held.len() {
                if let Some(magazine) = magazine {
                    tell(slots, magazine.batch_item(at));
                }
            }
        }
    }

    /// How many slots it holds.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.held.len() as usize
    }

    /// Whether its slots were all taken out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.len() == 0
    }

    /// Whether these are slots of `pool`.
    #[must_use]
    #[inline]
    pub fn belongs_to(&self, pool: &Pool) -> bool {
        self.slots == pool.slots_ptr()
    }

    /// Ends the batch, and gives its magazine and how many slots of it are the caller's then. `None` if it has none.
    #[inline]
    pub(crate) fn into_parts(self) -> Option<(u32, NonZeroU32)> {
        let batch = ManuallyDrop::new(self);
        batch.each_of_track(|slots, slot| slots.note(slot, SlotEvent::GivenBack));
        Some((batch.held.magazine(), NonZeroU32::new(batch.held.len())?))
    }

    fn next_slot(&mut self) -> Option<OwnedSlot> {
        self.held = self.held.one_less()?;
        // SAFETY: the slots keep the body (SLOTS-1), the one that is taken now among them; only shared references exist.
        let caches = unsafe { self.slots.as_ref() }.caches()?;
        let magazine = caches.magazine(self.held.magazine());
        let slot = OwnedSlot::assume(magazine.batch_item(self.held.len()));
        if self.held.len() == 0 {
            caches.put_away(magazine);
        }
        Some(slot)
    }
}

impl Iterator for LeaseBatch {
    type Item = Lease;

    fn next(&mut self) -> Option<Lease> {
        let slot = self.next_slot()?;
        // SAFETY: the slot keeps the body (SLOTS-1), and is ours.
        let slot = unsafe { Slots::prepare(self.slots, slot) };
        // SAFETY: the slot keeps the body (SLOTS-1); only shared references to it exist.
        unsafe { self.slots.as_ref() }.remember(slot.index(), self.site);
        Some(Lease::new(self.slots, slot))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl ExactSizeIterator for LeaseBatch {}
impl FusedIterator for LeaseBatch {}

impl Drop for LeaseBatch {
    fn drop(&mut self) {
        if let Some(len) = NonZeroU32::new(self.held.len()) {
            self.each_of_track(|slots, slot| slots.note(slot, SlotEvent::GivenBack));
            // SAFETY: the slots are ours and keep the body (SLOTS-1), the magazine is ours (BATCH-1), and neither is used after this.
            unsafe { Slots::give_back_batch_pinned(self.slots, self.held.magazine(), len) }
        }
    }
}

impl fmt::Debug for LeaseBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseBatch")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
