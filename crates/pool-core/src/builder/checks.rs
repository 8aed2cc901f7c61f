//! The checks that make every later size of a pool safe.

use core::ops::Range;

use super::PoolBuilder;
use crate::caches::CachePlan;
use crate::error::{BuildError, BuildErrorKind};
use crate::faults::Faults;
use crate::fences;
use crate::geometry::Geometry;
use crate::guard::ZONE_BYTES;
use crate::head::MAX_SLOTS;
use crate::region::{ExternalRegion, MemoryLock, RegionSource};
use crate::scrub::Scrub;

const MAX_ALIGN: usize = 2 * 1024 * 1024;
const LINE_BYTES: usize = 64;
/// Most bytes that the slots of a pool can have together: Rust's limit for one object, without the bytes before the first slot and what a region is rounded up and
/// shifted by.
const MAX_BYTES: usize = isize::MAX as usize - 4 * MAX_ALIGN;
/// A protected pool needs up to two kernel mappings per slot; Linux gives a process 65 530 by default.
const MAX_PROTECTED_SLOTS: usize = 16_384;

impl PoolBuilder {
    pub(super) fn geometry_on<O: Send + 'static>(
        &self,
        region: &ExternalRegion<O>,
    ) -> Result<Geometry, BuildError> {
        let pages = [
            (self.numa_node.is_some(), "numa_node"),
            (self.lock != MemoryLock::Never, "lock"),
            (self.prefault, "prefault"),
            (self.protect_free, "protect_free_slots"),
        ];
        if let Some((_, field)) = pages.into_iter().find(|(asked, _)| *asked) {
            let needs = "a region of the pool's own";
            return Err(BuildErrorKind::Unsupported { field, needs }.into());
        }
        let geometry = self.geometry()?;
        region.check(geometry.region_bytes(), self.align_bytes())?;
        // Whose memory it is, is its owner's to say.
        let gives_back_pages = false;
        Ok(Geometry {
            gives_back_pages,
            ..geometry
        })
    }

    pub(super) fn geometry(&self) -> Result<Geometry, BuildError> {
        let slots = u32::try_from(self.slots)
            .ok()
            .filter(|slots| (1..=MAX_SLOTS).contains(slots))
            .ok_or(out_of_range("slots", "1 to 4294967294", self.slots))?;
        if !(1..=MAX_BYTES).contains(&self.slot_bytes) {
            return Err(self.slot_bytes_out_of_range().into());
        }
        let align = self.align_bytes();
        if !align.is_power_of_two() || align > MAX_ALIGN {
            return Err(out_of_range("align", "a power of two up to 2097152", align).into());
        }
        self.check_options()?;
        let stride_bytes = self.stride_bytes()?;
        let bytes = self.slots.checked_mul(stride_bytes);
        if bytes.is_none_or(|bytes| bytes > MAX_BYTES) {
            return Err(BuildErrorKind::TooLarge {
                slots: self.slots,
                stride_bytes,
                bound: MAX_BYTES,
            }
            .into());
        }
        Ok(Geometry {
            slots,
            slot_bytes: self.slot_bytes,
            stride_bytes,
            caches: self.cache_plan(slots),
            scrub: self.scrub,
            protect_free: self.protect_free,
            check_free: self.check_free,
            faults: self.faults,
            gives_back_pages: self.is_of_plain_pages(stride_bytes),
            lead_bytes: if self.check_free {
                ZONE_BYTES.next_multiple_of(align)
            } else {
                0
            },
            has_policy: self.protect_free
                || self.check_free
                || self.scrub != Scrub::Never
                || self.faults.is_some(),
        })
    }

    /// Whether each slot is whole pages that nothing but their owner's bytes lies in, and that the system takes back one by one.
    fn is_of_plain_pages(&self, stride_bytes: usize) -> bool {
        let is_plain = self.page_by_page
            && !self.protect_free
            && !self.check_free
            && self.lock == MemoryLock::Never;
        is_plain && (cfg!(loom) || self.is_of_small_pages(stride_bytes))
    }

    #[cfg(all(feature = "os", target_os = "linux"))]
    fn is_of_small_pages(&self, stride_bytes: usize) -> bool {
        self.region == RegionSource::Mmap && stride_bytes % crate::os::page_bytes() == 0
    }

    #[cfg(not(all(feature = "os", target_os = "linux")))]
    #[expect(clippy::unused_self, reason = "the same face as with `os`")]
    fn is_of_small_pages(&self, _stride_bytes: usize) -> bool {
        false
    }

    fn slot_bytes_out_of_range(&self) -> BuildErrorKind {
        BuildErrorKind::SlotBytes {
            bound: MAX_BYTES,
            value: self.slot_bytes,
        }
    }

    fn check_options(&self) -> Result<(), BuildError> {
        /// As many as Linux knows.
        const NODES: u32 = 1024;
        if let Some(node) = self.numa_node.filter(|node| *node >= NODES) {
            return Err(out_of_range("numa_node", "0 to 1023", node as usize).into());
        }
        if let Some(Faults::Random { probability, .. }) = self.faults {
            if !(0.0..=1.0).contains(&probability) {
                return Err(BuildErrorKind::Probability { probability }.into());
            }
        }
        if self.lock == MemoryLock::OnFault && !cfg!(all(feature = "os", target_os = "linux")) {
            let needs = "feature `os` and Linux for MemoryLock::OnFault";
            return Err(BuildErrorKind::Unsupported {
                field: "lock",
                needs,
            }
            .into());
        }
        Ok(())
    }

    fn cache_plan(&self, slots: u32) -> Option<CachePlan> {
        let most = self
            .cache
            .map(|most| u32::try_from(most).unwrap_or(u32::MAX));
        CachePlan::new(slots, most).filter(|_| fences::is_cheap())
    }

    fn stride_bytes(&self) -> Result<usize, BuildError> {
        let unit = if self.protect_free {
            self.protected_unit()?
        } else {
            self.align_bytes()
        };
        let zones = if self.check_free { 2 * ZONE_BYTES } else { 0 };
        self.slot_bytes
            .checked_add(zones)
            .and_then(|bytes| bytes.checked_next_multiple_of(unit))
            .map(|bytes| bytes + self.spread_bytes(bytes))
            .ok_or(self.slot_bytes_out_of_range().into())
    }

    pub(super) fn align_bytes(&self) -> usize {
        self.align.unwrap_or(LINE_BYTES)
    }

    /// What is added to a stride so that slots begin in all sets of a cache: they do if it is an odd number of lines.
    fn spread_bytes(&self, stride_bytes: usize) -> usize {
        /// Smaller ones begin in enough sets, and larger ones are to keep to pages.
        const SPREAD: Range<usize> = 1024..4096;
        let is_packed = self.align.is_some() || self.region != RegionSource::Heap;
        if is_packed || !SPREAD.contains(&stride_bytes) || (stride_bytes / LINE_BYTES) % 2 == 1 {
            return 0;
        }
        LINE_BYTES
    }

    #[cfg(all(feature = "os", unix))]
    fn protected_unit(&self) -> Result<usize, BuildError> {
        if self.check_free {
            let needs = "no protect_free_slots";
            return Err(BuildErrorKind::Unsupported {
                field: "check_free_slots",
                needs,
            }
            .into());
        }
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
        Ok(crate::os::page_bytes().max(self.align_bytes()))
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
