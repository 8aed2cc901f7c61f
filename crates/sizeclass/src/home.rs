//! How a buffer finds its pool again, when it must grow into another class.
//!
//! A buffer that held a counted reference to its pool would make every acquire and every drop write one word that all threads
//! share: many times the cost of the slot itself. Growing is rare and copies thousands of bytes anyway, so that is where the cost lies: a buffer carries nothing, and
//! the address of its bytes is looked up in a table of the regions of all pools that live.
//!
//! Without `std` there is no lock for such a table, and the buffer carries a weak reference after all.

pub(crate) use imp::Home;

#[cfg(feature = "std")]
mod imp {
    use alloc::collections::BTreeMap;
    use alloc::sync::{Arc, Weak};
    use std::sync::{PoisonError, RwLock};

    use pool_core::RegionSpan;

    use crate::rack::Rack;

    /// The classes' regions, by their first address.
    ///
    /// - **HOME-1** A rack's regions are in it while it lives, and not when it is dropped: so they do not overlap, and who has a slot in one of them has it from that rack.
    static REGIONS: RwLock<BTreeMap<usize, Region>> = RwLock::new(BTreeMap::new());

    struct Region {
        span: RegionSpan,
        rack: Weak<Rack>,
    }

    /// The way to a rack: for a slot of a class, its address is enough.
    pub(crate) struct Home;

    impl Home {
        #[inline]
        pub(crate) fn of(_: &Rack) -> Self {
            Self
        }

        /// The home of a buffer that was made of a lease or of memory from elsewhere.
        pub(crate) fn unknown() -> Self {
            Self
        }

        /// Lets the rack's buffers find it.
        pub(crate) fn enter(rack: &Arc<Rack>) {
            // Nothing below this crate's own code runs under the lock, so a panic there leaves the table whole.
            let mut regions = REGIONS.write().unwrap_or_else(PoisonError::into_inner);
            for span in rack.regions() {
                let rack = Arc::downgrade(rack);
                regions.insert(span.base().addr(), Region { span, rack });
            }
        }

        /// The rack ends, and its regions will.
        pub(crate) fn leave(rack: &Rack) {
            let mut regions = REGIONS.write().unwrap_or_else(PoisonError::into_inner);
            for span in rack.regions() {
                regions.remove(&span.base().addr());
            }
        }

        /// The rack that a slot is of, if it lives.
        #[expect(clippy::unused_self, reason = "the same face as without `std`")]
        pub(crate) fn find(&self, slot: &[u8]) -> Option<Arc<Rack>> {
            let regions = REGIONS.read().unwrap_or_else(PoisonError::into_inner);
            let mut up_to_it = regions.range(..=slot.as_ptr().addr());
            let (_, region) = up_to_it.next_back()?;
            let is_in_it = region.span.contains(slot.as_ptr(), slot.len());
            is_in_it.then(|| region.rack.upgrade())?
        }
    }
}

#[cfg(not(feature = "std"))]
mod imp {
    use alloc::sync::{Arc, Weak};

    use crate::rack::Rack;

    /// The way to a rack, which does not keep it alive.
    pub(crate) struct Home(Weak<Rack>);

    impl Home {
        #[inline]
        pub(crate) fn of(rack: &Rack) -> Self {
            Self(rack.me())
        }

        /// The home of a buffer that was made of a lease or of memory from elsewhere.
        pub(crate) fn unknown() -> Self {
            Self(Weak::new())
        }

        pub(crate) fn enter(_: &Arc<Rack>) {}

        pub(crate) fn leave(_: &Rack) {}

        /// The rack that a slot is of, if it lives.
        pub(crate) fn find(&self, _: &[u8]) -> Option<Arc<Rack>> {
            self.0.upgrade()
        }
    }
}
