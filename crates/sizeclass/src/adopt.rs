//! Buffers made of what buffers are lowered to.

use alloc::vec::Vec;

use pool_core::Lease;

use crate::buffer::PooledBuffer;
use crate::home::Home;
use crate::storage::Storage;

impl PooledBuffer {
    /// Makes a buffer of a lease whose first `len` bytes are its: the way back from [`into_lease`](Self::into_lease). Copies and allocates nothing.
    ///
    /// The slot goes back to the pool it came from, whichever that is. The buffer knows no classes: if it outgrows the slot, it moves to the heap.
    ///
    /// # Errors
    ///
    /// Gives the lease back if it has fewer than `len` bytes.
    pub fn from_lease(lease: Lease, len: usize) -> Result<Self, Lease> {
        if len > lease.len() {
            return Err(lease);
        }
        Ok(Self::new(Storage::Slot(lease), len, Home::nowhere()))
    }

    /// Makes a buffer of a vector, which is its storage: the way back from [`into_vec`](Self::into_vec). Copies and allocates nothing.
    #[must_use]
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        let len = bytes.len();
        Self::new(Storage::Heap(bytes), len, Home::nowhere())
    }
}
