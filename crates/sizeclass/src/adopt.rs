//! Buffers made of what buffers are lowered to.

use alloc::vec::Vec;

use pool_core::Lease;

use crate::buffer::PooledBuffer;
use crate::home::Home;
use crate::storage::Storage;

impl PooledBuffer {
    /// Makes a buffer of a lease whose first `len` bytes are its: the way back from [`into_lease`](Self::into_lease). Copies and allocates nothing.
    ///
    /// The slot goes back to the pool it came from, whichever that is. If the buffer outgrows the slot, it moves to the right class of the
    /// [`BufferPool`](crate::BufferPool) that the slot is of, if there is one and it lives, and to the heap otherwise or without feature `std`.
    ///
    /// # Errors
    ///
    /// Gives the lease back if it has fewer than `len` bytes.
    pub fn from_lease(lease: Lease, len: usize) -> Result<Self, Lease> {
        if len > lease.len() {
            return Err(lease);
        }
        Ok(Self::new(Storage::of_slot(lease, len), Home::unknown()))
    }

    /// Makes a buffer of a vector, which is its storage: the way back from [`into_vec`](Self::into_vec). Copies nothing, and allocates a
    /// record of some 100 bytes.
    #[must_use]
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        let len = bytes.len();
        Self::new(Storage::of_vec(bytes, len), Home::unknown())
    }
}
