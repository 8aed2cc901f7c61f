//! Where a frame's bytes lie.

use pool_core::Lease;

use crate::heap_block::HeapBlock;

/// A slot of a pool, or a heap block; initialised bytes either way.
///
/// No larger than a lease: the block leaves free the four bytes where a lease keeps room for an enum's mark.
pub(crate) enum Storage {
    Slot(Lease),
    Block(HeapBlock),
}

const _: () = assert!(size_of::<Storage>() == size_of::<Lease>());
const _: () = assert!(size_of::<Option<Storage>>() == size_of::<Lease>());

impl Storage {
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Slot(lease) => lease,
            Self::Block(block) => block.bytes(),
        }
    }

    #[inline]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Slot(lease) => lease,
            Self::Block(block) => block.bytes_mut(),
        }
    }
}
