//! Building a pool: options, and the checks that make every later size safe.

use crate::caches::CachePlan;
use crate::error::{BuildError, BuildErrorKind};
use crate::fences;
use crate::head::MAX_SLOTS;
use crate::pool::Pool;
use crate::region::{Region, RegionSource};
use crate::scrub::Scrub;
use crate::slots::Slots;

/// Most bytes a region can have: Rust's limit for one object.
const MAX_REGION_BYTES: usize = isize::MAX as usize;
const MAX_ALIGN: usize = 2 * 1024 * 1024;
/// A protected pool needs up to two kernel mappings per slot; Linux gives a process 65 530 by default.
const MAX_PROTECTED_SLOTS: usize = 16_384;

/// The sizes of a pool, checked: see SLOTS-2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Geometry {
    pub(crate) slots: u32,
    pub(crate) slot_bytes: usize,
    /// From one slot's first byte to the next one's.
    pub(crate) stride_bytes: usize,
    pub(crate) caches: Option<CachePlan>,
    pub(crate) scrub: Scrub,
    pub(crate) protect_free: bool,
    /// Whether alloc or free has anything to do besides moving the slot.
    pub(crate) has_policy: bool,
}

/// Builds a [`Pool`]; see [`Pool::builder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct PoolBuilder {
    slots: usize,
    slot_bytes: usize,
    align: usize,
    region: RegionSource,
    scrub: Scrub,
    protect_free: bool,
    cache: usize,
}

impl PoolBuilder {
    pub(crate) fn new() -> Self {
        Self {
            slots: 0,
            slot_bytes: 0,
            align: 64,
            region: RegionSource::Heap,
            scrub: Scrub::Never,
            protect_free: false,
            cache: usize::MAX,
        }
    }

    /// How many slots: 1 to 2^32 - 2, any number. No default.
    pub fn slots(mut self, slots: usize) -> Self {
        self.slots = slots;
        self
    }

    /// How many bytes each slot offers: 1 to `isize::MAX`, any number. No default.
    pub fn slot_bytes(mut self, bytes: usize) -> Self {
        self.slot_bytes = bytes;
        self
    }

    /// The alignment of every slot in bytes, a power of two up to 2 MiB (up to a page with
    /// [`RegionSource::Mmap`]). 64 by default, so that two slots never share a cache line.
    pub fn align(mut self, bytes: usize) -> Self {
        self.align = bytes;
        self
    }

    /// Where the memory comes from. [`RegionSource::Heap`] by default.
    pub fn region(mut self, source: RegionSource) -> Self {
        self.region = source;
        self
    }

    /// When slots are overwritten with zeros. [`Scrub::Never`] by default.
    pub fn scrub(mut self, policy: Scrub) -> Self {
        self.scrub = policy;
        self
    }

    /// Makes free slots inaccessible until they are handed out again: a use after free is a fault where it happens, in
    /// user space and in the kernel. For tests: two system calls per slot's round trip.
    ///
    /// Needs [`RegionSource::Mmap`], at most 16 384 slots, and rounds slots up to whole pages.
    ///
    /// # Panics
    ///
    /// A later alloc panics if the kernel, out of mappings, refuses to make a slot accessible again.
    pub fn protect_free_slots(mut self, protect: bool) -> Self {
        self.protect_free = protect;
        self
    }

    /// How many slots a thread's cache may hold. By default as many as fit two magazines of 29, and all caches together hold at
    /// most half of the pool; a pool of less than 16 slots has none.
    ///
    /// 0 makes a pool without caches: every free goes to one list, in the order in which it happens, and
    /// [`Pool::alloc_many`] takes from that list with one exchange. That is the home of a thing with one owner.
    pub fn cache(mut self, slots: usize) -> Self {
        self.cache = slots;
        self
    }

    /// Builds the pool.
    ///
    /// Cost: about 20 bytes written per slot (with a smaller [`cache`](Self::cache), 128 per half of it); the slots themselves are not
    /// touched.
    ///
    /// # Errors
    ///
    /// [`BuildError`] names the field, its bound and the value; or says that the system has no such memory.
    pub fn build(self) -> Result<Pool, BuildError> {
        let geometry = self.geometry()?;
        let bytes = geometry.slots as usize * geometry.stride_bytes;
        let region = Region::new(self.region, bytes, self.align)?;
        Ok(Pool::from_slots(Slots::create(geometry, region)?))
    }

    fn geometry(&self) -> Result<Geometry, BuildError> {
        let slots = u32::try_from(self.slots)
            .ok()
            .filter(|slots| (1..=MAX_SLOTS).contains(slots))
            .ok_or(out_of_range("slots", "1 to 4294967294", self.slots))?;
        if !(1..=MAX_REGION_BYTES).contains(&self.slot_bytes) {
            return Err(out_of_range("slot_bytes", "1 to isize::MAX", self.slot_bytes).into());
        }
        if !self.align.is_power_of_two() || self.align > MAX_ALIGN {
            return Err(out_of_range("align", "a power of two up to 2097152", self.align).into());
        }
        let stride_bytes = self.stride_bytes()?;
        let too_large = BuildErrorKind::TooLarge {
            slots: self.slots,
            stride_bytes,
            bound: MAX_REGION_BYTES,
        };
        self.slots
            .checked_mul(stride_bytes)
            .and_then(|bytes| bytes.checked_add(MAX_ALIGN))
            .filter(|bytes| *bytes <= MAX_REGION_BYTES)
            .ok_or(too_large)?;
        Ok(Geometry {
            slots,
            slot_bytes: self.slot_bytes,
            stride_bytes,
            caches: self.cache_plan(slots),
            scrub: self.scrub,
            protect_free: self.protect_free,
            has_policy: self.protect_free || self.scrub != Scrub::Never,
        })
    }

    fn cache_plan(&self, slots: u32) -> Option<CachePlan> {
        let rounds = u32::try_from(self.cache.div_ceil(2)).unwrap_or(u32::MAX);
        CachePlan::new(slots, rounds).filter(|_| fences::is_cheap())
    }

    fn stride_bytes(&self) -> Result<usize, BuildError> {
        let unit = if self.protect_free {
            self.protected_unit()?
        } else {
            self.align
        };
        self.slot_bytes
            .checked_next_multiple_of(unit)
            .ok_or(out_of_range("slot_bytes", "1 to isize::MAX", self.slot_bytes).into())
    }

    #[cfg(all(feature = "os", unix))]
    fn protected_unit(&self) -> Result<usize, BuildError> {
        if self.region != RegionSource::Mmap {
            let needs = "RegionSource::Mmap";
            return Err(BuildErrorKind::Unsupported {
                field: "protect_free_slots",
                needs,
            }
            .into());
        }
        if self.slots > MAX_PROTECTED_SLOTS {
            let bound = "1 to 16384 with protect_free_slots";
            return Err(out_of_range("slots", bound, self.slots).into());
        }
        Ok(crate::os::page_bytes().max(self.align))
    }

    #[cfg(not(all(feature = "os", unix)))]
    #[expect(clippy::unused_self, reason = "the same face as with `os`")]
    fn protected_unit(&self) -> Result<usize, BuildError> {
        let _ = MAX_PROTECTED_SLOTS;
        let needs = "feature `os` and a Unix";
        Err(BuildErrorKind::Unsupported {
            field: "protect_free_slots",
            needs,
        }
        .into())
    }
}

fn out_of_range(field: &'static str, bound: &'static str, value: usize) -> BuildErrorKind {
    BuildErrorKind::OutOfRange {
        field,
        bound,
        value,
    }
}
