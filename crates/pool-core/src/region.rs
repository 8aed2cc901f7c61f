//! The memory of a pool: one block that never moves.

use alloc::alloc::{alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::ptr::NonNull;

use crate::error::{BuildError, BuildErrorKind};

/// Where a pool's memory comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegionSource {
    /// The global allocator. Zeroed; a large region is touched when first used.
    Heap,
    /// An anonymous private mapping, page-aligned: may be registered with the kernel, read with
    /// `O_DIRECT`, protected. Zeroed; touched when first used. Needs feature `os` and a Unix.
    Mmap,
}

/// A pool's whole memory: what one registers with a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegionSpan {
    base: *mut u8,
    bytes: usize,
}

impl RegionSpan {
    /// The first byte. Reading or writing through it is `unsafe`, and only right for slots one owns.
    #[must_use]
    pub fn base(&self) -> *mut u8 {
        self.base
    }

    /// How many bytes there are.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether the `bytes` bytes from `address` on all lie in this region.
    #[must_use]
    pub fn contains(&self, address: *const u8, bytes: usize) -> bool {
        address
            .addr()
            .checked_sub(self.base.addr())
            .and_then(|offset| offset.checked_add(bytes))
            .is_some_and(|end| end <= self.bytes)
    }
}

/// - **REGION-1** `base` heads one live, initialised allocation of `bytes` bytes, aligned as asked, that
///   stays where it is until the region is dropped.
/// - **REGION-2** The region itself never makes a reference to those bytes.
#[derive(Debug)]
pub(crate) struct Region {
    base: NonNull<u8>,
    bytes: usize,
    memory: Memory,
}

#[derive(Debug)]
enum Memory {
    Heap {
        start: NonNull<u8>,
        layout: Layout,
    },
    #[cfg(all(feature = "os", unix))]
    Map,
}

impl Region {
    pub(crate) fn new(
        source: RegionSource,
        bytes: usize,
        align: usize,
    ) -> Result<Self, BuildError> {
        match source {
            RegionSource::Heap => Self::heap(bytes, align),
            RegionSource::Mmap => Self::map(bytes, align),
        }
    }

    /// Over-allocates and aligns by hand, because `alloc_zeroed` clears (and so touches) every byte when
    /// asked for more alignment than `malloc` gives by itself.
    fn heap(bytes: usize, align: usize) -> Result<Self, BuildError> {
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
            memory: Memory::Heap { start, layout },
        })
    }

    #[cfg(all(feature = "os", unix))]
    fn map(bytes: usize, align: usize) -> Result<Self, BuildError> {
        let page = crate::os::page_bytes();
        if align > page {
            let needs = "an alignment of at most a page with RegionSource::Mmap";
            return Err(BuildErrorKind::Unsupported {
                field: "align",
                needs,
            }
            .into());
        }
        let refused = |errno| BuildErrorKind::OutOfMemory {
            source_name: "mmap",
            bytes,
            errno,
        };
        let rounded = bytes
            .checked_next_multiple_of(page)
            .ok_or_else(|| refused(None))?;
        let base = crate::os::map(rounded).map_err(|errno| refused(Some(errno)))?;
        Ok(Self {
            base,
            bytes: rounded,
            memory: Memory::Map,
        })
    }

    #[cfg(not(all(feature = "os", unix)))]
    fn map(_bytes: usize, _align: usize) -> Result<Self, BuildError> {
        let needs = "feature `os` and a Unix for RegionSource::Mmap";
        Err(BuildErrorKind::Unsupported {
            field: "region",
            needs,
        }
        .into())
    }

    pub(crate) fn base(&self) -> NonNull<u8> {
        self.base
    }

    pub(crate) fn span(&self) -> RegionSpan {
        RegionSpan {
            base: self.base.as_ptr(),
            bytes: self.bytes,
        }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        match self.memory {
            Memory::Heap { start, layout } => {
                // SAFETY: validity: allocated in `heap` with this layout and freed only here.
                // Aliasing: whoever drops the region vouches that no slot is out (SLOTS-1).
                unsafe { dealloc(start.as_ptr(), layout) }
            }
            #[cfg(all(feature = "os", unix))]
            Memory::Map => {
                // SAFETY: validity: mapped in `map` with this length and unmapped only here.
                // Aliasing: whoever drops the region vouches that no slot is out (SLOTS-1).
                unsafe { crate::os::unmap(self.base, self.bytes) }
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn heap_regions_are_aligned_and_zero() {
        for align in [1, 16, 64, 4096, 65_536] {
            let region = Region::new(RegionSource::Heap, 100, align).expect("100 bytes");
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

    #[test]
    fn a_span_check_cannot_overflow() {
        let span = RegionSpan {
            base: core::ptr::without_provenance_mut(4096),
            bytes: 100,
        };
        assert!(span.contains(core::ptr::without_provenance(4096), 100));
        assert!(span.contains(core::ptr::without_provenance(4196), 0));
        assert!(!span.contains(core::ptr::without_provenance(4097), 100));
        assert!(!span.contains(core::ptr::without_provenance(4095), 1));
        assert!(!span.contains(core::ptr::without_provenance(usize::MAX - 10), 100));
        assert!(!span.contains(core::ptr::without_provenance(5000), usize::MAX));
    }
}
