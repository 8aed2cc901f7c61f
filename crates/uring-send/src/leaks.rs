//! What was leaked on purpose, because the kernel may still use it.

use std::sync::Mutex;
use std::sync::PoisonError;

/// What this process leaked on purpose so far. Leaking is the safe answer to being dropped with operations in flight: the
/// kernel says when it is done, and nobody is there to hear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Leaks {
    /// Sends whose memory, guards and socket were leaked with their [`InFlight`](crate::InFlight).
    pub sends: u64,
    /// Pool slots that a dropped [`RecvRing`](crate::RecvRing) or [`FileReads`](crate::FileReads) had given to the kernel.
    pub receive_buffers: u64,
    /// Sockets, files and event counters that armed operations may still name.
    pub descriptors: u64,
}

static LEAKS: Mutex<Leaks> = Mutex::new(Leaks {
    sends: 0,
    receive_buffers: 0,
    descriptors: 0,
});

/// What this process leaked on purpose so far.
#[must_use]
pub fn leaks() -> Leaks {
    *LEAKS.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn count(add: impl FnOnce(&mut Leaks)) {
    add(&mut LEAKS.lock().unwrap_or_else(PoisonError::into_inner));
}
