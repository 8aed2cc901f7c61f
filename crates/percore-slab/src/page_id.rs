//! The name of a page that left Rust's ownership.

use core::fmt;

use pool_core::SlotId;

use crate::error::PageIdErrorKind;

/// The name of a page that was given up with [`Page::into_id`](crate::Page::into_id). `Copy`, 16 bytes.
///
/// Holding a `PageId` proves nothing: it is a number that may be copied, kept too long or made up.
/// [`CoreSlab::redeem`](crate::CoreSlab::redeem) on the core that issued it checks it and gives the page to the first who
/// presents it; how sure that is, [`SlotId`] says.
///
/// | bits    | meaning                                                     |
/// |---------|-------------------------------------------------------------|
/// | 127..96 | 0                                                           |
/// | 95..64  | the core whose slab issued it                               |
/// | 63..0   | slot, generation and the slab's own mark, see [`SlotId`]    |
///
/// The page's length is not in it: the owner keeps that.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId(u128);

impl PageId {
    pub(crate) fn seal(core: u32, slot: SlotId) -> Self {
        Self(u128::from(core) << 64 | u128::from(slot.to_bits()))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "each field is as wide as its type"
    )]
    pub(crate) fn open(self) -> Result<(u32, SlotId), PageIdErrorKind> {
        let (high, core, slot) = ((self.0 >> 96) as u32, (self.0 >> 64) as u32, self.0 as u64);
        if high != 0 {
            return Err(PageIdErrorKind::NotAnId { high });
        }
        Ok((core, SlotId::from_bits(slot)))
    }

    /// The id as a number, for a descriptor or a message.
    #[must_use]
    pub const fn to_bits(self) -> u128 {
        self.0
    }

    /// Takes a number for an id; [`CoreSlab::redeem`](crate::CoreSlab::redeem) finds out whether it is one.
    #[must_use]
    pub const fn from_bits(bits: u128) -> Self {
        Self(bits)
    }
}

impl fmt::Debug for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PageId({:#034x})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_overlap() {
        for (core, slot) in [(0, u64::MAX), (u32::MAX, 0), (7, 9)] {
            let id = PageId::seal(core, SlotId::from_bits(slot));
            assert_eq!(id.open(), Ok((core, SlotId::from_bits(slot))));
            assert_eq!(PageId::from_bits(id.to_bits()), id);
        }
        assert!(PageId::from_bits(1 << 96).open().is_err());
        assert!(PageId::from_bits(u128::MAX).open().is_err());
    }
}
