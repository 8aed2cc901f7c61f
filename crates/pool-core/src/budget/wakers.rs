//! Waking, after the lock was let go.

use alloc::vec::Vec;
use core::task::Waker;
#[cfg(feature = "std")]
use {
    alloc::boxed::Box,
    core::any::Any,
    core::mem,
    core::panic::AssertUnwindSafe,
    std::panic::{catch_unwind, resume_unwind},
};

/// Wakes each of them. One that panics keeps no other from being woken; the first panic then goes on, unless the thread is unwinding already.
#[cfg(feature = "std")]
pub(crate) fn wake_all(wakers: Vec<Waker>) {
    let mut first = None;
    for waker in wakers {
        // What a waker leaves half done is its own.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            match first {
                None => first = Some(panic),
                Some(_) => discard(panic),
            }
        }
    }
    match first {
        Some(panic) if std::thread::panicking() => discard(panic),
        Some(panic) => resume_unwind(panic),
        None => {}
    }
}

/// Drops what a panic said that goes no further. That is somebody else's code too, and may panic: what is said then is forgotten.
#[cfg(feature = "std")]
fn discard(panic: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        mem::forget(again);
    }
}

/// Wakes each of them, up to one that panics, where panics do not end the program.
#[cfg(not(feature = "std"))]
pub(crate) fn wake_all(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}
