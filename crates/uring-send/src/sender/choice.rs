//! Whether a destination's next send is to be zero-copy: learned from what the kernel says about the last ones.
//!
//! ```text
//! Untried -a large send asks-> Asking -"I copied", or refused-> Stopped -after many large sends-> Untried
//!                                 |                                ^
//!                                 +--"not copied"-> Wins --"I copied", or refused
//! ```
//!
//! Zero copy pays where the device takes the bytes from their pages. Over loopback, to containers on the same machine, and through devices that
//! cannot gather or checksum, the kernel copies after all, later and at a higher price; only its notification says so. So one send
//! asks, all others are copied meanwhile, and after a "no" many large sends pass before the next one asks.

use std::time::Duration;

/// No threshold goes below this: at 4000 bytes a copy was cheaper even when the notification came at once (Zen 4, Linux 6.18, UDP into a black hole: 2343 ns
/// against 2799; at 8000 bytes 3016 against 2851).
const LEAST_FROM: usize = 8 * 1024;
/// No threshold is raised beyond this: what is so large is worth holding.
const MOST_FROM: usize = 1024 * 1024;
/// A notification that comes later says that the memory is held for long: fewer sends are worth that.
const LATE: Duration = Duration::from_millis(200);
/// So many notifications in time, one after the other, lower the threshold by half.
const PROMPT_RUN: u32 = 32;
/// So many large sends are copied after the first "no"; after each further one four times as many.
const FIRST_PAUSE: u32 = 1024;
const LAST_PAUSE: u32 = FIRST_PAUSE << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Untried,
    Asking,
    Wins,
    /// So many large sends are still to be copied.
    Stopped(u32),
}

/// One destination's threshold and what it was learned from.
#[derive(Debug)]
pub(crate) struct Choice {
    /// From how many bytes on zero copy is worth asking for. `usize::MAX`: never.
    from: usize,
    least: usize,
    state: State,
    pause: u32,
    prompt: u32,
}

impl Choice {
    /// Begins with a threshold of `from` bytes, which learning does not lower below the lesser of it and 8 KiB.
    pub(crate) fn new(from: usize) -> Self {
        Self {
            from,
            least: from.min(LEAST_FROM),
            state: State::Untried,
            pause: FIRST_PAUSE,
            prompt: 0,
        }
    }

    /// Whether a send with so many guarded bytes is to be zero-copy. Counts it.
    pub(crate) fn asks(&mut self, bytes: usize) -> bool {
        if bytes < self.from || self.from == usize::MAX {
            return false;
        }
        match &mut self.state {
            State::Wins => true,
            State::Asking => false,
            State::Stopped(left) if *left > 0 => {
                *left -= 1;
                false
            }
            State::Untried | State::Stopped(_) => {
                self.state = State::Asking;
                true
            }
        }
    }

    /// A notification came `delay` after its send was submitted, and said whether the kernel copied.
    pub(crate) fn notified(&mut self, copied: bool, delay: Duration) {
        if copied {
            return self.refused();
        }
        self.state = State::Wins;
        self.pause = FIRST_PAUSE;
        if delay > LATE {
            self.prompt = 0;
            self.from = (self.from * 2).min(MOST_FROM.max(self.from));
            return;
        }
        self.prompt += 1;
        if self.prompt == PROMPT_RUN {
            self.prompt = 0;
            self.from = (self.from / 2).max(self.least);
        }
    }

    /// The kernel would not, or did not, do without a copy.
    pub(crate) fn refused(&mut self) {
        if matches!(self.state, State::Stopped(_)) {
            return;
        }
        self.state = State::Stopped(self.pause);
        self.pause = (self.pause * 4).min(LAST_PAUSE);
        self.prompt = 0;
    }

    /// A send that asked is over, and nothing was learned from it.
    pub(crate) fn unanswered(&mut self) {
        if self.state == State::Asking {
            self.state = State::Untried;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(1);
    const LARGE: usize = 64 * 1024;

    fn asked(choice: &mut Choice, times: u32) -> u32 {
        (0..times).map(|_| u32::from(choice.asks(LARGE))).sum()
    }

    #[test]
    fn one_send_asks_and_the_others_are_copied_until_it_is_answered() {
        let mut choice = Choice::new(LARGE);
        assert!(!choice.asks(LARGE - 1));
        assert_eq!(asked(&mut choice, 100), 1);
        choice.unanswered();
        assert_eq!(asked(&mut choice, 100), 1);
        choice.notified(false, SOON);
        assert_eq!(asked(&mut choice, 100), 100);
    }

    #[test]
    fn a_copy_stops_it_for_longer_each_time() {
        let mut choice = Choice::new(LARGE);
        assert!(choice.asks(LARGE));
        let mut pause = FIRST_PAUSE;
        for _ in 0..7 {
            choice.notified(true, SOON);
            choice.refused(); // A second word about the same thing changes nothing.
            assert_eq!(asked(&mut choice, pause), 0);
            assert_eq!(asked(&mut choice, 100), 1, "after {pause}");
            pause = (pause * 4).min(LAST_PAUSE);
        }
        choice.notified(false, SOON);
        choice.refused();
        assert_eq!(asked(&mut choice, FIRST_PAUSE + 1), 1, "as at first");
    }

    #[test]
    fn the_threshold_follows_the_delay_within_its_bounds() {
        let mut choice = Choice::new(32 * 1024);
        assert!(choice.asks(32 * 1024));
        for _ in 0..PROMPT_RUN {
            assert!(!choice.asks(16 * 1024));
            choice.notified(false, SOON);
        }
        assert!(choice.asks(16 * 1024));
        for _ in 0..10 * PROMPT_RUN {
            choice.notified(false, SOON);
        }
        assert!(choice.asks(LEAST_FROM) && !choice.asks(LEAST_FROM - 1));
        for _ in 0..100 {
            choice.notified(false, 2 * LATE);
        }
        assert!(choice.asks(MOST_FROM) && !choice.asks(MOST_FROM - 1));
    }

    #[test]
    fn a_threshold_given_is_neither_raised_to_ours_nor_overflows() {
        let mut choice = Choice::new(1);
        assert!(choice.asks(1));
        for _ in 0..1000 {
            choice.notified(false, SOON);
        }
        assert!(choice.asks(1) && !choice.asks(0));
        let mut never = Choice::new(usize::MAX);
        assert!(!never.asks(usize::MAX));
        let mut high = Choice::new(1 << 40);
        assert!(high.asks(1 << 40));
        high.notified(false, 2 * LATE);
        assert!(high.asks(1 << 40), "raised no further than our own bound");
    }
}
