//! A clock that allocs read without asking the operating system.

use crate::line::Line;
use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::Relaxed;
use crate::track::coarse_time::CoarseTime;

/// Slow paths and reports advance it, so it is as late as the last of them.
#[derive(Debug)]
pub(crate) struct Clock {
    /// A [`CoarseTime`] in its place in a history word.
    now: Line<AtomicU64>,
    #[cfg(feature = "std")]
    start: std::time::Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            now: Line(AtomicU64::new(0)),
            #[cfg(feature = "std")]
            start: std::time::Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> CoarseTime {
        // Relaxed: a time on its own.
        CoarseTime::from_high_bits(self.now.0.load(Relaxed))
    }

    /// Asks the operating system; tells the milliseconds since the pool was built.
    pub(crate) fn advance(&self) -> u64 {
        let millis = self.millis();
        let time = CoarseTime::from_millis(millis);
        if time > self.now() {
            // Relaxed: a time on its own. The maximum, because another thread may have asked later.
            self.now.0.fetch_max(time.to_high_bits(), Relaxed);
        }
        millis
    }

    #[cfg(feature = "std")]
    fn millis(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    #[cfg(not(feature = "std"))]
    #[expect(clippy::unused_self, reason = "the same face as with a clock")]
    fn millis(&self) -> u64 {
        0
    }
}
