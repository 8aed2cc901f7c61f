//! How a chain changes: at its two ends, and where it is split.

use super::FrameChain;
use crate::FrameBuf;
use crate::error::{NoRoom, TooShort};

impl<M> FrameChain<M> {
    /// Copies `bytes` before the chain, into the first frame's headroom.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], with nothing changed, if that is smaller. A frame for [`push_front`](Self::push_front) has room.
    pub fn prepend(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        let first = self.frames.front_mut();
        let first = first.ok_or_else(|| NoRoom::new("headroom", bytes.len(), 0))?;
        first.prepend(bytes)?;
        self.len += bytes.len();
        Ok(())
    }

    /// Copies `bytes` behind the chain, into the last frame's tailroom.
    ///
    /// # Errors
    ///
    /// [`NoRoom`], with nothing changed, if that is smaller. A frame for [`push_back`](Self::push_back) has room.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        let last = self.frames.back_mut();
        let last = last.ok_or_else(|| NoRoom::new("tailroom", bytes.len(), 0))?;
        last.append(bytes)?;
        self.len += bytes.len();
        Ok(())
    }

    /// Takes `n` bytes off the front. Frames that are empty then are dropped, and their slots home.
    ///
    /// # Errors
    ///
    /// [`TooShort`], with nothing changed, if the chain has fewer.
    pub fn trim_front(&mut self, n: usize) -> Result<(), TooShort> {
        self.need("trim", n)?;
        self.drop_front(n);
        Ok(())
    }

    /// Takes `n` bytes off the back. Frames that are empty then are dropped, and their slots home.
    ///
    /// # Errors
    ///
    /// [`TooShort`], with nothing changed, if the chain has fewer.
    pub fn trim_back(&mut self, n: usize) -> Result<(), TooShort> {
        self.need("trim", n)?;
        self.drop_back(n);
        Ok(())
    }

    /// Keeps the first `len` bytes; nothing happens if the chain is not longer.
    pub fn truncate(&mut self, len: usize) {
        self.drop_back(self.len.saturating_sub(len));
    }

    /// Drops all frames, and keeps the list for others.
    pub fn clear(&mut self) {
        self.len = 0;
        self.frames.clear();
    }

    /// Takes `n` bytes, or all if there are fewer, off the front.
    pub(super) fn drop_front(&mut self, n: usize) {
        let mut left = n;
        while left > 0 {
            let Some(first) = self.frames.front_mut() else {
                return;
            };
            let here = left.min(first.len());
            first.body.drop_front(here);
            self.len -= here;
            left -= here;
            if first.is_empty() {
                self.frames.pop_front();
            }
        }
    }

    /// Takes `n` bytes, or all if there are fewer, off the back.
    fn drop_back(&mut self, n: usize) {
        let mut left = n;
        while left > 0 {
            let Some(last) = self.frames.back_mut() else {
                return;
            };
            let here = left.min(last.len());
            last.body.drop_back(here);
            self.len -= here;
            left -= here;
            if last.is_empty() {
                self.frames.pop_back();
            }
        }
    }

    pub(super) fn need(&self, call: &'static str, n: usize) -> Result<(), TooShort> {
        if n > self.len {
            return Err(TooShort::new(call, n, self.len));
        }
        Ok(())
    }
}

impl<M: Clone> FrameChain<M> {
    /// Takes the first `at` bytes out as a chain of their own, and keeps the others. No byte is copied: a frame in which the cut lies
    /// is [split](FrameBuf::split_to). The metadata is cloned.
    ///
    /// # Errors
    ///
    /// [`TooShort`], with nothing changed, if the chain has fewer.
    pub fn split_to(&mut self, at: usize) -> Result<Self, TooShort> {
        let rest = self.split_off(at)?;
        Ok(core::mem::replace(self, rest))
    }

    /// Takes the bytes from `at` on out as a chain of their own, and keeps those before; else as [`split_to`](Self::split_to).
    ///
    /// # Errors
    ///
    /// [`TooShort`], with nothing changed, if the chain has fewer.
    pub fn split_off(&mut self, at: usize) -> Result<Self, TooShort> {
        self.need("split", at)?;
        let meta = self.meta.clone();
        let (whole, within) = self.place_of(at);
        let cut = self.frames.get_mut(whole).filter(|_| within > 0);
        let before = cut.map(|frame| FrameBuf::bare(frame.body.split_to(within)));
        let rest = self.frames.split_off(whole);
        self.frames.extend(before);
        let rest = Self {
            frames: rest,
            len: self.len - at,
            meta,
        };
        self.len = at;
        Ok(rest)
    }

    /// How many frames end at or before `at`, no more than [`len`](Self::len), and how many bytes of the next one lie before it.
    fn place_of(&self, at: usize) -> (usize, usize) {
        let mut within = at;
        for (whole, frame) in self.frames.iter().enumerate() {
            if within < frame.len() {
                return (whole, within);
            }
            within -= frame.len();
        }
        (self.frames.len(), within)
    }
}
