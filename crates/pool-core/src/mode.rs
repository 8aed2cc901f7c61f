//! Whether the caches are their owners' alone, or open to everybody.
//!
//! ```text
//!            a miss            nothing found             enough slots in the list
//!  Normal ----------> Sweeping ------------> Starving ---------------------------> Leaving --> Normal
//!     ^                  ^  |                                                        |
//!     |                  |  +---------------- enough slots in the list ----------->  |
//!     |                  +------------------------- a miss --------------------------+
//!  Starving --somebody waits--> Awaited --nobody waits any more--> Starving
//!  any of them --close--> Closed, for ever
//! ```
//!
//! - *Normal*: owners push and pop with plain loads and stores.
//! - *Sweeping*: thieves may take from every magazine. Owners take from the top by exchange too, and what they free goes to the shared list.
//! - *Starving*: as Sweeping, and a sweep of this epoch has seen every magazine empty. So the shared list alone decides whether a slot is free: an
//!   alloc that finds it empty while this state lasts has its proof and needs no system call.
//! - *Awaited*: as Starving, while somebody waits for a slot (`waiting.rs`). Only the waiters' lock leads here from Starving, and back.
//! - *Leaving*: no thief begins any more; the ones on their way have at most one exchange to go.
//!
//! # Why a slot cannot hide
//!
//! Who frees to a magazine stores the bottom, passes a light fence, and reads the mode. Who sweeps sets the mode, passes a heavy fence, and reads
//! the bottoms. So either the sweeper sees the slot, or the freeing thread sees the mode, and then moves the slot to the list itself before its call returns.
//! Until it does, the slot is in that caller's hands.
//!
//! Who allocates from a magazine stores a lower bottom, passes a light fence, and reads the mode, or the top. If it may not keep what it hid by that, it shows it again; and
//! a sweeper that had passed meanwhile has set the mode, which the allocating thread sees before its call takes anything else: it then moves its whole hand to the list
//! (`take_from_anywhere`, `take_many`).

use crate::fences;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Normal,
    Sweeping,
    Starving,
    /// Starving, and not to be left: somebody waits for a slot.
    Awaited,
    Leaving,
    Closed,
}

impl Phase {
    /// Whether anybody may take from a magazine.
    pub(crate) fn is_open(self) -> bool {
        match self {
            Self::Sweeping | Self::Starving | Self::Awaited | Self::Closed => true,
            Self::Normal | Self::Leaving => false,
        }
    }
}

/// A phase and the epoch it belongs to.
///
/// | bits  | meaning                                        |
/// |-------|------------------------------------------------|
/// | 31..3 | epoch, one higher with each new sweep          |
/// | 2..0  | phase                                          |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Word(u32);

const PHASE_BITS: u32 = 3;
const PHASE_MASK: u32 = (1 << PHASE_BITS) - 1;
const NORMAL: u32 = 0;
const SWEEPING: u32 = 1;
const STARVING: u32 = 2;
const LEAVING: u32 = 3;
const CLOSED: u32 = 4;
const AWAITED: u32 = 5;

impl Word {
    pub(crate) fn phase(self) -> Phase {
        match self.0 & PHASE_MASK {
            NORMAL => Phase::Normal,
            SWEEPING => Phase::Sweeping,
            STARVING => Phase::Starving,
            AWAITED => Phase::Awaited,
            LEAVING => Phase::Leaving,
            _ => Phase::Closed,
        }
    }

    fn to(self, phase: u32) -> Self {
        Self(self.0 & !PHASE_MASK | phase)
    }

    fn next_sweep(self) -> Self {
        Self(self.0.wrapping_add(1 << PHASE_BITS)).to(SWEEPING)
    }
}

#[derive(Debug)]
pub(crate) struct Mode(AtomicU32);

impl Mode {
    pub(crate) fn normal() -> Self {
        Self(AtomicU32::new(NORMAL))
    }

    /// For owners, after a light fence.
    #[inline]
    pub(crate) fn is_normal(&self) -> bool {
        // [MODE-OWNER] Acquire: the top of a magazine that is read after it is no older than the heavy fence before this mode: a light
        // fence before both does not keep them in order. What orders it against [MODE-SWEEP] and [MODE-CLOSE] is that fence, with
        // the heavy one. Pairs with [MODE-NORMAL].
        self.0.load(Acquire) & PHASE_MASK == NORMAL
    }

    /// For thieves, after their fence: whether the epoch for which they passed a heavy one, after `since`, still lasts. In the next
    /// one an owner may not have passed its heavy fence yet, and pop what a thief takes.
    pub(crate) fn may_steal(&self, since: Word) -> bool {
        // Relaxed: ordered by the fence in `steal` against the heavy one in [MODE-LEAVE].
        let now = Word(self.0.load(Relaxed));
        now == since || now == since.to(STARVING) || now == since.to(AWAITED)
    }

    /// For owners who take from their own magazines as thieves do, after their fence: no heavy one is needed against oneself.
    pub(crate) fn is_open(&self) -> bool {
        // Relaxed: as in `may_steal`.
        Word(self.0.load(Relaxed)).phase().is_open()
    }

    pub(crate) fn load(&self) -> Word {
        // [MODE-READ] Acquire: who sees Starving sees what its sweep saw. Pairs with [MODE-STARVE], [MODE-SWEEP], [MODE-LEAVE],
        // [MODE-NORMAL] and [MODE-CLOSE].
        Word(self.0.load(Acquire))
    }

    /// Opens the magazines to this thread as a thief, while the epoch of the answer lasts. `None` if the pool is closed.
    pub(crate) fn begin_sweep(&self) -> Option<Word> {
        let mut seen = self.load();
        let word = loop {
            match seen.phase() {
                Phase::Closed => return None,
                Phase::Sweeping | Phase::Starving | Phase::Awaited => break seen,
                Phase::Normal | Phase::Leaving => {}
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
        let leaving = seen.to(LEAVING);
        let may_leave = match seen.phase() {
            Phase::Leaving => true,
            Phase::Sweeping | Phase::Starving => {
                // [MODE-LEAVE] AcqRel: thieves are ordered by the heavy fence below. Pairs with [MODE-READ] and
                // [STEAL-FENCE].
                self.0
                    .compare_exchange(seen.0, leaving.0, AcqRel, Relaxed)
                    .is_ok()
            }
            Phase::Normal | Phase::Awaited | Phase::Closed => false,
        };
        if may_leave {
            fences::heavy();
            // [MODE-NORMAL] AcqRel: only from the state that the fence was for. Pairs with [MODE-READ] and
            // [MODE-OWNER].
            let _ = self
                .0
                .compare_exchange(leaving.0, seen.to(NORMAL).0, AcqRel, Relaxed);
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
