//! Received bytes in a slot that the kernel may still be filling behind them.

use std::fmt;
use std::ops::{Deref, Range};
use std::slice;

use pool_core::{Shared, StableBytes};

/// Received bytes, in a slot that the kernel may go on filling behind them: what [`RecvRing::incremental`](crate::RecvRing::incremental) gives.
///
/// It derefs to its own bytes only, and clones, crosses threads and guards a send as a `Shared` does. The slot comes home when its last part is
/// dropped and the kernel is done with it.
///
/// - **PART-1** The kernel was told to fill `range` once, and said that it has: nobody writes these bytes while the share lives.
/// - **PART-2** Of other bytes of the slot no reference is made, unless the kernel is done with the slot.
#[derive(Clone)]
pub struct Part {
    shared: Shared,
    range: Range<usize>,
    /// Whether the kernel was done with the slot when it told of this part.
    is_last: bool,
}

impl Part {
    /// The caller vouches for PART-1, and for `is_last`.
    pub(crate) fn assume(shared: Shared, range: Range<usize>, is_last: bool) -> Self {
        assert!(range.start <= range.end && range.end <= shared.slot_bytes());
        Self {
            shared,
            range,
            is_last,
        }
    }

    /// How many bytes this keeps from being received into: the slot.
    #[must_use]
    pub fn retained_bytes(&self) -> usize {
        self.shared.slot_bytes()
    }

    /// The share of the slot, and where in it the bytes are.
    ///
    /// A share reads the whole slot. So it is given only when the kernel is done with that: for the part that filled it up, and for one that is the
    /// only one left.
    ///
    /// # Errors
    ///
    /// Gives the part back while the kernel may write to the slot.
    pub fn try_into_shared(self) -> Result<(Shared, Range<usize>), Self> {
        // The ring keeps a share of a slot that the kernel may fill. If ours is the only one, it has let go.
        if self.is_last || self.shared.sharers() == 1 {
            return Ok((self.shared, self.range));
        }
        Err(self)
    }
}

impl Deref for Part {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let start = self.shared.as_ptr().wrapping_add(self.range.start);
        // SAFETY: validity: inside the slot (asserted in `assume`), which the share keeps, and initialised as all of a pool's bytes are. Aliasing:
        // nobody writes them (PART-1), and the reference is to no other byte (PART-2).
        unsafe { slice::from_raw_parts(start, self.range.len()) }
    }
}

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

// SAFETY: a slot lies in a region that never moves and lives as long as the share; nobody writes the part's bytes meanwhile (PART-1).
unsafe impl StableBytes for Part {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("range", &self.range)
            .field("is_last", &self.is_last)
            .finish_non_exhaustive()
    }
}
