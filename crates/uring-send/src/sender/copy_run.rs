//! Small messages, copied one behind the other.

use pool_core::{Lease, StableBytes};

/// A slot and how many of its bytes are filled.
#[derive(Debug)]
pub(crate) struct CopyRun {
    lease: Lease,
    filled: usize,
}

impl CopyRun {
    pub(crate) fn new(lease: Lease) -> Self {
        Self { lease, filled: 0 }
    }

    pub(crate) fn room(&self) -> usize {
        self.lease.len() - self.filled
    }

    /// Copies bytes behind the last ones. The caller has checked that there is room.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let end = self.filled + bytes.len();
        self.lease[self.filled..end].copy_from_slice(bytes);
        self.filled = end;
    }
}

// SAFETY: a lease's bytes stay where they are until it is dropped, and a prefix of them with them. Once the run is a guard, nothing pushes
// to it: a guard is reached by no `&mut`.
unsafe impl StableBytes for CopyRun {
    fn stable_bytes(&self) -> &[u8] {
        &self.lease[..self.filled]
    }
}
