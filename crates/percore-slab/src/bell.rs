//! Waking the other side of a bridge, at the price of a load while it does not wait.
//!
//! A side that found nothing to do *arms* its bell, looks once more, and sleeps. The other side does its part first and *rings*
//! afterwards. What the flag and the waker's cell can say:
//!
//! | `armed` | waker | meaning | next |
//! |---------|-------|---------|------|
//! | no  | none | the waiter runs | it arms, or never waits |
//! | no  | set  | it armed, then found something after all; or a ringer is between its swap and its wake | it arms again; the ringer wakes |
//! | yes | set  | it sleeps, or is about to after one more look | a ringer swaps `armed` to no and wakes; or it disarms |
//! | yes | none | it armed again before an earlier ringer took the waker: that ringer's wake is on its way | it wakes, looks and arms again |
//!
//! In each row a waiter that found nothing either is still to look, or has a wake-up in front of it; so nothing is lost. A
//! wake-up may be one too many. After each, a waiter looks, and arms anew before it sleeps again.
//!
//! # Why fences
//!
//! Each side writes one word and reads the other's: the ringer the queue and then `armed`, the waiter `armed` and then the queue.
//! If each could read the old value, the waiter would sleep for ever beside a full queue. No weaker ordering than a fence on each side forbids
//! that. The waiter's is the heavy one: it is about to sleep, which costs more. So a ringer pays for a load.
//!
//! Every *write* to `armed` is an exchange, though, and none is on a hot path: so each continues the one before, and a swap that
//! found the bell not armed cannot be ordered behind, and so undo, an arming that came later. (Coherence alone says the same; loom
//! 0.7 keeps only the order of exchanges.)

use core::fmt;
use core::task::Waker;

use crate::fences::Fences;
use crate::sync::AtomicWaker;
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// One waiter's bell; see the module's head.
pub(crate) struct Bell {
    armed: AtomicBool,
    waker: AtomicWaker,
}

impl Bell {
    pub(crate) fn new() -> Self {
        Self {
            armed: AtomicBool::new(false),
            waker: AtomicWaker::default(),
        }
    }

    /// The waiter's half: after this and the heavy fence that has to follow, whatever the other side does and then rings for is either seen
    /// by the waiter's next look or wakes `waker`. Only one thread arms a bell.
    pub(crate) fn arm(&self, waker: &Waker) {
        self.waker.register(waker);
        // [BELL-ARM] Release: the waker is in its cell before anybody wants to wake it. Pairs with [BELL-TAKE].
        self.armed.swap(true, Release);
    }

    /// The waiter found something after all: nobody needs to wake it.
    pub(crate) fn disarm(&self) {
        // Relaxed: publishes nothing; a ringer that still sees it armed wakes once too often.
        self.armed.swap(false, Relaxed);
    }

    /// The other side's half, after what it did.
    #[inline]
    pub(crate) fn ring(&self, fences: Fences) {
        fences.light();
        // Relaxed: ordered by the fence; see the module's head.
        if self.armed.load(Relaxed) {
            self.wake();
        }
    }

    #[cold]
    fn wake(&self) {
        // [BELL-TAKE] Acquire: the waker that was put in before arming is in its cell. Pairs with [BELL-ARM].
        if self.armed.swap(false, Acquire) {
            self.waker.wake();
        }
    }
}

impl fmt::Debug for Bell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: for a reader's eyes.
        let armed = self.armed.load(Relaxed);
        f.debug_struct("Bell")
            .field("armed", &armed)
            .finish_non_exhaustive()
    }
}
