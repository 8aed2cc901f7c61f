//! A list that any thread adds to, and one takes whole.
//!
//! Neither waits for the other: an addition is one compare-exchange, tried again only if another one came first, and whoever takes sees what was added and never
//! what is about to be.

use alloc::boxed::Box;
use core::iter;
use core::ptr;

use crate::sync::atomic::AtomicPtr;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// - **ARRIVALS-1** `newest` heads a list of boxes made raw, each of which this list alone has. Who exchanges it for nothing has them alone.
pub(crate) struct Arrivals<T> {
    newest: AtomicPtr<Arrival<T>>,
}

struct Arrival<T> {
    value: T,
    older: *mut Arrival<T>,
}

// SAFETY: it owns its values, and hands them to whoever takes them.
unsafe impl<T: Send> Send for Arrivals<T> {}
// SAFETY: a reference adds values and takes them, and shows none that stays.
unsafe impl<T: Send> Sync for Arrivals<T> {}

impl<T> Arrivals<T> {
    pub(crate) fn new() -> Self {
        Self {
            newest: AtomicPtr::new(ptr::null_mut()),
        }
    }

    #[cfg_attr(
        not(feature = "std"),
        expect(dead_code, reason = "there are no mailboxes")
    )]
    pub(crate) fn add(&self, value: T) {
        // Relaxed: only compared and stored.
        let mut older = self.newest.load(Relaxed);
        let added = Box::into_raw(Box::new(Arrival { value, older }));
        loop {
            // [ARRIVAL] Release: the value, and what is older, are written before they can be taken. Pairs with [ARRIVALS-TAKEN].
            let exchanged = self
                .newest
                .compare_exchange_weak(older, added, Release, Relaxed);
            let Err(now) = exchanged else { return };
            older = now;
            // SAFETY: validity: made above. Aliasing: not in the list yet.
            unsafe { (*added).older = older };
        }
    }

    /// Whether there was nothing at some instant of the call.
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: what is there is taken by an exchange of its own.
        self.newest.load(Relaxed).is_null()
    }

    /// Takes all that was added, the newest first.
    pub(crate) fn take_all(&self) -> impl Iterator<Item = T> {
        // [ARRIVALS-TAKEN] Acquire: all that hangs here. Each addition continues the one before, so this sees them all. Pairs with [ARRIVAL].
        let newest = self.newest.swap(ptr::null_mut(), Acquire);
        let mut rest = Rest(newest);
        iter::from_fn(move || rest.next())
    }
}

/// What was taken and not yet handed on.
struct Rest<T>(*mut Arrival<T>);

impl<T> Rest<T> {
    fn next(&mut self) -> Option<T> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: made raw in `add`, and ours alone since the exchange (ARRIVALS-1).
        let Arrival { value, older } = *unsafe { Box::from_raw(self.0) };
        self.0 = older;
        Some(value)
    }
}

impl<T> Drop for Rest<T> {
    fn drop(&mut self) {
        while self.next().is_some() {}
    }
}

impl<T> Drop for Arrivals<T> {
    fn drop(&mut self) {
        self.take_all().for_each(drop);
    }
}
