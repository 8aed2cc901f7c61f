//! The sizes and policies of a pool, as its builder checked them.

use core::ptr::NonNull;

use crate::caches::CachePlan;
use crate::faults::Faults;
use crate::region::Region;
use crate::scrub::Scrub;

/// The sizes of a pool, checked: see SLOTS-2.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "options that do not depend on each other"
)]
pub(crate) struct Geometry {
    pub(crate) slots: u32,
    pub(crate) slot_bytes: usize,
    /// From one slot's first byte to the next one's.
    pub(crate) stride_bytes: usize,
    pub(crate) caches: Option<CachePlan>,
    pub(crate) scrub: Scrub,
    pub(crate) protect_free: bool,
    pub(crate) check_free: bool,
    pub(crate) faults: Option<Faults>,
    /// Whether the memory of a slot can be given back to the system while the others stay.
    pub(crate) gives_back_pages: bool,
    /// Bytes before the first slot.
    pub(crate) lead_bytes: usize,
    /// Whether alloc or free has anything to do besides moving the slot.
    pub(crate) has_policy: bool,
}

impl Geometry {
    /// What the slots need, and no more than `isize::MAX` less the largest alignment.
    pub(crate) fn region_bytes(&self) -> usize {
        self.lead_bytes + self.slots as usize * self.stride_bytes
    }

    /// Where slot 0 begins, in a region of at least [`region_bytes`](Self::region_bytes).
    pub(crate) fn first_slot(&self, region: &Region) -> NonNull<u8> {
        debug_assert!(region.span().bytes() >= self.region_bytes());
        // SAFETY: inside the region, whose size was checked against `region_bytes` or made by it.
        unsafe { region.base().add(self.lead_bytes) }
    }
}
