//! Waking, after the lock was let go.

use alloc::vec::Vec;
use core::task::Waker;

/// Wakes each of them. One that panics keeps no other from being woken; the first panic then goes on, unless the thread is unwinding already.
#[cfg(feature = "std")]
pub(crate) fn wake_all(wakers: Vec<Waker>) {
    use core::panic::AssertUnwindSafe;
    use std::panic::{catch_unwind, resume_unwind};

    let mut first = None;
    for waker in wakers {
        // What a waker leaves half done is its own.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            first.get_or_insert(panic);
        }
    }
    if let Some(panic) = first
        && !std::thread::panicking()
    {
        resume_unwind(panic);
    }
}

/// Wakes each of them, up to one that panics, where panics do not end the program.
#[cfg(not(feature = "std"))]
pub(crate) fn wake_all(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}
