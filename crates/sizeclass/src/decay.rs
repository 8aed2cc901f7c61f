//! When idle memory is looked at, and what idled the last time.

use alloc::boxed::Box;
use core::time::Duration;

use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::Relaxed;

/// Bytes of one class that idled when it was last looked at.
#[derive(Debug, Default)]
pub(crate) struct IdleBefore(AtomicUsize);

impl IdleBefore {
    pub(crate) fn get(&self) -> usize {
        // Relaxed: decides only how much is given back.
        self.0.load(Relaxed)
    }

    pub(crate) fn set(&self, bytes: usize) {
        // Relaxed: as in `get`.
        self.0.store(bytes, Relaxed);
    }
}

/// The clock of a pool's decay. Nobody's thread: it is looked at by calls that are slow anyway, and by `tick`.
#[derive(Debug)]
pub(crate) struct Decay {
    idle_before: Box<[IdleBefore]>,
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "there is no clock"))]
    interval: Option<Duration>,
    #[cfg(feature = "std")]
    begin: std::time::Instant,
    /// When the next step is due, in milliseconds after the beginning.
    #[cfg(feature = "std")]
    next: crate::sync::atomic::AtomicU64,
}

impl Decay {
    pub(crate) fn new(classes: usize, interval: Option<Duration>) -> Self {
        Self {
            idle_before: (0..classes).map(|_| IdleBefore::default()).collect(),
            interval,
            #[cfg(feature = "std")]
            begin: std::time::Instant::now(),
            #[cfg(feature = "std")]
            next: crate::sync::atomic::AtomicU64::new(interval.map_or(u64::MAX, in_millis)),
        }
    }

    pub(crate) fn idle_before(&self) -> &[IdleBefore] {
        &self.idle_before
    }

    /// Whether a step is due; the caller is the one to do it then.
    #[cfg(feature = "std")]
    pub(crate) fn is_due(&self) -> bool {
        let Some(interval) = self.interval else {
            return false;
        };
        let now = in_millis(self.begin.elapsed());
        // Relaxed, all: who wins decides only who does the step.
        let due = self.next.load(Relaxed);
        let next = now.saturating_add(in_millis(interval));
        now >= due
            && self
                .next
                .compare_exchange(due, next, Relaxed, Relaxed)
                .is_ok()
    }

    /// Without a clock, a step is due when `tick` is called.
    #[cfg(not(feature = "std"))]
    #[expect(clippy::unused_self, reason = "the same face as with `std`")]
    pub(crate) fn is_due(&self) -> bool {
        false
    }
}

#[cfg(feature = "std")]
fn in_millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
