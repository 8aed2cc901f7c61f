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

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use crate::caches::Caches;
use crate::error::{BuildError, BuildErrorKind};
use crate::faults::FaultPlan;
use crate::fences;
use crate::free_list::{Chain, FreeList, OwnedSlot, PopError, Refused, SideRecord};
use crate::geometry::Geometry;
use crate::hand::Hand;
use crate::line::Line;
use crate::magazine::{Magazine, Popped};
use crate::mode::{Mode, Phase};
use crate::region::{Region, RegionSpan};
use crate::site::{Site, SlotEvent};
use crate::slot_id::{self, Nonce};
use crate::stats::PoolStats;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicU32, AtomicUsize};
use crate::sync::count;
use crate::thread_cache::{self, Spot};
#[cfg(feature = "track")]
use crate::track::Sites;
use crate::waiting::{Waiting, WakeLater};

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
    caches: Option<Caches>,
    span: RegionSpan,
    geometry: Geometry,
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
    waiting: Waiting,
}

/// What stands beside a region's slots, every one of them home.
#[derive(Debug)]
pub(crate) struct Records {
    list: FreeList,
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
            caches,
            #[cfg(feature = "track")]
            sites: Sites::new(geometry.slots).map_err(no_records)?,
        })
    }
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
    pub(crate) fn create(geometry: Geometry, records: Records, region: Region) -> NonNull<Self> {
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
            caches: records.caches,
            faults: geometry.faults.map(FaultPlan::new),
            span: region.span(),
            region: UnsafeCell::new(ManuallyDrop::new(region)),
            geometry,
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

    pub(crate) fn nonce(&self) -> Nonce {
        self.nonce
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    pub(crate) fn span(&self) -> RegionSpan {
        self.span
    }

    /// The region's memory file, for a caller who holds a handle.
    #[cfg(all(feature = "os", feature = "std", target_os = "linux"))]
    pub(crate) fn region_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        // SAFETY: validity: the region is there as long as a reason is (SLOTS-1). Aliasing: it changes when no reason is left.
        let region = unsafe { &*self.region.get() };
        region.file()
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

    /// Takes a slot: out of the hand's magazines or what it exchanges them for, or from wherever one is.
    pub(crate) fn take(&self, hand: Option<&Hand>) -> Result<OwnedSlot, PopError> {
        self.advance_clock();
        let taken = self.take_uncounted(hand);
        if taken.is_ok() {
            self.note_high_water();
        }
        taken
    }

    fn take_uncounted(&self, hand: Option<&Hand>) -> Result<OwnedSlot, PopError> {
        let Some(caches) = &self.caches else {
            let slot = self.list.pop()?;
            self.count_taken(1);
            return Ok(slot);
        };
        if let Some(hand) = hand
            && let Popped::Slot(slot) = caches.pop(hand, self.mode())
        {
            return Ok(OwnedSlot::assume(slot));
        }
        self.take_from_anywhere(caches, hand)
    }

    /// Counts slots that no magazine counts.
    pub(crate) fn count_taken(&self, slots: u32) {
        // Relaxed: a count on its own.
        let count = &self.cold.0.taken_elsewhere;
        count.fetch_add(u64::from(slots), Relaxed);
    }

    /// Remembers how many slots are out of the depot, if never so many were.
    pub(crate) fn note_high_water(&self) {
        if cfg!(loom) {
            return; // Reads words of protocols only to count.
        }
        let Some(listed) = self.list.len() else {
            return;
        };
        let cached = self.caches.as_ref().map_or(0, Caches::depot_len);
        let slots = self.geometry.slots;
        let out = slots - listed.saturating_add(cached).min(slots);
        let high_water = &self.cold.0.high_water;
        // Relaxed, both: a count on its own; looked at first, so that the line is written only when it changes.
        if out > high_water.load(Relaxed) {
            high_water.fetch_max(out, Relaxed);
        }
    }

    /// Takes a slot from wherever one is: `Empty` only if at some instant of the call none was home.
    fn take_from_anywhere(
        &self,
        caches: &Caches,
        mut hand: Option<&Hand>,
    ) -> Result<OwnedSlot, PopError> {
        let mode = self.mode();
        loop {
            let seen = mode.load();
            if seen.phase().is_open()
                && let Some(hand) = hand.take()
            {
                // A sweeper or closer may have passed what a pop of ours hid for an instant, be it in one magazine or in both: so all goes where
                // everybody looks. The hand is not used after this: a waker may have put it away.
                // SAFETY: the hand is the calling thread's, of this pool, and the caller's handle keeps the body.
                unsafe { Self::empty_hand(NonNull::from(self), hand) }
            }
            if seen.phase() == Phase::Closed {
                return Err(PopError::Closed);
            }
            match self.list.pop() {
                Err(PopError::Empty) => {}
                Err(PopError::Closed) => return Err(PopError::Closed),
                Ok(slot) => {
                    self.count_taken(1);
                    self.leave_starvation();
                    return Ok(slot);
                }
            }
            match seen.phase() {
                // While this epoch starves, every magazine is empty: the empty list was the proof, if the epoch lasted until now.
                Phase::Starving | Phase::Awaited if mode.load() == seen => {
                    return Err(PopError::Empty);
                }
                Phase::Starving | Phase::Awaited => continue,
                Phase::Normal => {
                    if let Some((slot, is_counted)) = caches.take_from_full(mode) {
                        self.count_taken(u32::from(!is_counted));
                        return Ok(slot);
                    }
                }
                Phase::Sweeping | Phase::Leaving | Phase::Closed => {}
            }
            let Some(word) = mode.begin_sweep() else {
                return Err(PopError::Closed);
            };
            if let Some(slot) = caches.steal_any(mode, word) {
                self.count_taken(1);
                // Relaxed: a count on its own.
                self.cold.0.steals.fetch_add(1, Relaxed);
                return Ok(slot);
            }
            mode.starve(word);
        }
    }

    /// Gives the magazines back to their owners when the list has a quarter of the slots again.
    fn leave_starvation(&self) {
        let enough = |len| len >= self.geometry.slots / 4;
        if !self.mode().is_normal() && self.list.len().is_some_and(enough) {
            self.mode().leave();
        }
    }

    /// What the pool's policies do to a slot's bytes before its new owner sees them.
    ///
    /// # Panics
    ///
    /// If the kernel refuses to make a protected slot accessible, or a checked one was written while it was free; the slot is home again then.
    ///
    /// # Safety
    ///
    /// The slot is the caller's.
    #[inline]
    pub(crate) unsafe fn prepare(this: NonNull<Self>, slot: OwnedSlot) -> OwnedSlot {
        // SAFETY: the slot keeps the body alive (SLOTS-1); only shared references to it exist.
        let slots = unsafe { this.as_ref() };
        if slots.has_policy() {
            // SAFETY: this function's own promise.
            return unsafe { Self::prepare_by_policy(this, slot) };
        }
        slot
    }

    /// Takes a slot home, by the calling thread's hand if it has one, and frees the body if this was the last reason to keep it.
    ///
    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back).
    #[inline(always)]
    pub(crate) unsafe fn give_back_here(this: NonNull<Self>, slot: OwnedSlot) {
        let pushed = if cfg!(feature = "track") {
            Err(slot) // There is an event to note, once.
        } else {
            // SAFETY: this function's own promise.
            unsafe { thread_cache::push(this, slot) }
        };
        if let Err(slot) = pushed {
            // SAFETY: the slot is still ours.
            unsafe { Self::give_back_slowly(this, slot) }
        }
    }

    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back).
    #[cold]
    #[inline(never)]
    unsafe fn give_back_slowly(this: NonNull<Self>, slot: OwnedSlot) {
        let give = |hand: Option<&Hand>| {
            // SAFETY: this function's own promise; the hand is this thread's and of this pool.
            unsafe { Self::give_back(this, hand, slot) }
        };
        // SAFETY: alive as long as the slot is ours (SLOTS-1).
        unsafe { Self::with_hand(this, give) }
    }

    /// Takes a slot home and frees the body if this was the last reason to keep it.
    ///
    /// # Panics
    ///
    /// If the pool checks and something was written beside the slot; the slot is home then.
    ///
    /// # Safety
    ///
    /// `this` is alive (SLOTS-1: the slot being given back is a reason), and the caller uses it no more unless it
    /// holds another reason. The hand, if there is one, is the calling thread's, of this pool.
    pub(crate) unsafe fn give_back(this: NonNull<Self>, hand: Option<&Hand>, slot: OwnedSlot) {
        // SAFETY: alive until the push below succeeds or the reason is dropped (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        if slots.has_policy() {
            // SAFETY: this function's own promise.
            return unsafe { Self::give_back_by_policy(this, hand, slot) };
        }
        slots.note(slot.index(), SlotEvent::GivenBack);
        // SAFETY: this function's own promise.
        unsafe { Self::put_home(this, hand, slot) }
    }

    /// The end of [`give_back`](Self::give_back), for a slot whose bytes nobody had.
    ///
    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back).
    pub(crate) unsafe fn put_home(this: NonNull<Self>, hand: Option<&Hand>, slot: OwnedSlot) {
        let Some(hand) = hand else {
            // SAFETY: this function's own promise.
            return unsafe { Self::put_in_list(this, slot) };
        };
        // SAFETY: this function's own promise.
        if let Err(slot) = unsafe { Self::push_fast(this, hand, slot) } {
            // SAFETY: the slot is still ours, and a reason.
            unsafe { Self::put_slowly(this, hand, slot) }
        }
    }

    /// Puts a slot into a hand if that is simple: the loaded magazine has room.
    ///
    /// # Errors
    ///
    /// Gives the slot back if there is no room.
    ///
    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back), and the hand is the calling thread's, of this pool.
    #[inline(always)]
    pub(crate) unsafe fn push_fast(
        this: NonNull<Self>,
        hand: &Hand,
        slot: OwnedSlot,
    ) -> Result<(), OwnedSlot> {
        // SAFETY: alive until the slot is in the hand, and then by what keeps the hand; only shared references exist.
        let slots = unsafe { this.as_ref() };
        hand.push_fast(slot, slots.rounds())?;
        fences::light();
        if !slots.mode().is_normal() {
            // SAFETY: what keeps the hand keeps the body.
            unsafe { Self::empty_hand(this, hand) }
        }
        Ok(())
    }

    /// Takes many slots home, for a caller who has a handle.
    ///
    /// # Safety
    ///
    /// The slots are the caller's, who holds a handle of `this`. The hand, if there is one, is the calling thread's, of this pool.
    pub(crate) unsafe fn give_back_many(this: NonNull<Self>, hand: Option<&Hand>, given: &[u32]) {
        // SAFETY: the caller's handle keeps the body alive (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        debug_assert!(
            !slots.has_policy(),
            "slots with a policy are dropped one by one"
        );
        for slot in given {
            slots.note(*slot, SlotEvent::GivenBack);
        }
        let mut wakes = WakeLater::nobody();
        let mut left = given;
        if let (Some(hand), Some(caches)) = (hand, slots.caches()) {
            loop {
                left = &left[hand.push_many(left, slots.rounds())..];
                fences::light();
                if !slots.mode().is_normal() {
                    // Before a magazine is exchanged: a sweeper may have passed what is in it.
                    // SAFETY: this function's own promise.
                    unsafe { Self::empty_hand_and_wake(this, hand, &mut wakes) }
                    break;
                }
                let Some((first, rest)) = left.split_first() else {
                    break;
                };
                match caches.push(hand, OwnedSlot::assume(*first)) {
                    Ok(()) => left = rest,
                    Err(refused) => {
                        refused.into_index(); // It is the first of those left.
                        break;
                    }
                }
            }
        }
        for slot in left {
            // SAFETY: the slot is ours, and a reason.
            unsafe { Self::put_in_list_and_wake(this, OwnedSlot::assume(*slot), &mut wakes) }
        }
        // Last of all: a waker may use this hand, or put it away, or panic.
        drop(wakes);
    }

    /// Takes slots that are simple to take, or else one if there is one; tells how many.
    ///
    /// # Safety
    ///
    /// The caller holds a handle of `this`. The hand, if there is one, is the calling thread's, of this pool. `wakes` is for this pool alone.
    pub(crate) unsafe fn take_many(
        this: NonNull<Self>,
        hand: Option<&Hand>,
        into: &mut [u32],
        wakes: &mut WakeLater,
    ) -> Result<usize, PopError> {
        // SAFETY: the caller's handle keeps the body (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        let simple = hand.map_or(0, |hand| hand.pop_many(slots.mode(), into));
        if simple > 0 {
            return Ok(simple);
        }
        if let Some(hand) = hand.filter(|_| !slots.mode().is_normal()) {
            // A sweeper may have passed those that the pop hid for an instant: they go where everybody looks.
            // SAFETY: this function's own promise.
            unsafe { Self::empty_hand_and_wake(this, hand, wakes) }
        }
        let Some(first) = into.first_mut() else {
            return Ok(0);
        };
        // The last use of the hand: a waker that this calls may put it away.
        *first = slots.take(hand)?.into_index();
        Ok(1)
    }

    /// Takes a full magazine with all its slots, and tells how many; `None` if there is no full one.
    pub(crate) fn take_batch(&self) -> Option<(NonNull<Magazine>, u32)> {
        let caches = self.caches()?;
        loop {
            let magazine = caches.take_full()?;
            // SAFETY: the body's, so alive; only shared references to magazines exist.
            let count = unsafe { magazine.as_ref() }.take_all();
            if count > 0 {
                self.note_high_water();
                return Some((magazine, count));
            }
            caches.put_away(magazine);
        }
    }

    /// Puts a magazine away whose slots were shown just now: in full, or emptied to where everybody looks.
    ///
    /// # Safety
    ///
    /// The body is alive throughout the call, and the magazine is the caller's (MAG-1).
    unsafe fn put_away_shown(
        this: NonNull<Self>,
        caches: &Caches,
        magazine: NonNull<Magazine>,
        wakes: &mut WakeLater,
    ) {
        // SAFETY: alive by this function's own promise; only shared references exist.
        let slots = unsafe { this.as_ref() };
        fences::light();
        if !slots.mode().is_normal() {
            // SAFETY: the body's, so alive; only shared references to magazines exist.
            let shown = unsafe { magazine.as_ref() };
            while let Some(slot) = shown.steal_own(slots.mode()) {
                // SAFETY: stolen just now, so ours, and a reason.
                unsafe { Self::put_in_list_and_wake(this, OwnedSlot::assume(slot), wakes) }
            }
            slots.leave_starvation();
        }
        caches.put_away(magazine);
    }

    /// Takes a batch home, for a caller whom something else keeps the body for.
    ///
    /// # Safety
    ///
    /// The body is alive throughout the call. The magazine is the caller's, with `len` slots of its own in it (BATCH-1).
    pub(crate) unsafe fn give_back_batch(
        this: NonNull<Self>,
        magazine: NonNull<Magazine>,
        len: u32,
        wakes: &mut WakeLater,
    ) {
        // SAFETY: alive by this function's own promise; only shared references exist.
        let Some(caches) = &unsafe { this.as_ref() }.caches else {
            return;
        };
        // SAFETY: the body's, so alive; only shared references to magazines exist.
        unsafe { magazine.as_ref() }.give_all(len);
        // SAFETY: this function's own promise.
        unsafe { Self::put_away_shown(this, caches, magazine, wakes) }
    }

    /// [`give_back_batch`](Self::give_back_batch) for a caller who has nothing but the slots.
    ///
    /// # Safety
    ///
    /// As for [`give_back_batch`](Self::give_back_batch), but only the slots keep the body, which the caller uses no more.
    #[cold]
    pub(crate) unsafe fn give_back_batch_pinned(
        this: NonNull<Self>,
        magazine: NonNull<Magazine>,
        len: u32,
    ) {
        let mut wakes = WakeLater::nobody();
        // SAFETY: the slots keep the body (SLOTS-1); only shared references exist.
        unsafe { this.as_ref() }.pin();
        // SAFETY: the pin keeps the body (SLOTS-3).
        unsafe { Self::give_back_batch(this, magazine, len, &mut wakes) }
        // SAFETY: the pin of the line before, dropped once.
        unsafe { Self::unpin(this) }
        // Last of all, with a pin of their own: a waker may panic.
        drop(wakes);
    }

    /// Puts a magazine away whose slots were all taken out.
    ///
    /// # Safety
    ///
    /// The caller has a slot, and the magazine, which is this pool's.
    pub(crate) unsafe fn put_away_empty(this: NonNull<Self>, magazine: NonNull<Magazine>) {
        // SAFETY: the caller's slot keeps the body (SLOTS-1); only shared references exist.
        if let Some(caches) = &unsafe { this.as_ref() }.caches {
            caches.put_away(magazine);
        }
    }

    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back), and the hand is the calling thread's, of this pool.
    #[cold]
    #[inline(never)]
    unsafe fn put_slowly(this: NonNull<Self>, hand: &Hand, slot: OwnedSlot) {
        // SAFETY: what keeps the hand keeps the body; only shared references exist.
        let slots = unsafe { this.as_ref() };
        let Some(caches) = &slots.caches else { return };
        match caches.push(hand, slot) {
            Ok(()) => {
                fences::light();
                if !slots.mode().is_normal() {
                    // SAFETY: what keeps the hand keeps the body.
                    unsafe { Self::empty_hand(this, hand) }
                }
            }
            // SAFETY: the slot is still ours, and a reason.
            Err(slot) => unsafe { Self::put_in_list(this, slot) },
        }
    }

    /// Moves what a hand holds to the list: the mode is not normal, and what lies here might be missed.
    ///
    /// # Safety
    ///
    /// The hand is the calling thread's, of this pool, and what keeps it keeps the body.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn empty_hand(this: NonNull<Self>, hand: &Hand) {
        let mut wakes = WakeLater::nobody();
        // SAFETY: this function's own promise.
        unsafe { Self::empty_hand_and_wake(this, hand, &mut wakes) }
        // Last of all: a waker may use this hand, or put it away.
        drop(wakes);
    }

    /// As [`empty_hand`](Self::empty_hand), by a caller who is not done yet.
    ///
    /// # Safety
    ///
    /// As for [`empty_hand`](Self::empty_hand); `wakes` is for this pool alone.
    unsafe fn empty_hand_and_wake(this: NonNull<Self>, hand: &Hand, wakes: &mut WakeLater) {
        // SAFETY: kept by what keeps the hand; only shared references exist.
        let slots = unsafe { this.as_ref() };
        while let Some(slot) = Caches::steal_own(hand, slots.mode()) {
            // SAFETY: stolen just now, so ours, and a reason.
            unsafe { Self::put_in_list_and_wake(this, slot, wakes) }
        }
        slots.leave_starvation();
    }

    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back).
    #[inline]
    pub(crate) unsafe fn put_in_list(this: NonNull<Self>, slot: OwnedSlot) {
        // SAFETY: alive until the push below succeeds or the reason is dropped (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        // SAFETY: the list lives as long as the body, which this slot keeps alive (SLOTS-1).
        if let Err(refused) = unsafe { FreeList::push(NonNull::from(&slots.list), slot) } {
            let mut wakes = WakeLater::nobody();
            // SAFETY: this function's own promise.
            unsafe { Self::put_refused(this, refused, &mut wakes) }
        }
    }

    /// As [`put_in_list`](Self::put_in_list), by a caller who is not done yet: a waiter that the slot goes to is woken when `wakes` is dropped.
    ///
    /// # Safety
    ///
    /// As for [`give_back`](Self::give_back); `wakes` is for this pool alone.
    pub(crate) unsafe fn put_in_list_and_wake(
        this: NonNull<Self>,
        slot: OwnedSlot,
        wakes: &mut WakeLater,
    ) {
        // SAFETY: alive until the push below succeeds or the reason is dropped (SLOTS-1); only shared references exist.
        let slots = unsafe { this.as_ref() };
        // SAFETY: the list lives as long as the body, which this slot keeps alive (SLOTS-1).
        if let Err(refused) = unsafe { FreeList::push(NonNull::from(&slots.list), slot) } {
            // SAFETY: this function's own promise.
            unsafe { Self::put_refused(this, refused, wakes) }
        }
    }

    /// # Safety
    ///
    /// As for [`put_in_list_and_wake`](Self::put_in_list_and_wake).
    #[cold]
    #[inline(never)]
    unsafe fn put_refused(this: NonNull<Self>, mut refused: Refused, wakes: &mut WakeLater) {
        loop {
            let slot = match refused {
                Refused::Closed(slot) => {
                    // SAFETY: the slot found the list closed, so its reason is still counted, and it is ours to take off.
                    return unsafe { wakes.end_reason(this, slot) };
                }
                Refused::Awaited(slot) => slot,
            };
            // SAFETY: the slot is of this pool, ours, and a reason.
            let Err(slot) = (unsafe { wakes.hand_over(this, slot) }) else {
                return;
            };
            // SAFETY: the slot is still ours, and a reason; only shared references exist.
            let list = NonNull::from(unsafe { &this.as_ref().list });
            // SAFETY: the list lives as long as the body, which this slot keeps alive (SLOTS-1).
            match unsafe { FreeList::push(list, slot) } {
                Ok(()) => return,
                Err(again) => refused = again,
            }
        }
    }

    /// Gives back slots whose bytes nobody had.
    ///
    /// # Safety
    ///
    /// The chain is of this pool, and the caller holds a handle.
    pub(crate) unsafe fn put_chain_home(this: NonNull<Self>, mut chain: Chain) {
        let mut wakes = WakeLater::nobody();
        loop {
            // SAFETY: alive by the caller's handle (SLOTS-1); only shared references exist.
            let Some(slot) = (unsafe { this.as_ref() }).list.next_of(&mut chain) else {
                return;
            };
            // SAFETY: alive by the caller's handle (SLOTS-1); only shared references exist.
            unsafe { this.as_ref() }.note(slot.index(), SlotEvent::GivenBack);
            // SAFETY: the slot is of this pool, ours, and a reason.
            unsafe { Self::put_in_list_and_wake(this, slot, &mut wakes) }
        }
    }

    /// Closes the pool: no slot is handed out any more, the body lives until the last one is home.
    ///
    /// The caller holds a handle, so the body outlives this call.
    pub(crate) fn close(this: NonNull<Self>) {
        drop(Self::close_and_wake(this));
    }

    /// As [`close`](Self::close); the waiters are told, and woken when the answer is dropped.
    fn close_and_wake(this: NonNull<Self>) -> WakeLater {
        // SAFETY: the caller holds a handle (SLOTS-1).
        let slots = unsafe { this.as_ref() };
        let mut home = 0;
        if let Some(caches) = &slots.caches {
            let closed = slots.mode().close();
            home += caches.steal_all(slots.mode(), closed);
        }
        let mut wakes = WakeLater::nobody();
        if let Some(closed) = slots.list.close() {
            home += closed.held;
            if closed.was_awaited {
                // SAFETY: the caller holds a handle.
                unsafe { wakes.refuse_all(this) }
            }
        }
        if home > 0 {
            // SAFETY: those slots are home for good and were counted one reason each.
            unsafe { Self::drop_reasons(this, home) }
        }
        wakes
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
        let wakes = Self::close_and_wake(this);
        if slot_id::count_out(&slots.list) > 0 {
            // Relaxed: a count on its own.
            LEAKED_REGIONS.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
        }
        // SAFETY: the handles' common reason, dropped once: `handles` reaches zero once.
        unsafe { Self::drop_reasons(this, 1) }
        // What is left of waiters now are futures that were forgotten.
        drop(wakes);
    }

    /// Takes `count` reasons off and frees the body with the last one.
    ///
    /// # Safety
    ///
    /// `count` reasons are counted and the caller's to drop; unless it holds another, it uses `this` no more.
    #[cold]
    pub(crate) unsafe fn drop_reasons(this: NonNull<Self>, count: u32) {
        // SAFETY: the reasons being dropped keep the body alive until the subtraction (SLOTS-1).
        let reasons = unsafe { &this.as_ref().cold.0.reasons };
        // [REASON-DROP] Release: our use of the body and of the slot's bytes happens before they are freed.
        // Pairs with [REASON-LAST].
        if reasons.fetch_sub(count, Release) > count {
            return;
        }
        // [REASON-LAST] Acquire: every other holder's last use happened before the free. Pairs with [REASON-DROP].
        reasons.load(Acquire);
        // SAFETY: the reasons' common pin, which is dropped below, keeps the body (SLOTS-3).
        let slots = unsafe { this.as_ref() };
        if cfg!(loom) {
            // For a model: that the bytes go is a write to all of them.
            (0..slots.list.slots()).for_each(|slot| slots.note_write(slot));
        }
        let region = slots.region.get();
        // SAFETY: validity: inside the body. Aliasing: no reason is left, so nobody else may use the region (SLOTS-1).
        let region = unsafe { &mut *region };
        // Also if the owner of the region's memory panics.
        let _unpin = Unpin(this);
        // SAFETY: dropped once: only one thread sees the word reach zero, and it is not used after that.
        unsafe { ManuallyDrop::drop(region) };
    }

    /// Keeps the body, but not the region, for a hand, for who is about to wake waiters, or for a moment.
    pub(crate) fn pin(&self) {
        // Relaxed: the caller has a reason or a pin that keeps the body now. At most one pin per hand.
        self.cold.0.pins.fetch_add(1, Relaxed);
    }

    /// Drops a pin, and the body with the last one.
    ///
    /// # Safety
    ///
    /// The pin is the caller's, who uses `this` no more unless something else of its keeps it.
    #[cold]
    pub(crate) unsafe fn unpin(this: NonNull<Self>) {
        // SAFETY: the pin being dropped keeps the body alive until the subtraction (SLOTS-3).
        let pins = unsafe { &this.as_ref().cold.0.pins };
        // [PIN-DROP] Release: our use of the body happens before it is freed. Pairs with [PIN-LAST].
        if pins.fetch_sub(1, Release) > 1 {
            return;
        }
        // [PIN-LAST] Acquire: every other holder's last use happened before the free. Pairs with [PIN-DROP].
        pins.load(Acquire);
        // SAFETY: validity: made by `Box::leak` in `create`. Aliasing: no pin is left (SLOTS-3), and only one thread sees the word
        // reach zero.
        drop(unsafe { Box::from_raw(this.as_ptr()) });
    }

    /// How many slots are home, for a caller who holds a handle.
    pub(crate) fn free_count(&self) -> u32 {
        match self.list.len() {
            Some(home) => self.caches.as_ref().map_or(home, |caches| {
                // A slot that moves meanwhile may be counted twice.
                home.saturating_add(caches.len()).min(self.geometry.slots)
            }),
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

    /// What was counted, for a caller who has looked how many slots are free.
    pub(crate) fn stats(&self, free: usize) -> PoolStats {
        let cold = &self.cold.0;
        let capacity = self.geometry.slots as usize;
        let (by_owners, refills) = self.caches.as_ref().map_or((0, 0), Caches::counts);
        // Relaxed, all: counts on their own.
        let elsewhere = cold.taken_elsewhere.load(Relaxed);
        let in_use = capacity - free;
        // Never fewer than are out: a slot may be taken after its count was read.
        let allocs = (by_owners + elsewhere).max(in_use as u64);
        PoolStats {
            capacity,
            slot_bytes: self.geometry.slot_bytes,
            free,
            in_use,
            allocs,
            frees: allocs - in_use as u64,
            high_water: (cold.high_water.load(Relaxed) as usize).max(in_use),
            refills,
            steals: cold.steals.load(Relaxed),
            exhausted: cold.exhausted.load(Relaxed),
            waits: self.waiting().waits(),
            fallbacks: cold.fallbacks.load(Relaxed),
            fallback_bytes: cold.fallback_bytes.load(Relaxed),
        }
    }
}

/// A pin that ends when this is dropped: the reasons' common one, or a call's own.
pub(crate) struct Unpin(pub(crate) NonNull<Slots>);

impl Drop for Unpin {
    fn drop(&mut self) {
        // SAFETY: the pin that this stands for, dropped once; the body is not used after it.
        unsafe { Slots::unpin(self.0) }
    }
}
