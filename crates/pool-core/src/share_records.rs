//! One record per slot, in memory that is not touched before a slot is shared.

pub(crate) use imp::ShareRecords;

#[cfg(not(loom))]
mod imp {
    use core::ptr::NonNull;

    use crate::error::BuildError;
    use crate::region::Region;
    use crate::share_record::ShareRecord;

    /// - **RECORDS-1** `memory` begins with as many records as the pool has slots: it is zero at first, which is a record of nothing, and only shared references
    ///   to it are made.
    #[derive(Debug)]
    pub(crate) struct ShareRecords {
        first: NonNull<ShareRecord>,
        slots: u32,
        #[expect(dead_code, reason = "kept for its drop")]
        memory: Region,
    }

    // SAFETY: records are `Sync` and own charges, which are `Send`.
    unsafe impl Send for ShareRecords {}
    // SAFETY: `&ShareRecords` gives `&ShareRecord`, which is `Sync`.
    unsafe impl Sync for ShareRecords {}

    impl ShareRecords {
        /// # Errors
        ///
        /// If there is no memory for them.
        pub(crate) fn new(slots: u32) -> Result<Self, BuildError> {
            let bytes = (slots as usize).saturating_mul(size_of::<ShareRecord>());
            let memory = Region::heap(bytes, align_of::<ShareRecord>())?;
            Ok(Self {
                first: memory.base().cast(),
                slots,
                memory,
            })
        }

        /// The record of a slot.
        #[inline]
        pub(crate) fn of(&self, slot: u32) -> &ShareRecord {
            debug_assert!(slot < self.slots, "slot {slot} of {}", self.slots);
            // SAFETY: every slot index in existence is below `slots` (LIST-1), so the record lies in the memory (RECORDS-1).
            let record = unsafe { self.first.add(slot as usize) };
            // SAFETY: validity: a record, in memory that lives as long as `self`. Aliasing: only shared references are made (RECORDS-1).
            unsafe { record.as_ref() }
        }
    }
}

/// loom's words are not made of zeros.
#[cfg(loom)]
mod imp {
    use alloc::boxed::Box;

    use crate::error::BuildError;
    use crate::share_record::ShareRecord;

    #[derive(Debug)]
    pub(crate) struct ShareRecords(Box<[ShareRecord]>);

    impl ShareRecords {
        #[expect(
            clippy::unnecessary_wraps,
            reason = "the same face as outside of models"
        )]
        pub(crate) fn new(slots: u32) -> Result<Self, BuildError> {
            Ok(Self((0..slots).map(|_| ShareRecord::new()).collect()))
        }

        pub(crate) fn of(&self, slot: u32) -> &ShareRecord {
            &self.0[slot as usize]
        }
    }
}
