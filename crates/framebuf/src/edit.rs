//! How a frame changes in place: bytes come into its room and go back to it. Nothing moves.

use crate::error::{NoRoom, TooShort};
use crate::{FrameBuf, Unfilled};

impl<M> FrameBuf<M> {
    /// Copies `bytes` before the frame.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], with nothing changed, if the headroom is smaller.
    #[inline]
    pub fn prepend(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        self.body.prepend(bytes)
    }

    /// Copies `bytes` behind the frame.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], with nothing changed, if the tailroom is smaller.
    #[inline]
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        self.body.append(bytes)
    }

    /// Takes `n` bytes off the front; they become headroom (those of a [part](Self::is_part) are lost to it).
    ///
    /// # Errors
    ///
    /// [`TooShort`], with nothing changed, if the frame has fewer.
    #[inline]
    pub fn trim_front(&mut self, n: usize) -> Result<(), TooShort> {
        self.need("trim", n)?;
        self.body.drop_front(n);
        Ok(())
    }

    /// Takes `n` bytes off the back; they become tailroom (those of a [part](Self::is_part) are lost to it).
    ///
    /// # Errors
    ///
    /// [`TooShort`], with nothing changed, if the frame has fewer.
    #[inline]
    pub fn trim_back(&mut self, n: usize) -> Result<(), TooShort> {
        self.need("trim", n)?;
        self.body.drop_back(n);
        Ok(())
    }

    /// Keeps the first `len` bytes; nothing happens if the frame is not longer.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.body.drop_back(self.len() - len);
        }
    }

    /// Removes all live bytes. The headroom stays what it is; [`reset`](Self::reset) chooses a new one.
    #[inline]
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Removes all live bytes and sets the headroom, to use the same storage for another frame.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], with nothing changed, if `headroom` is more than the capacity.
    pub fn reset(&mut self, headroom: usize) -> Result<(), NoRoom> {
        self.body.reset(headroom)
    }

    /// The step before bytes arrive from outside: hands the tailroom to a `recv`-like call, without zeroing it.
    #[inline]
    #[must_use]
    pub fn unfilled(self) -> Unfilled<M> {
        Unfilled::new(self)
    }

    /// Refuses what needs more than the live bytes.
    #[inline]
    pub(crate) fn need(&self, call: &'static str, n: usize) -> Result<(), TooShort> {
        if n > self.len() {
            return Err(TooShort::new(call, n, self.len()));
        }
        Ok(())
    }
}
