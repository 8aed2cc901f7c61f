//! What can happen to a slot that a report remembers.

use core::fmt;

/// Something that happened to a slot, as [`SlotHistory`](crate::SlotHistory) has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SlotEvent {
    /// It was handed out.
    Taken,
    /// Its last right was given back.
    GivenBack,
    /// Its lease became a share. Clones of shares are not remembered.
    Shared,
    /// Its only share became a lease again.
    Unshared,
    /// Its lease became an id.
    IdOut,
    /// Its id was redeemed.
    Redeemed,
}

impl fmt::Display for SlotEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Taken => "taken",
            Self::GivenBack => "given back",
            Self::Shared => "shared",
            Self::Unshared => "unshared",
            Self::IdOut => "out as an id",
            Self::Redeemed => "redeemed",
        })
    }
}
