//! The line of code that takes a slot: known with feature `track`, nothing without.

pub(crate) use imp::{Site, caller};

#[cfg(feature = "track")]
mod imp {
    use core::panic::Location;

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

    #[inline]
    pub(crate) fn caller() -> Site {
        Site
    }
}
