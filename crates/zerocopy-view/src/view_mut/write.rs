//! Filling a buffer: by copying, by a `recv`-like call, by the traits that writers know.

use core::fmt;

use bytes::buf::UninitSlice;
use bytes::{Buf, BufMut};
use pool_core::Source;

use super::ViewMut;

/// What `bytes::BufMut` reserves if it is asked for room and there is none.
const CHUNK_BYTES: usize = 64;

impl<S> ViewMut<S> {
    /// The room behind the bytes: initialised, and [whatever the storage holds](ViewMut#what-the-spare-capacity-holds).
    ///
    /// For `recv`-like calls; [`filled`](Self::filled) says how much of it was written. It is empty if nothing was reserved.
    #[inline]
    #[must_use]
    pub fn spare_capacity_mut(&mut self) -> &mut [u8] {
        let len = self.len;
        &mut self.bytes.bytes_mut()[len..]
    }

    /// Makes the first `written` bytes of the [spare capacity](Self::spare_capacity_mut) part of the buffer, as they are.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    #[inline]
    #[track_caller]
    pub fn filled(&mut self, written: usize) {
        let spare = self.capacity() - self.len;
        assert!(
            written <= spare,
            "filled: must be at most the spare capacity of {spare} bytes, got {written}"
        );
        self.len += written;
    }

    /// Lets a `recv`-like call fill the [spare capacity](Self::spare_capacity_mut), makes as many bytes of it part of the buffer as `call` says
    /// it has written, and gives that number. [Reserve](Self::reserve) first.
    ///
    /// # Errors
    ///
    /// What `call` failed with. The buffer has the bytes that it had.
    ///
    /// # Panics
    ///
    /// If `call` says more than it was given room for.
    #[inline]
    #[track_caller]
    pub fn fill_with<E>(
        &mut self,
        call: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        let written = call(self.spare_capacity_mut())?;
        self.filled(written);
        Ok(written)
    }
}

impl<S: Source> ViewMut<S> {
    /// Adds a copy of `bytes`, after [`reserve`](Self::reserve).
    ///
    /// # Panics
    ///
    /// As `reserve`.
    #[inline]
    #[cfg_attr(feature = "track", track_caller)]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        self.spare_capacity_mut()[..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Makes the buffer `new_len` bytes long. Bytes that are new have the value `value`, after [`reserve`](Self::reserve).
    ///
    /// # Panics
    ///
    /// As `reserve`.
    #[cfg_attr(feature = "track", track_caller)]
    pub fn resize(&mut self, new_len: usize, value: u8) {
        if let Some(additional) = new_len.checked_sub(self.len) {
            self.reserve(additional);
            self.spare_capacity_mut()[..additional].fill(value);
        }
        self.len = new_len;
    }
}

// SAFETY: `chunk_mut` is initialised memory of our own behind the bytes, `advance_mut` makes part of the buffer only what lies at its front, and
// refuses more than there is.
unsafe impl<S: Source> BufMut for ViewMut<S> {
    /// What a buffer can grow by; not the spare capacity.
    #[inline]
    fn remaining_mut(&self) -> usize {
        isize::MAX as usize - self.len
    }

    /// The spare capacity; 64 bytes or more are [reserved](ViewMut::reserve) if there is none.
    #[inline]
    fn chunk_mut(&mut self) -> &mut UninitSlice {
        if self.len == self.capacity() {
            self.reserve(CHUNK_BYTES);
        }
        UninitSlice::new(self.spare_capacity_mut())
    }

    /// As [`filled`](ViewMut::filled).
    #[inline]
    unsafe fn advance_mut(&mut self, count: usize) {
        self.filled(count);
    }

    #[inline]
    fn put<T: Buf>(&mut self, mut source: T)
    where
        Self: Sized,
    {
        self.reserve(source.remaining());
        while source.has_remaining() {
            let chunk = source.chunk();
            let count = chunk.len();
            self.extend_from_slice(chunk);
            source.advance(count);
        }
    }

    #[inline]
    fn put_slice(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    #[inline]
    fn put_bytes(&mut self, value: u8, count: usize) {
        self.reserve(count);
        self.resize(self.len + count, value);
    }
}

impl<S: Source> Extend<u8> for ViewMut<S> {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
        let bytes = bytes.into_iter();
        self.reserve(bytes.size_hint().0);
        bytes.for_each(|byte| self.extend_from_slice(&[byte]));
    }
}

impl<'a, S: Source> Extend<&'a u8> for ViewMut<S> {
    fn extend<I: IntoIterator<Item = &'a u8>>(&mut self, bytes: I) {
        self.extend(bytes.into_iter().copied());
    }
}

impl<S: Source> fmt::Write for ViewMut<S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Writes everything, always.
#[cfg(feature = "std")]
impl<S: Source> std::io::Write for ViewMut<S> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
