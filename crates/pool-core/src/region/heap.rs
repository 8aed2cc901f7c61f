//! A region of the global allocator.

use alloc::alloc::alloc_zeroed;
use core::alloc::Layout;
use core::ptr::NonNull;

use super::{Backing, Memory, Region};
use crate::budget::lock::Lock;
use crate::error::{BuildError, BuildErrorKind};

impl Region {
    /// Over-allocates and aligns by hand, because `alloc_zeroed` clears (and so touches) every byte when
    /// asked for more alignment than `malloc` gives by itself.
    pub(crate) fn heap(bytes: usize, align: usize) -> Result<Self, BuildError> {
        const MALLOC_ALIGN: usize = 16;
        let slack = align.saturating_sub(MALLOC_ALIGN);
        let refused = || BuildErrorKind::OutOfMemory {
            source_name: "heap",
            bytes,
            errno: None,
        };
        let padded = bytes.checked_add(slack).ok_or_else(refused)?;
        let layout = Layout::from_size_align(padded, MALLOC_ALIGN).map_err(|_| refused())?;
        // SAFETY: the layout has a size: the builder refuses pools of zero bytes.
        let start = unsafe { alloc_zeroed(layout) };
        let start = NonNull::new(start).ok_or_else(refused)?;
        // From the address, because `align_offset` may always say that it does not know.
        let offset = start.addr().get().wrapping_neg() & (align - 1);
        // SAFETY: `offset` is at most `align - MALLOC_ALIGN` for a pointer aligned to
        // `MALLOC_ALIGN` and a power-of-two `align`, so this stays inside the padded block.
        let base = unsafe { start.add(offset) };
        Ok(Self {
            base,
            bytes,
            backing: Backing::Heap,
            memory: Memory::Heap { start, layout },
            charge: Lock::new(None),
            beside: None,
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn heap_regions_are_aligned_and_zero() {
        for align in [1, 16, 64, 4096, 65_536] {
            let region = Region::heap(100, align).expect("100 bytes");
            assert_eq!(
                region.base().as_ptr().align_offset(align),
                0,
                "align {align}"
            );
            // SAFETY: 100 initialised bytes (REGION-1), and no slot exists yet.
            let bytes = unsafe { core::slice::from_raw_parts(region.base().as_ptr(), 100) };
            assert!(bytes.iter().all(|byte| *byte == 0));
        }
    }
}
