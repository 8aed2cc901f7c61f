//! How many live bytes a frame has, and what kind of right keeps them: one word.

/// Most bytes of a storage that a frame reaches: 1 GiB less one.
pub(crate) const MAX_CAPACITY: usize = (1 << LEN_BITS) - 1;

const LEN_BITS: u32 = 30;
const LEN_MASK: u32 = (1 << LEN_BITS) - 1;

/// What keeps a frame's bytes, by what its words are the words of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// A lease: the slot is this frame's alone.
    Slot,
    /// A share: other parts of the slot have others.
    SlotPart,
    /// A heap block.
    Block,
    /// One of several counted handles to a heap block.
    BlockPart,
}

impl Keeper {
    /// Whether the storage is this frame's alone.
    #[inline]
    pub(crate) fn is_alone(self) -> bool {
        matches!(self, Self::Slot | Self::Block)
    }

    #[inline]
    pub(crate) fn is_slot(self) -> bool {
        matches!(self, Self::Slot | Self::SlotPart)
    }
}

/// The word.
///
/// | bits   | meaning                                              |
/// |--------|------------------------------------------------------|
/// | 31..30 | the [`Keeper`]: slot 0, its part 1, block 2, its part 3 |
/// | 29..0  | how many live bytes                                  |
#[derive(Clone, Copy)]
pub(crate) struct Extent(u32);

impl Extent {
    /// # Panics
    ///
    /// In debug builds, if `len` is above [`MAX_CAPACITY`].
    #[inline]
    pub(crate) fn new(keeper: Keeper, len: usize) -> Self {
        Self((keeper as u32) << LEN_BITS | narrow(len))
    }

    #[inline]
    pub(crate) fn keeper(self) -> Keeper {
        match self.0 >> LEN_BITS {
            0 => Keeper::Slot,
            1 => Keeper::SlotPart,
            2 => Keeper::Block,
            _ => Keeper::BlockPart,
        }
    }

    #[inline]
    pub(crate) fn len(self) -> usize {
        (self.0 & LEN_MASK) as usize
    }

    /// As many live bytes and `n` more, no more than [`MAX_CAPACITY`] together.
    #[inline]
    pub(crate) fn grown(self, n: usize) -> Self {
        debug_assert!(n <= MAX_CAPACITY - self.len(), "{n} more");
        Self(self.0 + narrow(n))
    }

    /// As many live bytes less `n`, no more than there are.
    #[inline]
    pub(crate) fn shrunk(self, n: usize) -> Self {
        debug_assert!(n <= self.len(), "{n} of {}", self.len());
        Self(self.0 - narrow(n))
    }
}

/// A length or capacity, which was compared with [`MAX_CAPACITY`] where it came in.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "compared with MAX_CAPACITY where it came in"
)]
pub(crate) fn narrow(bytes: usize) -> u32 {
    debug_assert!(bytes <= MAX_CAPACITY, "{bytes} bytes");
    bytes as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fields_keep_what_they_are_given() {
        let keepers = [
            Keeper::Slot,
            Keeper::SlotPart,
            Keeper::Block,
            Keeper::BlockPart,
        ];
        for keeper in keepers {
            for len in [0, 1, MAX_CAPACITY] {
                let word = Extent::new(keeper, len);
                assert_eq!((word.keeper(), word.len()), (keeper, len));
                let shorter = word.shrunk(len - len / 2);
                assert_eq!((shorter.keeper(), shorter.len()), (keeper, len / 2));
                let longest = shorter.grown(MAX_CAPACITY - len / 2);
                assert_eq!((longest.keeper(), longest.len()), (keeper, MAX_CAPACITY));
            }
        }
    }
}
