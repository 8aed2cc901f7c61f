//! A lock for where there is none: who finds it taken spins until it is not.
//!
//! What is done under it is a few additions for each level of a tree of budgets, and nothing of the user's.

use core::fmt;

use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{UnsafeCell, spin_loop};

const FREE: u32 = 0;
const TAKEN: u32 = 1;

/// - **LOCK-1** The value is touched only by the thread that put TAKEN into `state` in place of FREE, until that thread puts FREE back.
pub(crate) struct SpinLock<T> {
    state: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: one thread at a time reaches the value (LOCK-1), so sharing the lock is no more than sending the value to and fro.
unsafe impl<T: Send> Sync for SpinLock<T> {}

/// Puts FREE back, also when the work panics.
struct Unlock<'a>(&'a AtomicU32);

impl Drop for Unlock<'_> {
    fn drop(&mut self) {
        // [SPIN-UNLOCK] Release: what was done to the value is visible to who locks next. Pairs with [SPIN-LOCK].
        self.0.store(FREE, Release);
    }
}

impl<T> SpinLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            state: AtomicU32::new(FREE),
            value: UnsafeCell::new(value),
        }
    }

    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        while !self.try_take() {
            // Relaxed: only a reason to try again. A load, which leaves the line where it is as long as the lock is taken.
            while self.state.load(Relaxed) == TAKEN {
                spin_loop();
            }
        }
        let _unlock = Unlock(&self.state);
        self.value.with_mut(|value| {
            // SAFETY:
            // - validity: the cell's own value;
            // - aliasing: this thread alone reaches it until `_unlock` is dropped, after this reference's last use (LOCK-1).
            work(unsafe { &mut *value })
        })
    }

    fn try_take(&self) -> bool {
        // [SPIN-LOCK] Acquire: the value is as its last holder left it. Pairs with [SPIN-UNLOCK].
        // Relaxed, if it fails: nothing was taken.
        let taken = self
            .state
            .compare_exchange_weak(FREE, TAKEN, Acquire, Relaxed);
        taken.is_ok()
    }
}

impl<T> fmt::Debug for SpinLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpinLock").finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn a_panic_lets_go_of_the_lock() {
        let lock = SpinLock::new(1);
        let work = || lock.with(|_| panic!("in the middle"));
        assert!(std::panic::catch_unwind(core::panic::AssertUnwindSafe(work)).is_err());
        assert_eq!(lock.with(|value| *value), 1);
    }
}
