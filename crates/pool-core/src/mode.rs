//! Whether the caches are their owners' alone, or open to everybody.
//!
//! ```text
//!            a miss            nothing found
//!  Normal ----------> Sweeping ------------> Starving --somebody waits--> Awaited
//!     ^                   |                   |    ^                         |
//!     +-------------------+-------------------+    +--nobody waits any more--+
//!           enough slots in the list
//!  any of them --close--> Closed, for ever
//! ```
//!
//! - *Normal*: owners push and pop with plain loads and stores, each magazine once it is settled for this epoch (`magazine.rs`).
//! - *Sweeping*: thieves may take from every magazine. Owners take with an exchange too, and what they free goes to the shared list.
//! - *Starving*: as Sweeping, and a sweep of this epoch has seen every magazine empty. So the shared list alone decides whether a slot is free: an
//!   alloc that finds it empty while this state lasts has its proof and needs no system call.
//! - *Awaited*: as Starving, while somebody waits for a slot (`waiting.rs`). Only the waiters' lock leads here from Starving, and back.
//!
//! A thief may still be on its way when the mode is normal again, with one exchange to go: see `magazine.rs`.
//!
//! # Why a slot cannot hide
//!
//! Who frees to a magazine stores the bottom, passes a light fence, and reads the mode. Who sweeps sets the mode, passes a heavy fence, and reads
//! the bottoms. So either the sweeper sees the slot, or the freeing thread sees the mode, and then moves the slot to the list itself before its call returns.
//! Until it does, the slot is in that caller's hands.
//!
//! Who allocates from a magazine takes what it hides from a sweep: see `magazine.rs`.

use crate::fences;
use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Normal,
    Sweeping,
    Starving,
    /// Starving, and not to be left: somebody waits for a slot.
    Awaited,
    Closed,
}

impl Phase {
    /// Whether anybody may take from a magazine.
    pub(crate) fn is_open(self) -> bool {
        match self {
            Self::Sweeping | Self::Starving | Self::Awaited | Self::Closed => true,
            Self::Normal => false,
        }
    }
}

/// A phase and the epoch it belongs to.
///
/// | bits  | meaning                                        |
/// |-------|------------------------------------------------|
/// | 63..3 | epoch, one higher with each new sweep          |
/// | 2..0  | phase                                          |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Word(u64);

const PHASE_BITS: u32 = 3;
const PHASE_MASK: u64 = (1 << PHASE_BITS) - 1;
const NORMAL: u64 = 0;
const SWEEPING: u64 = 1;
const STARVING: u64 = 2;
const AWAITED: u64 = 3;
const CLOSED: u64 = 4;

impl Word {
    /// What a mode begins with: normal, before any sweep.
    pub(crate) const FIRST: Self = Self(NORMAL);

    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    /// The word of [`to_bits`](Self::to_bits).
    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) fn phase(self) -> Phase {
        match self.0 & PHASE_MASK {
            NORMAL => Phase::Normal,
            SWEEPING => Phase::Sweeping,
            STARVING => Phase::Starving,
            AWAITED => Phase::Awaited,
            _ => Phase::Closed,
        }
    }

    fn to(self, phase: u64) -> Self {
        Self(self.0 & !PHASE_MASK | phase)
    }

    fn next_sweep(self) -> Self {
        Self(self.0 + (1 << PHASE_BITS)).to(SWEEPING)
    }
}

#[derive(Debug)]
pub(crate) struct Mode(AtomicU64);

impl Mode {
    pub(crate) fn normal() -> Self {
        Self(AtomicU64::new(Word::FIRST.0))
    }

    /// For owners, after a light fence.
    #[inline]
    pub(crate) fn is_normal(&self) -> bool {
        // Relaxed: what orders it against [MODE-SWEEP] and [MODE-CLOSE] is that fence, with the heavy one.
        self.0.load(Relaxed) & PHASE_MASK == NORMAL
    }

    /// For owners, after a light fence: whether no sweep has begun since the mode was `word`, a normal one.
    #[inline]
    pub(crate) fn is(&self, word: Word) -> bool {
        // Relaxed: as in `is_normal`.
        self.0.load(Relaxed) == word.0
    }

    /// For thieves: whether the epoch for which they passed a heavy one, after `since`, still lasts. In the next
    /// one an owner may not have passed its heavy fence yet, and pop what a thief takes.
    pub(crate) fn may_steal(&self, since: Word) -> bool {
        // Relaxed: no older than what was read before the age's last settling, by [MAG-TOP].
        let now = Word(self.0.load(Relaxed));
        now == since || now == since.to(STARVING) || now == since.to(AWAITED)
    }

    /// For owners who take from their own magazines as thieves do: no heavy one is needed against oneself.
    pub(crate) fn is_open(&self) -> bool {
        // Relaxed: as in `may_steal`.
        Word(self.0.load(Relaxed)).phase().is_open()
    }

    pub(crate) fn load(&self) -> Word {
        // [MODE-READ] Acquire: who sees Starving sees what its sweep saw. Pairs with [MODE-STARVE], [MODE-SWEEP], [MODE-LEAVE]
        // and [MODE-CLOSE].
        Word(self.0.load(Acquire))
    }

    /// Opens the magazines to this thread as a thief, while the epoch of the answer lasts. `None` if the pool is closed.
    pub(crate) fn begin_sweep(&self) -> Option<Word> {
        let mut seen = self.load();
        let word = loop {
            match seen.phase() {
                Phase::Closed => return None,
                Phase::Sweeping | Phase::Starving | Phase::Awaited => break seen,
                Phase::Normal => {}
            }
            let next = seen.next_sweep();
            // [MODE-SWEEP] AcqRel: continues what it replaces. The owners are ordered by the heavy fence below, not by this.
            // Pairs with [MODE-READ].
            match self.0.compare_exchange(seen.0, next.0, AcqRel, Acquire) {
                Ok(_) => break next,
                Err(now) => seen = Word(now),
            }
        };
        fences::heavy();
        Some(word)
    }

    /// A sweep that began with `word` has found every magazine empty.
    pub(crate) fn starve(&self, word: Word) {
        if word.phase() != Phase::Sweeping {
            return;
        }
        // [MODE-STARVE] AcqRel: what the sweep saw is visible to who believes it. Pairs with [MODE-READ]. A failure means that another
        // thread went on from this epoch; the caller looks again.
        let _ = self
            .0
            .compare_exchange(word.0, word.to(STARVING).0, AcqRel, Relaxed);
    }

    /// Keeps a starvation from being left; tells whether there is one. For who has the waiters' lock.
    #[cfg(feature = "std")]
    pub(crate) fn await_slots(&self) -> bool {
        let seen = self.load();
        // Relaxed, both: publishes nothing of its own; as a read-modify-write it continues what [MODE-STARVE] released, so who sees this sees
        // what the sweep saw. After a failure the caller looks again.
        seen.phase() == Phase::Starving
            && self
                .0
                .compare_exchange(seen.0, seen.to(AWAITED).0, Relaxed, Relaxed)
                .is_ok()
    }

    /// Lets the starvation be left again. For who has the waiters' lock.
    #[cfg(feature = "std")]
    pub(crate) fn await_no_more(&self) {
        let seen = self.load();
        if seen.phase() == Phase::Awaited {
            // Relaxed, both: as in `await_slots`. A failure means closed, by the only one who needs no lock for it.
            let _ = self
                .0
                .compare_exchange(seen.0, seen.to(STARVING).0, Relaxed, Relaxed);
        }
    }

    /// Enough slots are in the list: the magazines become their owners' again.
    pub(crate) fn leave(&self) {
        let seen = self.load();
        if matches!(seen.phase(), Phase::Sweeping | Phase::Starving) {
            // [MODE-LEAVE] AcqRel: continues what it replaces. Thieves on their way are the owners' affair, who settle their magazines. Pairs with
            // [MODE-READ]. A failure means that another thread went on from this epoch.
            let _ = self
                .0
                .compare_exchange(seen.0, seen.to(NORMAL).0, AcqRel, Relaxed);
        }
    }

    /// For ever. Opens the magazines to the caller, who empties them.
    pub(crate) fn close(&self) -> Word {
        // [MODE-CLOSE] AcqRel: the last word. Pairs with [MODE-READ].
        self.0.swap(CLOSED, AcqRel);
        fences::heavy();
        Word(CLOSED)
    }
}

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use super::*;

    /// A mode, where the process may use the heavy fence.
    fn mode() -> Option<Mode> {
        fences::is_cheap().then(Mode::normal)
    }

    #[test]
    fn a_starvation_is_not_left_while_it_is_awaited() {
        let Some(mode) = mode() else { return };
        assert!(!mode.await_slots(), "nothing is proven yet");
        let word = mode.begin_sweep().expect("not closed");
        assert!(!mode.await_slots(), "nothing is proven yet");
        mode.starve(word);
        assert!(mode.await_slots());
        let awaited = mode.load();
        mode.leave();
        mode.starve(awaited);
        assert_eq!((mode.load(), mode.begin_sweep()), (awaited, Some(awaited)));
        assert!(mode.may_steal(word) && mode.is_open() && !mode.is_normal());
        mode.await_no_more();
        mode.leave();
        assert!(mode.is_normal());
    }

    #[test]
    fn a_close_is_the_last_word_for_those_who_wait_too() {
        let Some(mode) = mode() else { return };
        let word = mode.begin_sweep().expect("not closed");
        mode.starve(word);
        assert!(mode.await_slots());
        mode.close();
        mode.await_no_more();
        assert_eq!(mode.load().phase(), Phase::Closed);
    }
}
