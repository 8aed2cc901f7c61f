//! A digest that is computed once and found by everybody afterwards.

use core::fmt;
use core::ops::Range;

use crate::sync::UnsafeCell;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A place beside shared bytes for one digest of 32 bytes (SHA-256, BLAKE3) of one range of them.
///
/// The first who has a digest keeps it here; nobody waits, neither for a lock nor for another who is about to keep one.
///
/// ```
/// let cell = pool_core::DigestCell::new();
/// assert_eq!(cell.get(&(0..3)), None);
/// cell.keep(&(0..3), [7; 32]);
/// cell.keep(&(1..2), [8; 32]); // too late
/// assert_eq!((cell.get(&(0..3)), cell.get(&(1..2))), (Some([7; 32]), None));
/// ```
///
/// - **DIGEST-1** `kept` is written by who brought `state` from `EMPTY` to `BEING_KEPT`, before the state becomes `KEPT`; and by nobody from then on, until
///   who has the cell alone empties it.
#[repr(C)]
pub struct DigestCell {
    state: AtomicU32,
    kept: UnsafeCell<Kept>,
}

const EMPTY: u32 = 0;
const BEING_KEPT: u32 = 1;
const KEPT: u32 = 2;

/// Any bits are one.
#[derive(Clone, Copy)]
#[repr(C)]
struct Kept {
    start: u32,
    len: u32,
    digest: [u8; 32],
}

// SAFETY: what lies in the cell is read when nobody writes it any more, and written by one (DIGEST-1).
unsafe impl Sync for DigestCell {}

impl DigestCell {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: AtomicU32::new(EMPTY),
            kept: UnsafeCell::new(Kept {
                start: 0,
                len: 0,
                digest: [0; 32],
            }),
        }
    }

    /// The digest, if it is of this very range. Cost: one load, and a copy of 32 bytes.
    ///
    /// Another thread may keep one at any time; one that was seen stays.
    #[inline]
    #[must_use]
    pub fn get(&self, range: &Range<usize>) -> Option<[u8; 32]> {
        // [DIGEST-READ] Acquire: what was kept is visible. Pairs with [DIGEST-KEEP].
        if self.state.load(Acquire) != KEPT {
            return None;
        }
        self.kept.with(|kept| {
            // SAFETY: validity: inside `self`, and any bits are one. Aliasing: nobody writes it while it is kept (DIGEST-1).
            let kept = unsafe { &*kept };
            let is_same = kept.start as usize == range.start && kept.len as usize == range.len();
            is_same.then_some(kept.digest)
        })
    }

    /// Keeps `digest` as that of `range`, unless there is one already, or another thread is about to keep one.
    ///
    /// A range whose start or length does not fit 32 bits is not kept.
    pub fn keep(&self, range: &Range<usize>, digest: [u8; 32]) {
        let (Ok(start), Ok(len)) = (u32::try_from(range.start), u32::try_from(range.len())) else {
            return;
        };
        // Relaxed, both: only says whose turn it is. Who emptied the cell had it alone, and gave it to us by other means.
        let won = self
            .state
            .compare_exchange(EMPTY, BEING_KEPT, Relaxed, Relaxed);
        if won.is_err() {
            return;
        }
        let kept = Kept { start, len, digest };
        self.kept.with_mut(|place| {
            // SAFETY: validity: inside `self`. Aliasing: one wins the exchange, and nobody reads before the store below (DIGEST-1).
            unsafe { place.write(kept) }
        });
        // [DIGEST-KEEP] Release: whoever sees KEPT sees what was kept. Pairs with [DIGEST-READ].
        self.state.store(KEPT, Release);
    }

    /// Forgets what is kept.
    ///
    /// # Safety
    ///
    /// The caller has the cell alone: everybody else's use of it happened before this call, and happens after it only if the caller lets them.
    pub(crate) unsafe fn empty(&self) {
        // Relaxed: who uses the cell next gets it from the caller.
        self.state.store(EMPTY, Relaxed);
    }
}

impl Default for DigestCell {
    fn default() -> Self {
        Self::new()
    }
}

/// Never prints the digest.
impl fmt::Debug for DigestCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: any answer was true at some instant of the call.
        let is_kept = self.state.load(Relaxed) == KEPT;
        f.debug_struct("DigestCell")
            .field("is_kept", &is_kept)
            .finish_non_exhaustive()
    }
}
