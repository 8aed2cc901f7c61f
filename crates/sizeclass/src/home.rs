//! How a buffer finds its pool again, when it must grow into another class.
//!
//! A buffer that held a counted reference to its pool would make every acquire and every drop write one word that all threads
//! share: many times the cost of the slot itself. Growing is rare and copies thousands of bytes anyway, so that is where the cost lies: the
//! buffer carries its pool's *name*, and looks it up in a table of the pools that live. A name is never used twice; a buffer whose
//! pool is gone finds nothing, and grows on the heap.
//!
//! Without `std` there is no lock for such a table, and the buffer carries a weak reference after all.

pub(crate) use imp::Home;

#[cfg(feature = "std")]
mod imp {
    use alloc::collections::BTreeMap;
    use alloc::sync::{Arc, Weak};
    use std::sync::{PoisonError, RwLock};

    use crate::rack::Rack;

    /// The name of a rack. It grants nothing but the chance to find it.
    #[derive(Clone)]
    pub(crate) struct Home(u64);

    static DIRECTORY: RwLock<Directory> = RwLock::new(Directory {
        names_given: 0,
        living: BTreeMap::new(),
    });

    struct Directory {
        names_given: u64,
        living: BTreeMap<u64, Weak<Rack>>,
    }

    impl Home {
        /// Makes a rack that can be found by its name.
        pub(crate) fn found(build: impl FnOnce(Home) -> Rack) -> Arc<Rack> {
            let name = Self::next_name();
            let rack = Arc::new(build(Home(name)));
            let entry = Arc::downgrade(&rack);
            // Nothing below this crate's own code runs under the lock, so a panic there leaves the table whole.
            let mut directory = DIRECTORY.write().unwrap_or_else(PoisonError::into_inner);
            directory.living.insert(name, entry);
            drop(directory);
            rack
        }

        /// The home of a buffer that never had a rack.
        pub(crate) fn nowhere() -> Self {
            Self(0) // Names begin with 1.
        }

        fn next_name() -> u64 {
            let mut directory = DIRECTORY.write().unwrap_or_else(PoisonError::into_inner);
            directory.names_given += 1;
            directory.names_given
        }

        /// The rack, if it lives.
        pub(crate) fn find(&self) -> Option<Arc<Rack>> {
            let directory = DIRECTORY.read().unwrap_or_else(PoisonError::into_inner);
            directory.living.get(&self.0)?.upgrade()
        }

        /// Strikes the name off: the rack ends.
        pub(crate) fn leave(&self) {
            let mut directory = DIRECTORY.write().unwrap_or_else(PoisonError::into_inner);
            directory.living.remove(&self.0);
        }
    }
}

#[cfg(not(feature = "std"))]
mod imp {
    use alloc::sync::{Arc, Weak};

    use crate::rack::Rack;

    /// The way to a rack, which does not keep it alive.
    #[derive(Clone)]
    pub(crate) struct Home(Weak<Rack>);

    #[expect(clippy::unused_self, reason = "the same face as with `std`")]
    impl Home {
        /// Makes a rack that can be found.
        pub(crate) fn found(build: impl FnOnce(Home) -> Rack) -> Arc<Rack> {
            Arc::new_cyclic(|rack| build(Home(rack.clone())))
        }

        /// The home of a buffer that never had a rack.
        pub(crate) fn nowhere() -> Self {
            Self(Weak::new())
        }

        /// The rack, if it lives.
        pub(crate) fn find(&self) -> Option<Arc<Rack>> {
            self.0.upgrade()
        }

        /// The rack ends; nothing is to be done.
        pub(crate) fn leave(&self) {}
    }
}
