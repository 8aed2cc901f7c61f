//! The only door to atomics: `core`'s in a normal build, loom's in a model.
//!
//! Nothing else in this crate names `core::sync::atomic`, `atomic_waker` or loom, so whatever a model explores is
//! the shipped code. Two things loom cannot look into are replaced by stand-ins: the waker's cell, here, and the queue, in `queue.rs`.

pub(crate) use imp::*;

#[cfg(not(loom))]
mod imp {
    pub(crate) mod atomic {
        pub(crate) use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, fence};
    }
    use core::cell;

    pub(crate) use alloc::sync::Arc;
    pub(crate) use atomic_waker::AtomicWaker;
    #[cfg(feature = "std")]
    pub(crate) use std::{sync::RwLock, thread_local as per_thread};

    /// `core`'s, with the face of loom's.
    #[derive(Debug)]
    pub(crate) struct UnsafeCell<T>(cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        #[cfg(feature = "std")]
        pub(crate) fn new(value: T) -> Self {
            Self(cell::UnsafeCell::new(value))
        }

        #[inline]
        pub(crate) fn with_mut<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
            work(self.0.get())
        }
    }

    #[cfg(feature = "std")]
    macro_rules! per_process {
        (static $name:ident: $type:ty = $value:expr;) => {
            static $name: $type = $value;
        };
    }
    #[cfg(feature = "std")]
    pub(crate) use per_process;
}

#[cfg(loom)]
mod imp {
    use core::task::Waker;

    pub(crate) mod atomic {
        pub(crate) use loom::sync::atomic::{
            AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering, fence,
        };
    }
    pub(crate) use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::{Arc, RwLock};

    /// A static that each run of a model has anew.
    macro_rules! per_process {
        (static $name:ident: $type:ty = $value:expr;) => {
            loom::lazy_static! { static ref $name: $type = $value; }
        };
    }
    pub(crate) use per_process;

    /// `std`'s, with loom's threads, which know no initialiser that is a constant.
    macro_rules! per_thread {
        (static $name:ident: $type:ty = const $value:block;) => {
            loom::thread_local! { static $name: $type = $value; }
        };
    }
    pub(crate) use per_thread;

    /// Stands for `atomic_waker::AtomicWaker`: what `register` put in, one `wake` takes out and calls.
    ///
    /// It synchronises more than the real one, which matters only to a thread that gets as far as calling `wake`.
    #[derive(Debug)]
    pub(crate) struct AtomicWaker(loom::sync::Mutex<Option<Waker>>);

    impl Default for AtomicWaker {
        fn default() -> Self {
            Self(loom::sync::Mutex::new(None))
        }
    }

    impl AtomicWaker {
        pub(crate) fn register(&self, waker: &Waker) {
            let mut slot = self.0.lock().expect("no model panics while it holds this");
            *slot = Some(waker.clone());
        }

        pub(crate) fn wake(&self) {
            let taken = self
                .0
                .lock()
                .expect("no model panics while it holds this")
                .take();
            if let Some(waker) = taken {
                waker.wake();
            }
        }
    }
}
