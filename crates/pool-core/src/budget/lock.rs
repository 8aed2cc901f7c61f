//! The lock around the books of one tree of budgets.
//!
//! With `std` it is the standard library's mutex. Without it, a thread that finds the lock taken spins until it is not: what is done under it is
//! a few additions for each level of the tree, and nothing of the user's.

pub(crate) use imp::Lock;

#[cfg(feature = "std")]
mod imp {
    use crate::sync::Mutex;
    use std::sync::PoisonError;

    #[derive(Debug)]
    pub(crate) struct Lock<T>(Mutex<T>);

    impl<T> Lock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(Mutex::new(value))
        }

        #[inline]
        pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
            // Nothing under this lock panics but for a mistake of this crate, and then later callers shall not panic too.
            work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }
}

#[cfg(not(feature = "std"))]
mod imp {
    use core::fmt;

    use crate::sync::atomic::AtomicU32;
    use crate::sync::atomic::Ordering::{Acquire, Release};
    use crate::sync::{UnsafeCell, spin_loop};

    const FREE: u32 = 0;
    const TAKEN: u32 = 1;

    /// - **LOCK-1** The value is touched only by the thread that put TAKEN into `state` in place of FREE, until that thread puts FREE back.
    pub(crate) struct Lock<T> {
        state: AtomicU32,
        value: UnsafeCell<T>,
    }

    // SAFETY: one thread at a time reaches the value (LOCK-1), so sharing the lock is no more than sending the value to and fro.
    unsafe impl<T: Send> Sync for Lock<T> {}

    /// Puts FREE back, also when the work panics.
    struct Unlock<'a>(&'a AtomicU32);

    impl Drop for Unlock<'_> {
        fn drop(&mut self) {
            // [SPIN-UNLOCK] Release: what was done to the value is visible to who locks next. Pairs with [SPIN-LOCK].
            self.0.store(FREE, Release);
        }
    }

    impl<T> Lock<T> {
        pub(crate) fn new(value: T) -> Self {
            Self {
                state: AtomicU32::new(FREE),
                value: UnsafeCell::new(value),
            }
        }

        pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
            // [SPIN-LOCK] Acquire: the value is as its last holder left it. Pairs with [SPIN-UNLOCK].
            while self.state.swap(TAKEN, Acquire) == TAKEN {
                spin_loop();
            }
            let _unlock = Unlock(&self.state);
            self.value.with_mut(|value| {
                // SAFETY:
                // - validity: the cell's own value;
                // - aliasing: this thread alone reaches it until `_unlock` is dropped, after this reference's last use (LOCK-1).
                work(unsafe { &mut *value })
            })
        }
    }

    impl<T> fmt::Debug for Lock<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("Lock").finish_non_exhaustive()
        }
    }
}
