//! One number per living instance, so that another instance's completion is foreign and never ours.

use std::sync::{Mutex, PoisonError};

use crate::error::SetupError;

const NONCES: usize = 1 << 16;

/// Which numbers are taken. A bit per number, and where the search went on last time.
struct Taken {
    words: [u64; NONCES / 64],
    next: usize,
}

/// Never given out: marks a number that is not to be given back.
const RETIRED: u16 = 0;

/// Far from 0: a receive ring's number is its buffer group's too, and other code on the same ring counts its groups from 0.
const FIRST: usize = 1 << 15;

/// 0 stays free for the `user_data` of other code on the same ring, which is often a small number.
static TAKEN: Mutex<Taken> = Mutex::new(Taken {
    words: [0; NONCES / 64],
    next: FIRST,
});

/// An instance's number. Given back when dropped, unless it was retired because the kernel may still name it.
#[derive(Debug)]
pub(crate) struct Nonce(u16);

impl Nonce {
    pub(crate) fn take() -> Result<Self, SetupError> {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let start = taken.next;
        let free = (0..NONCES)
            .map(|step| (start + step) % NONCES)
            .find(|number| *number != 0 && taken.words[number / 64] & (1 << (number % 64)) == 0)
            .ok_or(SetupError::TooManyInstances { bound: NONCES - 1 })?;
        taken.words[free / 64] |= 1 << (free % 64);
        taken.next = (free + 1) % NONCES;
        Ok(Self(
            u16::try_from(free).expect("below 2^16 by the modulo above"),
        ))
    }

    pub(crate) fn number(&self) -> u16 {
        self.0
    }

    /// Keeps the number taken for ever: completions that bear it may still come.
    pub(crate) fn retire(&mut self) {
        self.0 = RETIRED;
    }
}

impl Drop for Nonce {
    fn drop(&mut self) {
        if self.0 == RETIRED {
            return;
        }
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let number = usize::from(self.0);
        taken.words[number / 64] &= !(1 << (number % 64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn living_nonces_differ_and_a_dropped_one_is_not_reused_at_once() {
        let first = Nonce::take().expect("nonces are free");
        let second = Nonce::take().expect("nonces are free");
        assert_ne!(first.number(), second.number());
        assert_ne!(first.number(), 0);
        let gone = first.number();
        drop(first);
        let third = Nonce::take().expect("nonces are free");
        assert_ne!(third.number(), gone);
        assert_ne!(third.number(), second.number());
    }
}
