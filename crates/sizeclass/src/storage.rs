//! Where a buffer's bytes lie.

use alloc::vec::Vec;

use pool_core::Lease;

/// A slot of a class, or heap memory; initialised bytes either way. The vector's length is what the storage offers.
pub(crate) enum Storage {
    Slot(Lease),
    Heap(Vec<u8>),
}

impl Storage {
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Slot(lease) => lease,
            Self::Heap(vec) => vec,
        }
    }

    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Slot(lease) => lease,
            Self::Heap(vec) => vec,
        }
    }
}
