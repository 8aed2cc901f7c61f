//! One buffer: as many bytes as were asked for, in storage of its class.

use alloc::vec;
use alloc::vec::Vec;
use core::borrow::{Borrow, BorrowMut};
use core::fmt;
use core::ops::{Deref, DerefMut, Range};

use pool_core::{Lease, StableBytes};

use crate::apart::Apart;
use crate::home::Home;
use crate::storage::Storage;

/// A buffer of a [`BufferPool`](crate::BufferPool): it has the length that was asked for, and the capacity of its class.
///
/// It dereferences to its bytes. Dropping it gives the slot back, from any thread, also after the last pool handle is gone; nothing
/// is zeroed. It grows like a `Vec` ([`resize`](Self::resize), [`extend_from_slice`](Self::extend_from_slice), `bytes::BufMut`,
/// `std::io::Write`), and moves to the right class when it must.
///
/// 16 bytes, and `Option<PooledBuffer>` no larger (more without feature `std`): it moves in registers.
pub struct PooledBuffer {
    storage: Storage,
    home: Home,
}

#[cfg(feature = "std")]
const _: () = assert!(size_of::<Option<PooledBuffer>>() <= 16);

impl PooledBuffer {
    #[inline]
    pub(crate) fn new(storage: Storage, home: Home) -> Self {
        Self { storage, home }
    }

    /// How many bytes the buffer has: what was asked for.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.storage.len()
    }

    /// Whether the buffer has no bytes.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes it can have where it is: the size of its class, or what an oversize buffer has got from the heap.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.storage.all().len()
    }

    /// Whether the bytes lie in a slot of the pool, not in memory from elsewhere.
    #[inline]
    #[must_use]
    pub fn is_pooled(&self) -> bool {
        self.storage.as_apart().is_none_or(Apart::is_pooled)
    }

    /// The bytes.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.storage.bytes()
    }

    /// The bytes, to change them.
    #[inline]
    #[must_use]
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        self.storage.bytes_mut()
    }

    /// Makes the buffer `new_len` bytes long. Bytes that are new are zero.
    ///
    /// Beyond its capacity the buffer moves to the right class (its old slot goes home), or to the heap if that has no free slot, or
    /// none is so large, or the pool is gone; that copies the bytes and is counted like an acquire. A buffer that gets
    /// shorter stays where it is.
    ///
    /// # Panics
    ///
    /// If `new_len` is more than `isize::MAX`, as `Vec` does.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn resize(&mut self, new_len: usize) {
        let len = self.len();
        if new_len > len {
            let moves = new_len > self.capacity();
            if moves {
                self.move_to(new_len);
            }
            // Storage fresh from the heap is zero already.
            if !moves || self.is_pooled() {
                self.storage.all_mut()[len..new_len].fill(0);
            }
        }
        self.storage.set_len(new_len);
    }

    /// Keeps the first `len` bytes; nothing happens if the buffer is not longer.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.storage.set_len(len);
        }
    }

    /// Removes all bytes; the capacity stays.
    #[inline]
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Adds `bytes` at the end, moving to a larger class when they do not fit, as [`resize`](Self::resize) does.
    ///
    /// # Panics
    ///
    /// If the sum of the lengths is more than `isize::MAX`, as `Vec` does.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        let len = self.len();
        let end = len.saturating_add(bytes.len());
        if end > self.capacity() {
            self.move_to(end);
        }
        self.storage.all_mut()[len..end].copy_from_slice(bytes);
        self.storage.set_len(end);
    }

    /// The initialised bytes behind the buffer's end, where it is.
    #[inline]
    pub(crate) fn tail_mut(&mut self) -> &mut [u8] {
        let len = self.len();
        &mut self.storage.all_mut()[len..]
    }

    /// Makes `n` bytes of the tail part of the buffer, as they are.
    #[inline]
    pub(crate) fn grow_in_place(&mut self, n: usize) {
        let len = self.len();
        let room = self.capacity() - len;
        assert!(n <= room, "advance_mut: {n} bytes, {room} are there");
        self.storage.set_len(len + n);
    }

    /// Moves the bytes to storage of at least `min` bytes. Storage on the heap is zero behind them.
    ///
    /// Growing bit by bit costs a constant number of copies per byte: classes double, and so does what lies beyond them.
    #[cold]
    #[cfg_attr(feature = "track", track_caller)]
    pub(crate) fn move_to(&mut self, min: usize) {
        assert!(
            isize::try_from(min).is_ok(),
            "a buffer has at most isize::MAX bytes, not {min}"
        );
        let doubled = self.capacity().saturating_mul(2);
        let apart = self.storage.as_apart();
        let rack = match apart.and_then(Apart::rack) {
            None => self.home.find(self.storage.all()),
            of_apart => of_apart,
        };
        let tenant = apart.and_then(Apart::tenant);
        let len = self.len();
        let mut storage = match rack {
            Some(rack) => rack.grow_to(min, doubled, tenant.as_ref()),
            None => Storage::of_vec(vec![0; min.max(doubled)], min),
        };
        storage.set_len(len);
        storage.bytes_mut().copy_from_slice(self);
        self.storage = storage;
    }

    /// Lowers a pooled buffer to its lease and the range of its bytes.
    ///
    /// # Errors
    ///
    /// Gives the buffer back if its bytes lie on the heap: see [`into_vec`](Self::into_vec).
    pub fn into_lease(self) -> Result<(Lease, Range<usize>), Self> {
        let Self { storage, home } = self;
        match storage.into_lease() {
            Ok((lease, len)) => Ok((lease, 0..len)),
            Err(storage) => Err(Self { storage, home }),
        }
    }

    /// Lowers a buffer on the heap to its vector, without a copy.
    ///
    /// # Errors
    ///
    /// Gives the buffer back if its bytes lie in a slot: see [`into_lease`](Self::into_lease).
    pub fn into_vec(self) -> Result<Vec<u8>, Self> {
        let Self { storage, home } = self;
        storage.into_vec().map_err(|storage| Self { storage, home })
    }
}

// SAFETY: the bytes lie in a class's region or in a vector's memory; neither moves when the buffer value does, and both live as
// long as it. Growing moves them, under `&mut`, as `Vec` does.
unsafe impl StableBytes for PooledBuffer {
    fn stable_bytes(&self) -> &[u8] {
        self
    }
}

impl Deref for PooledBuffer {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl DerefMut for PooledBuffer {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        self.as_mut_slice()
    }
}

impl AsRef<[u8]> for PooledBuffer {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl AsMut<[u8]> for PooledBuffer {
    #[inline]
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

impl Borrow<[u8]> for PooledBuffer {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl BorrowMut<[u8]> for PooledBuffer {
    fn borrow_mut(&mut self) -> &mut [u8] {
        self
    }
}

/// Never prints the bytes.
impl fmt::Debug for PooledBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledBuffer")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .field("pooled", &self.is_pooled())
            .finish_non_exhaustive()
    }
}
