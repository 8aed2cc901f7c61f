//! A region as one registers it with a kernel.

use core::ptr::NonNull;

use super::Backing;

/// A pool's whole memory: what one registers with a kernel. An address and a length, which keep nothing alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegionSpan {
    base: *mut u8,
    bytes: usize,
    backing: Backing,
}

// SAFETY: an address; to use it is `unsafe`, on any thread.
unsafe impl Send for RegionSpan {}
// SAFETY: as of `Send`; it never changes.
unsafe impl Sync for RegionSpan {}

impl RegionSpan {
    pub(crate) fn new(base: NonNull<u8>, bytes: usize, backing: Backing) -> Self {
        Self {
            base: base.as_ptr(),
            bytes,
            backing,
        }
    }

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

    /// What the memory is.
    #[must_use]
    pub fn backing(&self) -> Backing {
        self.backing
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

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_span_check_cannot_overflow() {
        let span = RegionSpan {
            base: core::ptr::without_provenance_mut(4096),
            bytes: 100,
            backing: Backing::Heap,
        };
        assert!(span.contains(core::ptr::without_provenance(4096), 100));
        assert!(span.contains(core::ptr::without_provenance(4196), 0));
        assert!(!span.contains(core::ptr::without_provenance(4097), 100));
        assert!(!span.contains(core::ptr::without_provenance(4095), 1));
        assert!(!span.contains(core::ptr::without_provenance(usize::MAX - 10), 100));
        assert!(!span.contains(core::ptr::without_provenance(5000), usize::MAX));
    }
}
