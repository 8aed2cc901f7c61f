//! What free slots, and the bytes around every slot, must hold in a pool that checks them.
//!
//! Nothing in safe code writes to a slot it does not own. A kernel, a device or a foreign library that was given an address can.

use core::fmt;
use core::ptr::NonNull;

/// What the bytes of a free slot hold. No likely payload, no address, and odd, so that it is no aligned pointer either.
const FREE: u8 = 0xd7;

/// What the bytes before and behind a slot hold.
const ZONE: u8 = 0xb9;

/// Bytes before each slot, and at least so many behind.
pub(crate) const ZONE_BYTES: usize = 32;

/// A slot of a pool that checks, by its place.
///
/// - **GUARD-1** `before` bytes before `base` and `behind` bytes behind its `bytes` are the slot's own zones: in the region, and in no other slot's zones or bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GuardedSlot {
    base: NonNull<u8>,
    bytes: usize,
    behind: usize,
}

/// Where a byte was found to be another than it must be, in bytes from the slot's first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// Inside a free slot.
    WhileFree(usize),
    /// So many bytes before the first one.
    Before(usize),
    /// At or behind the end.
    Behind(usize),
}

impl GuardedSlot {
    /// # Safety
    ///
    /// GUARD-1, with [`ZONE_BYTES`] before; and the caller has the only right to the slot as long as it uses this.
    pub(crate) unsafe fn new(base: NonNull<u8>, bytes: usize, behind: usize) -> Self {
        Self {
            base,
            bytes,
            behind,
        }
    }

    fn before(self) -> NonNull<u8> {
        // SAFETY: so many bytes of the region lie before the slot (GUARD-1).
        unsafe { self.base.sub(ZONE_BYTES) }
    }

    fn end(self) -> NonNull<u8> {
        // SAFETY: the slot's bytes, and its zone behind them, are in the region (GUARD-1).
        unsafe { self.base.add(self.bytes) }
    }

    /// Marks the slot as free.
    pub(crate) fn mark_free(self) {
        // SAFETY: validity: the slot's bytes (GUARD-1). Aliasing: the caller has the only right to them (promise of `new`).
        unsafe { self.base.write_bytes(FREE, self.bytes) }
    }

    /// Marks the bytes around the slot as nobody's.
    pub(crate) fn mark_zones(self) {
        // SAFETY: validity: the slot's zone (GUARD-1). Aliasing: it goes with the slot (promise of `new`).
        unsafe { self.before().write_bytes(ZONE, ZONE_BYTES) }
        // SAFETY: validity: the slot's zone (GUARD-1). Aliasing: it goes with the slot (promise of `new`).
        unsafe { self.end().write_bytes(ZONE, self.behind) }
    }

    /// The first byte that somebody wrote while the slot was free.
    pub(crate) fn check_free(self) -> Option<Damage> {
        // SAFETY: validity: the slot's bytes (GUARD-1). Aliasing: the caller has the only right to them (promise of `new`).
        let mut written = unsafe { others(self.base, self.bytes, FREE) };
        written.next().map(Damage::WhileFree)
    }

    /// The byte nearest to the slot that somebody wrote beside it.
    pub(crate) fn check_zones(self) -> Option<Damage> {
        // SAFETY: validity: the slot's zone (GUARD-1). Aliasing: it goes with the slot (promise of `new`).
        let mut behind = unsafe { others(self.end(), self.behind, ZONE) };
        if let Some(at) = behind.next() {
            return Some(Damage::Behind(self.bytes + at));
        }
        // SAFETY: validity: the slot's zone (GUARD-1). Aliasing: it goes with the slot (promise of `new`).
        let mut before = unsafe { others(self.before(), ZONE_BYTES, ZONE) };
        before.next_back().map(|at| Damage::Before(ZONE_BYTES - at))
    }
}

/// Which of the bytes from `first` on are not as expected. Each is read for itself and no reference is made: who wrote where it should not may be writing still.
///
/// # Safety
///
/// So many bytes are in a region that lives as long as the answer, and no code of this program writes to them meanwhile.
unsafe fn others(
    first: NonNull<u8>,
    bytes: usize,
    expected: u8,
) -> impl DoubleEndedIterator<Item = usize> {
    (0..bytes).filter(move |at| {
        // SAFETY: this function's own promise.
        unsafe { first.as_ptr().wrapping_add(*at).read_volatile() != expected }
    })
}

/// Never says what was found: it may be somebody's payload.
impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WhileFree(at) => write!(f, "written at byte {at} while it was free"),
            Self::Before(by) => write!(f, "underrun: written at byte -{by}, before its first"),
            Self::Behind(at) => write!(f, "overrun: written at byte {at}, behind its last"),
        }
    }
}
