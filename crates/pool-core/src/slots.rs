//! The body of a pool: what handles, leases and shares point to, and how long it lives.
//!
//! # Why no reference count per slot taken
//!
//! A count that each alloc raises and each drop lowers would be one word that every core writes. Instead a word
//! counts *reasons to live* that change only when a pool ends: one per slot that is not known to be home for good, and one
//! for the handles together. Closing the free list takes all slots that are home off that word at once; each slot that
//! comes home later finds the list closed and takes itself off. Who brings the word to zero frees the region.
//!
//! The body itself may live a little longer: a thread that gives a slot to its cache still reads the pool's mode when the slot may
//! already be counted home, so each hand in use *pins* the body. It does not pin the region.

mod batches;
mod counts;
mod giving;
mod life;
mod taking;

#[cfg(feature = "std")]
pub(crate) use life::Unpin;
pub use life::leaked_regions;

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use crate::caches::Caches;
use crate::error::{BuildError, BuildErrorKind};
use crate::faults::FaultPlan;
use crate::free_list::{FreeList, SideRecord};
use crate::geometry::Geometry;
use crate::hand::Hand;
use crate::line::Line;
use crate::mode::Mode;
use crate::name::Name;
use crate::region::{Region, RegionSpan};
use crate::share_records::ShareRecords;
use crate::site::{Site, SlotEvent};
use crate::slot_id::Nonce;
use crate::sync::atomic::{AtomicU32, AtomicUsize};
use crate::sync::count;
use crate::thread_cache::{self, Spot};
#[cfg(feature = "track")]
use crate::track::Sites;
use crate::waiting::Waiting;

/// - **SLOTS-1** The body and its region live while `reasons` is above zero. Each handle and each slot that is
///   out (as a lease, a share, an id or a chain) is covered by a reason, so whoever holds one may use the body.
/// - **SLOTS-3** The body lives while `pins` is above zero. The reasons together are one pin; each hand that a thread has
///   is one, and each call that is about to wake waiters.
/// - **SLOTS-2** `base`, `stride_bytes` and `slot_bytes` never change; `slots * stride_bytes` from `base` on fit the region, and
///   `slot_bytes <= stride_bytes`, so the bytes of two slots never overlap.
#[derive(Debug)]
pub(crate) struct Slots {
    hot: Line<Hot>,
    list: FreeList,
    shares: ShareRecords,
    caches: Option<Caches>,
    span: RegionSpan,
    geometry: Geometry,
    name: Name,
    nonce: Nonce,
    #[cfg(feature = "track")]
    pub(crate) sites: Sites,
    cold: Line<Cold>,
    faults: Option<FaultPlan>,
    /// Dropped with the last reason; see SLOTS-1.
    region: UnsafeCell<ManuallyDrop<Region>>,
}

/// What every alloc and free reads, and nobody writes, except the mode when slots run out.
#[derive(Debug)]
struct Hot {
    base: NonNull<u8>,
    stride_bytes: usize,
    slot_bytes: usize,
    mode: Mode,
    /// Where the threads' tables have the pool.
    spot: Spot,
    /// How many slots a magazine takes.
    rounds: u32,
    /// Whether alloc or free has anything to do besides moving the slot.
    has_policy: bool,
}

/// Words that the fast paths do not touch.
#[derive(Debug)]
struct Cold {
    handles: AtomicUsize,
    /// Reasons to live; see the module's head.
    reasons: AtomicU32,
    /// See SLOTS-3.
    pins: AtomicU32,
    /// Slots taken from elsewhere than a magazine in one's hands; the magazines count the others.
    taken_elsewhere: count::AtomicU64,
    steals: count::AtomicU64,
    /// The most slots that were out of the depot when somebody looked.
    high_water: count::AtomicU32,
    exhausted: count::AtomicU64,
    fallbacks: count::AtomicU64,
    fallback_bytes: count::AtomicU64,
    /// Slots that lie in a [`Stock`](crate::Stock): out, and not about to come home.
    stocked: count::AtomicU32,
    /// Whether the region was counted as leaked.
    is_leaked: count::AtomicBool,
    waiting: Waiting,
}

/// What stands beside a region's slots, every one of them home.
#[derive(Debug)]
pub(crate) struct Records {
    list: FreeList,
    shares: ShareRecords,
    caches: Option<Caches>,
    #[cfg(feature = "track")]
    sites: Sites,
}

impl Records {
    /// # Errors
    ///
    /// If there is no memory for them.
    pub(crate) fn new(geometry: &Geometry) -> Result<Self, BuildError> {
        let no_records = |_| BuildErrorKind::OutOfMemory {
            source_name: "heap (side records)",
            bytes: (geometry.slots as usize).saturating_mul(size_of::<SideRecord>()),
            errno: None,
        };
        let in_front = geometry
            .caches
            .map(|plan| Caches::new(plan, geometry.slots))
            .transpose();
        let (caches, rest) = match in_front.map_err(no_records)? {
            Some((caches, rest)) => (Some(caches), rest..geometry.slots),
            None => (None, 0..geometry.slots),
        };
        let list = FreeList::holding(geometry.slots, rest).map_err(no_records)?;
        Ok(Self {
            list,
            shares: ShareRecords::new(geometry.slots)?,
            caches,
            #[cfg(feature = "track")]
            sites: Sites::new(geometry.slots).map_err(no_records)?,
        })
    }
}

static SERIAL: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);

impl Slots {
    /// Makes a body with one handle and every slot home. The caller's handle must end in [`Slots::drop_handle`].
    pub(crate) fn create(
        name: Name,
        geometry: Geometry,
        records: Records,
        region: Region,
    ) -> NonNull<Self> {
        // Relaxed: only distinctness matters.
        let serial = SERIAL.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
        let slots = Self {
            hot: Line(Hot {
                base: geometry.first_slot(&region),
                stride_bytes: geometry.stride_bytes,
                slot_bytes: geometry.slot_bytes,
                mode: Mode::normal(),
                spot: Spot::of(serial),
                rounds: geometry.caches.map_or(0, |plan| plan.rounds),
                has_policy: geometry.has_policy,
            }),
            list: records.list,
            shares: records.shares,
            caches: records.caches,
            faults: geometry.faults.map(FaultPlan::new),
            span: region.span(),
            region: UnsafeCell::new(ManuallyDrop::new(region)),
            geometry,
            name,
            nonce: Nonce::from_serial(serial as u64),
            #[cfg(feature = "track")]
            sites: records.sites,
            cold: Line(Cold {
                handles: AtomicUsize::new(1),
                reasons: AtomicU32::new(geometry.slots + 1),
                pins: AtomicU32::new(1),
                taken_elsewhere: count::AtomicU64::new(0),
                steals: count::AtomicU64::new(0),
                high_water: count::AtomicU32::new(0),
                exhausted: count::AtomicU64::new(0),
                fallbacks: count::AtomicU64::new(0),
                fallback_bytes: count::AtomicU64::new(0),
                stocked: count::AtomicU32::new(0),
                is_leaked: count::AtomicBool::new(false),
                waiting: Waiting::new(),
            }),
        };
        if geometry.protect_free || geometry.check_free {
            slots.furnish();
        }
        NonNull::from(Box::leak(Box::new(slots)))
    }

    pub(crate) fn list(&self) -> &FreeList {
        &self.list
    }

    /// What is kept beside shared slots.
    #[inline]
    pub(crate) fn shares(&self) -> &ShareRecords {
        &self.shares
    }

    #[inline]
    pub(crate) fn caches(&self) -> Option<&Caches> {
        self.caches.as_ref()
    }

    #[inline]
    pub(crate) fn mode(&self) -> &Mode {
        &self.hot.0.mode
    }

    pub(crate) fn waiting(&self) -> &Waiting {
        &self.cold.0.waiting
    }

    #[inline]
    #[cfg_attr(
        not(all(feature = "std", not(loom))),
        expect(dead_code, reason = "only threads have tables")
    )]
    pub(crate) fn spot(&self) -> Spot {
        self.hot.0.spot
    }

    /// How many slots a magazine takes; 0 without caches.
    #[inline]
    pub(crate) fn rounds(&self) -> u32 {
        self.hot.0.rounds
    }

    /// Runs something with the calling thread's hand, if this pool has caches and the thread may have one.
    ///
    /// # Safety
    ///
    /// The caller keeps the body alive when it calls.
    #[inline]
    pub(crate) unsafe fn with_hand<R>(
        this: NonNull<Self>,
        run: impl FnOnce(Option<&Hand>) -> R,
    ) -> R {
        // SAFETY: alive by this function's own promise; only shared references exist.
        if unsafe { this.as_ref() }.rounds() == 0 {
            return run(None);
        }
        // SAFETY: this function's own promise.
        unsafe { thread_cache::with_hand(this, run) }
    }

    #[inline]
    pub(crate) fn slot_bytes(&self) -> usize {
        self.hot.0.slot_bytes
    }

    /// Whether alloc or free has anything to do besides moving the slot.
    #[inline]
    pub(crate) fn has_policy(&self) -> bool {
        self.hot.0.has_policy
    }

    pub(crate) fn faults(&self) -> Option<&FaultPlan> {
        self.faults.as_ref()
    }

    pub(crate) fn name(&self) -> &Name {
        &self.name
    }

    pub(crate) fn nonce(&self) -> Nonce {
        self.nonce
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    pub(crate) fn span(&self) -> RegionSpan {
        self.span
    }

    /// The region, for a caller who holds a handle.
    pub(crate) fn region(&self) -> &Region {
        // SAFETY: validity: the region is there as long as a reason is (SLOTS-1). Aliasing: it changes when no reason is left.
        unsafe { &*self.region.get() }
    }

    /// The region's memory file, for a caller who holds a handle.
    #[cfg(all(feature = "os", feature = "std", target_os = "linux"))]
    pub(crate) fn region_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.region().file()
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
        let offset = slot as usize * self.hot.0.stride_bytes;
        // SAFETY: every slot index in existence is below `slots` (LIST-1), so the offset lies in the region (SLOTS-2,
        // REGION-1).
        unsafe { self.hot.0.base.add(offset) }
    }

    /// Notes who took a slot, with feature `track`.
    #[inline]
    pub(crate) fn remember(&self, slot: u32, site: Site) {
        debug_assert!(
            slot < self.list.slots(),
            "slot {slot} of {}",
            self.list.slots()
        );
        #[cfg(feature = "track")]
        self.sites.remember(slot, site);
        let _ = site;
    }

    /// Notes what happened to a slot of the caller's, with feature `track`.
    #[inline]
    pub(crate) fn note(&self, slot: u32, event: SlotEvent) {
        #[cfg(feature = "track")]
        self.sites.note(slot, event);
        let _ = (self, slot, event);
    }

    /// Brings the clock of reports up to date, with feature `track`: for slow paths.
    #[inline]
    pub(crate) fn advance_clock(&self) {
        #[cfg(feature = "track")]
        self.sites.advance_clock();
        let _ = self;
    }
}
