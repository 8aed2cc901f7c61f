//! Memory of single slots that goes back to the system, and what is charged for a pool's memory meanwhile.

use crate::budget::Charge;
use crate::lease::Lease;
use crate::pool::Pool;
use crate::slots::Slots;

impl Pool {
    /// Whether [`Lease::discard_pages`] can give the memory of this pool's slots back: the region is
    /// [`Mmap`](crate::RegionSource::Mmap) under Linux (feature `os`) and taken [page by page](crate::PoolBuilder::page_by_page), slots begin at
    /// multiples of a page, and the pool neither locks its memory nor protects or checks free slots.
    #[must_use]
    pub fn gives_back_pages(&self) -> bool {
        self.slots().geometry().gives_back_pages
    }

    /// Adds to what is charged for the pool's memory: it is given back when the region is, which may be after the last handle. What the
    /// [builder's budget](crate::PoolBuilder::budget) was charged is part of it.
    ///
    /// For pools whose memory is charged as it is used. Takes a lock.
    ///
    /// # Errors
    ///
    /// Gives the charge back if what there is already is to another budget.
    pub fn add_charge(&self, charge: Charge) -> Result<(), Charge> {
        self.slots().region().add_charge(charge)
    }

    /// Takes `bytes` off what is charged for the pool's memory: they are the caller's to give back, or to charge to somebody else. `None`, and
    /// nothing changes, if it is less.
    #[must_use = "dropping it gives the bytes back at once"]
    pub fn take_charge(&self, bytes: usize) -> Option<Charge> {
        self.slots().region().take_charge(bytes)
    }
}

impl Lease {
    /// Gives the slot's memory back to the system. The lease stays: its bytes read as zeros, and take memory again, page by page, when they are next
    /// touched. `false`, and nothing changes, if the pool's memory [cannot](Pool::gives_back_pages) be given back, or the system refuses.
    ///
    /// One system call (`madvise(MADV_DONTNEED)`), whose cost grows with the pages that were touched.
    ///
    /// Not for slots of a region that is registered with a kernel, as fixed buffers of io_uring are: it keeps the old pages, and what it writes there nobody
    /// sees.
    pub fn discard_pages(&mut self) -> bool {
        let slots = self.slots();
        if !slots.geometry().gives_back_pages {
            return false;
        }
        slots.note_write(self.index());
        slots.discard_slot(self.index())
    }
}

impl Slots {
    /// For who has the slot alone, in a pool that gives pages back.
    #[cfg(all(feature = "os", target_os = "linux", not(any(miri, loom))))]
    pub(crate) fn discard_slot(&self, slot: u32) -> bool {
        let (base, bytes) = (self.slot_ptr(slot), self.geometry().stride_bytes);
        // SAFETY: validity: strides are whole pages of a private mapping (the builder checks), and zeros are initialised bytes. Aliasing: the slot is the
        // caller's (LEASE-1), and so is what lies between its end and the next one (SLOTS-2).
        unsafe { crate::os::advice::give_back(base, bytes) }.is_ok()
    }

    /// Stands for the system's answer where there is no system to ask: the bytes read as zeros then.
    #[cfg(not(all(feature = "os", target_os = "linux", not(any(miri, loom)))))]
    pub(crate) fn discard_slot(&self, slot: u32) -> bool {
        let (base, bytes) = (self.slot_ptr(slot), self.slot_bytes());
        // SAFETY: validity: `slot_bytes` bytes of the region (SLOTS-2). Aliasing: the slot is the caller's (LEASE-1).
        unsafe { base.write_bytes(0, bytes) };
        true
    }
}
