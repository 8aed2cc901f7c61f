//! The only door to atomics and locks: `core`'s in a normal build, loom's in a model.
//!
//! Nothing else in this crate names `core::sync::atomic` or loom, so whatever a model explores is the shipped code.

pub(crate) use imp::*;

/// For counts on their own, which order nothing and decide nothing: `core`'s in a model too, which would only explore what nobody asks.
pub(crate) mod count {
    pub(crate) use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};
}

#[cfg(not(loom))]
mod imp {
    use core::mem::MaybeUninit;
    #[cfg(feature = "std")]
    pub(crate) use std::sync::{Mutex, MutexGuard};

    /// Copies words to the first places of `room`, in one go, which a run of relaxed loads never becomes.
    ///
    /// # Panics
    ///
    /// If `room` is shorter.
    ///
    /// # Safety
    ///
    /// Nobody writes the words meanwhile, and what was written last is visible to the calling thread.
    #[inline]
    pub(crate) unsafe fn read_plainly(words: &[atomic::AtomicU32], room: &mut [MaybeUninit<u32>]) {
        let room = &mut room[..words.len()];
        let words: *const MaybeUninit<u32> = words.as_ptr().cast();
        // SAFETY: validity: as many words as there are places; a word is laid out as a number is. Aliasing: nobody writes
        // them, by this function's own promise; `room` is borrowed.
        unsafe { words.copy_to_nonoverlapping(room.as_mut_ptr(), room.len()) }
    }

    pub(crate) mod atomic {
        #[cfg(feature = "track")]
        pub(crate) use core::sync::atomic::AtomicPtr;
        #[cfg(not(all(feature = "os", target_os = "linux", not(miri))))]
        pub(crate) use core::sync::atomic::fence;
        pub(crate) use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
    }
    #[cfg(not(feature = "std"))]
    pub(crate) use core::hint::spin_loop;

    /// `core`'s cell with the face of loom's.
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }
        #[inline]
        pub(crate) fn with<R>(&self, work: impl FnOnce(*const T) -> R) -> R {
            work(self.0.get())
        }
        #[inline]
        pub(crate) fn with_mut<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
            work(self.0.get())
        }
    }
}

#[cfg(loom)]
mod imp {
    use core::mem::MaybeUninit;

    /// Stands for a plain copy: loom's words are no numbers.
    ///
    /// # Safety
    ///
    /// None is needed here.
    pub(crate) unsafe fn read_plainly(words: &[atomic::AtomicU32], room: &mut [MaybeUninit<u32>]) {
        for (place, word) in room[..words.len()].iter_mut().zip(words) {
            // Relaxed: nobody writes them meanwhile.
            place.write(word.load(atomic::Ordering::Relaxed));
        }
    }

    #[cfg(feature = "std")]
    pub(crate) use loom::sync::{Mutex, MutexGuard};

    pub(crate) mod atomic {
        #[cfg(feature = "track")]
        pub(crate) use loom::sync::atomic::AtomicPtr;
        pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
    }
    // With `std`, only the model of the lock without it wants them.
    #[allow(unused_imports, reason = "see above")]
    pub(crate) use loom::{cell::UnsafeCell, hint::spin_loop};

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
