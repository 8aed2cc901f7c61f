//! The line of code that takes a slot, and what happens to it: known with feature `track`, nothing without.

pub(crate) use imp::{Site, SlotEvent, caller};

#[cfg(feature = "track")]
mod imp {
    use core::panic::Location;

    pub(crate) use crate::slot_event::SlotEvent;

    pub(crate) type Site = &'static Location<'static>;

    #[track_caller]
    pub(crate) fn caller() -> Site {
        Location::caller()
    }
}

#[cfg(not(feature = "track"))]
mod imp {
    #[derive(Clone, Copy)]
    pub(crate) struct Site;

    /// What somebody tells of a slot besides that it was taken.
    #[derive(Clone, Copy)]
    pub(crate) enum SlotEvent {
        GivenBack,
        Shared,
        Unshared,
        IdOut,
        Redeemed,
    }

    #[inline]
    pub(crate) fn caller() -> Site {
        Site
    }
}
