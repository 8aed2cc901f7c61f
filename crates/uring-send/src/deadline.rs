//! A moment at which a send's time is over, as the kernel compares it.

use std::time::Duration;

use io_uring::types::Timespec;

/// A moment of `CLOCK_MONOTONIC`, the clock of timeouts in a ring.
///
/// Absolute, so that the rest of a short send has the time that is left, whenever it goes to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deadline(Duration);

impl Deadline {
    /// Beyond the last moment that a kernel's clock of nanoseconds in 64 bits can say: never.
    const NEVER: Duration = Duration::from_secs(u64::MAX >> 1);

    /// So long from now.
    pub(crate) fn after(limit: Duration) -> Self {
        let moment = now().checked_add(limit).unwrap_or(Self::NEVER);
        Self(moment.min(Self::NEVER))
    }

    /// As an entry names it.
    pub(crate) fn timespec(self) -> Timespec {
        Timespec::from(self.0)
    }

    /// What an entry named. `None` of what the kernel refuses, too.
    pub(crate) fn from_words(seconds: i64, nanos: i64) -> Option<Self> {
        let nanos = u32::try_from(nanos).ok().filter(|it| *it < 1_000_000_000)?;
        Some(Self(Duration::new(u64::try_from(seconds).ok()?, nanos)))
    }

    /// How long it is until then.
    pub(crate) fn left(self) -> Duration {
        self.0.saturating_sub(now())
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.left().is_zero()
    }
}

/// Since the clock's beginning. `Instant` is of this clock too, and does not say what it shows.
fn now() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes the live value during the call.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    assert_eq!(answer, 0, "every Linux has this clock");
    let seconds = u64::try_from(time.tv_sec).expect("it begins at zero");
    let nanos = u32::try_from(time.tv_nsec).expect("below a second");
    Duration::new(seconds, nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_has_passed_at_once_and_more_than_a_clock_can_say_never() {
        assert!(Deadline::after(Duration::ZERO).has_passed());
        assert!(!Deadline::after(Duration::from_secs(3600)).has_passed());
        let never = Deadline::after(Duration::MAX);
        assert!(!never.has_passed());
        assert!(never > Deadline::after(Duration::from_secs(1 << 40)));
    }

    #[test]
    fn words_that_are_no_time_are_none() {
        assert_eq!(Deadline::from_words(-1, 0), None);
        assert_eq!(Deadline::from_words(0, -1), None);
        assert_eq!(Deadline::from_words(0, 1_000_000_000), None);
        let one = Deadline::from_words(1, 999_999_999).expect("a time");
        assert!(one.has_passed());
    }
}
