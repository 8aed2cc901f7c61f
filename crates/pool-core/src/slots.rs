//! The body of a pool: what handles, leases and shares point to, and how long it lives.
//!
//! # Why no reference count per slot taken
//!
//! A count that each alloc raises and each drop lowers would be one word that every core writes. Instead a word
//! counts *reasons to live* that change only when a pool ends: one per slot that is not known to be home for good, and one
//! for the handles together. Closing the free list takes all slots that are home off that word at once; each slot that
//! comes home later finds the list closed and takes itself off. Who brings the word to zero frees the body.

use alloc::boxed::Box;
use core::ptr::NonNull;

use crate::builder::Geometry;
use crate::error::{BuildError, BuildErrorKind};
use crate::free_list::{FreeList, OwnedSlot, SideRecord};
use crate::line::Line;
use crate::region::{Region, RegionSpan};
use crate::scrub::Scrub;
use crate::slot_id::{self, Nonce};
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize};
#[cfg(feature = "track")]
use crate::track::Sites;

/// - **SLOTS-1** The body and its region live while `reasons` is above zero. Each handle and each slot that is
///   out (as a lease, a share, an id or a chain) is covered by a reason, so whoever holds one may use the body.
/// - **SLOTS-2** `base`, `stride_bytes` and `slot_bytes` never change; `slots * stride_bytes` fits the region, and
///   `slot_bytes <= stride_bytes`, so the bytes of two slots never overlap.
#[derive(Debug)]
pub(crate) struct Slots {
    list: FreeList,
    region: Region,
    geometry: Geometry,
    nonce: Nonce,
    #[cfg(feature = "track")]
    pub(crate) sites: Sites,
    cold: Line<Cold>,
}

/// Words that the fast paths do not touch.
#[derive(Debug)]
struct Cold {
    handles: AtomicUsize,
    /// Reasons to live; see the module's head.
    reasons: AtomicU32,
    exhausted: AtomicU64,
    fallbacks: AtomicU64,
    fallback_bytes: AtomicU64,
}

static LEAKED_REGIONS: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);
static SERIAL: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);

/// How many regions this process leaked on purpose: their last [`Pool`](crate::Pool) handle was dropped while slots
/// were out as ids, which nobody can redeem any more and whose bytes a kernel may still own.
#[must_use]
pub fn leaked_regions() -> usize {
    // Relaxed: a count on its own.
    LEAKED_REGIONS.load(core::sync::atomic::Ordering::Relaxed)
}

impl Slots {
    /// Makes a body with one handle and every slot home. The caller's handle must end in [`Slots::drop_handle`].
    ///
    /// # Errors
    ///
    /// If there is no memory for the side records.
    pub(crate) fn create(geometry: Geometry, region: Region) -> Result<NonNull<Self>, BuildError> {
        let list = FreeList::full(geometry.slots).map_err(|_| BuildErrorKind::OutOfMemory {
            source_name: "heap (side records)",
            bytes: (geometry.slots as usize).saturating_mul(size_of::<SideRecord>()),
            errno: None,
        })?;
        // Relaxed: only distinctness matters.
        let serial = SERIAL.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
        let slots = Self {
            list,
            region,
            geometry,
            nonce: Nonce::from_serial(serial as u64),
            #[cfg(feature = "track")]
            sites: Sites::new(geometry.slots),
            cold: Line(Cold {
                handles: AtomicUsize::new(1),
                reasons: AtomicU32::new(geometry.slots + 1),
                exhausted: AtomicU64::new(0),
                fallbacks: AtomicU64::new(0),
                fallback_bytes: AtomicU64::new(0),
            }),
        };
        if geometry.protect_free {
            (0..geometry.slots).for_each(|slot| {
                // A slot that stays accessible is not watched, and no less right.
                slots.set_accessible(slot, false);
            });
        }
        Ok(NonNull::from(Box::leak(Box::new(slots))))
    }

    pub(crate) fn list(&self) -> &FreeList {
        &self.list
    }

    pub(crate) fn nonce(&self) -> Nonce {
        self.nonce
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    pub(crate) fn span(&self) -> RegionSpan {
        self.region.span()
    }

    /// Tells a loom model that the slot's bytes are read. Nothing in a normal build.
    #[inline]
    pub(crate) fn note_read(&self, slot: u32) {
        #[cfg(loom)]
        self.list.record(slot).payload.read();
        debug_assert!(
            slot < self.list.slots(),
            "slot {slot} of {}",
            self.list.slots()
        );
    }

    /// Tells a loom model that the slot's bytes are written. Nothing in a normal build.
    #[inline]
    pub(crate) fn note_write(&self, slot: u32) {
        #[cfg(loom)]
        self.list.record(slot).payload.write();
        debug_assert!(
            slot < self.list.slots(),
            "slot {slot} of {}",
            self.list.slots()
        );
    }

    /// The first byte of a slot. Makes no reference.
    #[inline]
    pub(crate) fn slot_ptr(&self, slot: u32) -> NonNull<u8> {
        debug_assert!(
            slot < self.list.slots(),
            "slot {slot} of {}",
            self.list.slots()
        );
        let offset = slot as usize * self.geometry.stride_bytes;
        // SAFETY: every slot index in existence is below `slots` (LIST-1), so the offset lies in the region (SLOTS-2,
        // REGION-1).
        unsafe { self.region.base().add(offset) }
    }

    /// What the pool's policies do to a slot's bytes before its new owner sees them.
    ///
    /// # Panics
    ///
    /// If the kernel refuses to make a protected slot accessible; the slot is home again then.
    ///
    /// # Safety
    ///
    /// The caller holds a handle of `this`.
    #[inline]
    pub(crate) unsafe fn prepare(this: NonNull<Self>, slot: OwnedSlot) -> OwnedSlot {
        // SAFETY: the caller's handle keeps the body alive (SLOTS-1); only shared references to it exist.
        let slots = unsafe { this.as_ref() };
        if slots.geometry.has_policy && !slots.prepare_by_policy(slot.index()) {
            // SAFETY: the slot is ours, and the caller's handle is another reason.
            unsafe { Self::put_home(this, slot) }
            panic!(
                "the kernel refused to make a protected slot accessible again (out of mappings)"
            );
        }
        slot
    }

    /// Tells whether the slot may be used.
    #[cold]
    #[inline(never)]
    fn prepare_by_policy(&self, slot: u32) -> bool {
        if self.geometry.protect_free && !self.set_accessible(slot, true) {
            return false;
        }
        if self.geometry.scrub == Scrub::OnAlloc {
            self.zero(slot);
        }
        true
    }

    /// Takes a slot home and frees the body if this was the last reason to keep it.
    ///
    /// # Safety
    ///
    /// `this` is alive (SLOTS-1: the slot being given back is a reason), and the caller uses it no more unless it
    /// holds another reason.
    #[inline]
    pub(crate) unsafe fn give_back(this: NonNull<Self>, slot: OwnedSlot) {
        // SAFETY: alive until the push below succeeds or the reason is dropped (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        if slots.geometry.has_policy {
            slots.retire_by_policy(slot.index());
        }
        #[cfg(feature = "track")]
        slots.sites.forget(slot.index());
        // SAFETY: this function's own promise.
        unsafe { Self::put_home(this, slot) }
    }

    /// The end of [`give_back`](Self::give_back), for a slot whose bytes nobody had.
    ///
    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back).
    #[inline]
    pub(crate) unsafe fn put_home(this: NonNull<Self>, slot: OwnedSlot) {
        // SAFETY: alive until the push below succeeds or the reason is dropped (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        // SAFETY: the list lives as long as the body, which this slot keeps alive (SLOTS-1).
        if let Err(slot) = unsafe { FreeList::push(NonNull::from(&slots.list), slot) } {
            slot.into_index();
            // SAFETY: the slot found the list closed, so its reason is still counted, and it is ours to take off.
            unsafe { Self::drop_reasons(this, 1) }
        }
    }

    #[cold]
    #[inline(never)]
    fn retire_by_policy(&self, slot: u32) {
        if self.geometry.scrub == Scrub::OnFree {
            self.zero(slot);
        }
        if self.geometry.protect_free {
            self.set_accessible(slot, false);
        }
    }

    fn zero(&self, slot: u32) {
        self.note_write(slot);
        // SAFETY: validity: `slot_bytes` bytes of the region (SLOTS-2). Aliasing: the slot is the caller's (LIST-1).
        unsafe { self.slot_ptr(slot).write_bytes(0, self.geometry.slot_bytes) }
    }

    #[cfg(all(feature = "os", unix))]
    fn set_accessible(&self, slot: u32, accessible: bool) -> bool {
        // SAFETY: the stride is whole pages (the builder checks) of a mapping, and the slot is the caller's (LIST-1).
        unsafe {
            crate::os::set_accessible(self.slot_ptr(slot), self.geometry.stride_bytes, accessible)
        }
    }

    #[cfg(not(all(feature = "os", unix)))]
    #[expect(clippy::unused_self, reason = "the same face as with `os`")]
    fn set_accessible(&self, _slot: u32, _accessible: bool) -> bool {
        unreachable!("the builder refuses to protect slots without `os`")
    }

    /// Closes the pool: no slot is handed out any more, the body lives until the last one is home.
    ///
    /// The caller holds a handle, so the body outlives this call.
    pub(crate) fn close(this: NonNull<Self>) {
        // SAFETY: the caller holds a handle (SLOTS-1).
        let slots = unsafe { this.as_ref() };
        if let Some(home) = slots.list.close() {
            // SAFETY: those slots are home for good and were counted one reason each.
            unsafe { Self::drop_reasons(this, home) }
        }
    }

    pub(crate) fn add_handle(&self) {
        // Relaxed: a new handle is made from one that exists, which keeps the body alive.
        let before = self.cold.0.handles.fetch_add(1, Relaxed);
        if before >= usize::MAX / 2 {
            // Relaxed: undoes this thread's own increment, so that forgotten clones cannot make the count wrap.
            self.cold.0.handles.fetch_sub(1, Relaxed);
            panic!("pool handles: at most usize::MAX / 2");
        }
    }

    /// Drops one handle; the last one closes the pool.
    ///
    /// # Safety
    ///
    /// The caller gives up a handle that it holds, and uses `this` no more.
    pub(crate) unsafe fn drop_handle(this: NonNull<Self>) {
        // SAFETY: the handle being dropped keeps the body alive (SLOTS-1).
        let slots = unsafe { this.as_ref() };
        // [HANDLE-DROP] AcqRel: what others did through their handles happens before what the last one does.
        // Pairs with [HANDLE-DROP] of the other handles.
        if slots.cold.0.handles.fetch_sub(1, AcqRel) > 1 {
            return;
        }
        Self::close(this);
        if slot_id::count_out(&slots.list) > 0 {
            // Relaxed: a count on its own.
            LEAKED_REGIONS.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
        }
        // SAFETY: the handles' common reason, dropped once: `handles` reaches zero once.
        unsafe { Self::drop_reasons(this, 1) }
    }

    /// Takes `count` reasons off and frees the body with the last one.
    ///
    /// # Safety
    ///
    /// `count` reasons are counted and the caller's to drop; unless it holds another, it uses `this` no more.
    #[cold]
    unsafe fn drop_reasons(this: NonNull<Self>, count: u32) {
        // SAFETY: the reasons being dropped keep the body alive until the subtraction (SLOTS-1).
        let reasons = unsafe { &this.as_ref().cold.0.reasons };
        // [REASON-DROP] Release: our use of the body and of the slot's bytes happens before they are freed.
        // Pairs with [REASON-LAST].
        if reasons.fetch_sub(count, Release) > count {
            return;
        }
        // [REASON-LAST] Acquire: every other holder's last use happened before the free. Pairs with [REASON-DROP].
        reasons.load(Acquire);
        // SAFETY: validity: made by `Box::leak` in `create`. Aliasing: no handle and no slot is left (SLOTS-1), and
        // only one thread sees the word reach zero.
        drop(unsafe { Box::from_raw(this.as_ptr()) });
    }

    /// How many slots are home, for a caller who holds a handle.
    pub(crate) fn free_count(&self) -> u32 {
        match self.list.len() {
            Some(home) => home,
            // Relaxed: a count on its own. One of the reasons is the handles'.
            None => self
                .geometry
                .slots
                .saturating_sub(self.cold.0.reasons.load(Relaxed).saturating_sub(1)),
        }
    }

    #[cold]
    pub(crate) fn count_exhausted(&self) {
        // Relaxed: a count on its own.
        self.cold.0.exhausted.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_fallback(&self, bytes: usize) {
        // Relaxed, both: counts on their own.
        self.cold.0.fallbacks.fetch_add(1, Relaxed);
        self.cold.0.fallback_bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Exhaustions, fallbacks, fallback bytes.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let cold = &self.cold.0;
        // Relaxed, all: counts on their own, not tied to each other.
        (
            cold.exhausted.load(Relaxed),
            cold.fallbacks.load(Relaxed),
            cold.fallback_bytes.load(Relaxed),
        )
    }
}
