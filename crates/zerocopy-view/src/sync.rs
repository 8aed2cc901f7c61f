//! The only door to atomics and cells: `core`'s in a normal build, loom's in a model.
//!
//! Nothing else in this crate names `core::sync::atomic` or loom, so whatever a model explores is the shipped code.

pub(crate) use imp::*;

#[cfg(not(loom))]
mod imp {
    pub(crate) mod atomic {
        pub(crate) use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
    }

    /// `core`'s cell with the face of loom's.
    pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        pub(crate) fn with<R>(&self, work: impl FnOnce(*const T) -> R) -> R {
            work(self.0.get())
        }

        pub(crate) fn with_mut<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
            work(self.0.get())
        }

        pub(crate) fn into_inner(self) -> T {
            self.0.into_inner()
        }
    }

    /// Stands for plain memory in a loom model; nothing in a normal build.
    pub(crate) struct Witness(());

    impl Witness {
        pub(crate) fn written() -> Self {
            Self(())
        }

        #[inline(always)]
        #[expect(clippy::unused_self, reason = "the same face as in a model")]
        pub(crate) fn read(&self) {}
    }

    /// A static value, in a normal build; one per execution, in a model.
    macro_rules! global {
        ($name:ident: $type:ty = $value:expr) => {
            pub(crate) static $name: $type = $value;
        };
    }
    pub(crate) use global;
}

#[cfg(loom)]
mod imp {
    pub(crate) mod atomic {
        pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
    }
    pub(crate) use loom::cell::UnsafeCell;

    /// Stands for plain memory that loom does not see: it reports a read that does not come after the write.
    pub(crate) struct Witness(loom::cell::UnsafeCell<()>);

    impl Witness {
        pub(crate) fn written() -> Self {
            let cell = loom::cell::UnsafeCell::new(());
            cell.with_mut(|_| ());
            Self(cell)
        }

        pub(crate) fn read(&self) {
            self.0.with(|_| ());
        }
    }

    /// A static value, in a normal build; one per execution, in a model.
    macro_rules! global {
        ($name:ident: $type:ty = $value:expr) => {
            loom::lazy_static! { pub(crate) static ref $name: $type = $value; }
        };
    }
    pub(crate) use global;
}
