//! The only door to atomics and locks: `core`'s in a normal build, loom's in a model.
//!
//! Nothing else in this crate names `core::sync::atomic` or loom, so whatever a model explores is the shipped code.

pub(crate) use imp::*;

#[cfg(not(loom))]
mod imp {
    #[cfg(feature = "std")]
    pub(crate) use std::sync::{Mutex, MutexGuard};

    pub(crate) mod atomic {
        #[cfg(feature = "track")]
        pub(crate) use core::sync::atomic::AtomicPtr;
        pub(crate) use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
    }
}

#[cfg(loom)]
mod imp {
    #[cfg(feature = "std")]
    pub(crate) use loom::sync::{Mutex, MutexGuard};

    pub(crate) mod atomic {
        #[cfg(feature = "track")]
        pub(crate) use loom::sync::atomic::AtomicPtr;
        pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
    }

    /// Stands for a slot's payload in a loom model: each access to the bytes is an access to this
    /// cell, so loom reports two owners of one slot, and a hand-over without a happens-before edge.
    #[derive(Debug, Default)]
    pub(crate) struct PayloadWitness(loom::cell::UnsafeCell<()>);

    impl PayloadWitness {
        pub(crate) fn read(&self) {
            self.0.with(|_| ());
        }
        pub(crate) fn write(&self) {
            self.0.with_mut(|_| ());
        }
    }
}
