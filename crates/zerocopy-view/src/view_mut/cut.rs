//! Making a buffer shorter, and several of one.

use core::mem;

use pool_core::Source;

use crate::bounds::check_position;
use crate::view::View;

use super::ViewMut;

impl<S> ViewMut<S> {
    /// Keeps the first `len` bytes; nothing happens if there are not so many. The rest becomes spare capacity.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Removes all bytes. The capacity stays.
    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Drops the first `count` bytes, and the capacity that they had: it can be [reclaimed](Self::reserve). Touches no counter unless no
    /// capacity is left.
    ///
    /// # Panics
    ///
    /// If `count` is more than the length.
    #[inline]
    #[track_caller]
    pub fn advance(&mut self, count: usize) {
        check_position(count, self.len);
        // Before the storage goes, if it does: that may wake who waits for it, and a waker may panic.
        self.len -= count;
        self.bytes.narrow(count..self.bytes.len());
    }

    /// Cuts off the first `at` bytes as a view; this buffer keeps the rest, and goes on in the same storage. Copies nothing, allocates nothing, and
    /// touches only the storage's counter, and that only if both have capacity.
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[inline]
    #[must_use = "to drop the first bytes, use `advance`"]
    #[track_caller]
    pub fn freeze_to(&mut self, at: usize) -> View {
        check_position(at, self.len);
        let back = self.bytes.split_off(at);
        let front = mem::replace(&mut self.bytes, back);
        self.len -= at;
        View(front.into_part(at))
    }

    /// One buffer of this one and `next`, if `next` lies right behind it in the same storage, with nothing between their bytes. Copies nothing, and
    /// touches only the storage's counter. Of two that are no neighbours, one without bytes gives way to the other. The source is that of `self`.
    ///
    /// # Errors
    ///
    /// Gives both back, unchanged, if both have bytes and are no neighbours.
    pub fn try_join<T>(self, next: ViewMut<T>) -> Result<Self, (Self, ViewMut<T>)> {
        let joined = if self.len == self.capacity() {
            self.bytes.join(next.bytes)
        } else {
            Err((self.bytes, next.bytes))
        };
        let (len, source) = (self.len + next.len, self.source);
        let bytes = match joined {
            Ok(bytes) => bytes,
            Err((first, second)) if next.len == 0 => {
                drop(second);
                first
            }
            Err((first, second)) if self.len == 0 => {
                drop(first);
                second
            }
            Err((first, second)) => {
                let first = Self {
                    bytes: first,
                    len: self.len,
                    source,
                };
                return Err((
                    first,
                    ViewMut {
                        bytes: second,
                        ..next
                    },
                ));
            }
        };
        // Not behind the answer: it may panic.
        drop(next.source);
        Ok(Self { bytes, len, source })
    }
}

impl<S: Source + Clone> ViewMut<S> {
    /// Cuts off and returns the first `at` bytes, without spare capacity; this buffer keeps the rest, and goes on in the same storage.
    ///
    /// Copies nothing and allocates nothing. Touches only the storage's counter, and that only if both have capacity; and clones the source, which is
    /// free for a reference, and one counter for a [`Pool`](pool_core::Pool).
    ///
    /// # Panics
    ///
    /// If `at` is more than the length.
    #[must_use = "to drop the first bytes, use `advance`"]
    #[track_caller]
    pub fn split_to(&mut self, at: usize) -> Self {
        check_position(at, self.len);
        let back = self.split_bytes(at);
        mem::replace(self, back)
    }

    /// Cuts off and returns what lies behind the first `at` bytes, the spare capacity included; this buffer keeps those, and no room to grow where it is.
    /// The cost is that of [`split_to`](Self::split_to).
    ///
    /// # Panics
    ///
    /// If `at` is more than the capacity.
    #[must_use = "to drop the last bytes, use `truncate`"]
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self {
        check_position(at, self.capacity());
        self.split_bytes(at)
    }

    /// Cuts off and returns all bytes; this buffer keeps the spare capacity. As [`split_to`](Self::split_to) of the length.
    #[must_use = "to drop the bytes, use `clear`"]
    pub fn split(&mut self) -> Self {
        self.split_to(self.len)
    }

    /// What lies behind the first `at` bytes of capacity.
    fn split_bytes(&mut self, at: usize) -> Self {
        // First of all, what may panic: the clone of the user's source.
        let source = self.source.clone();
        let back = Self {
            bytes: self.bytes.split_off(at),
            len: self.len.saturating_sub(at),
            source,
        };
        self.len = self.len.min(at);
        back
    }
}
