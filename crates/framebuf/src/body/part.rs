//! One body becomes two, each with bytes of its own in the storage of both; and the last of them has all of it again.

use alloc::sync::Arc;
use core::mem;

use super::Body;
use super::right::Right;

impl Body {
    /// Keeps the first `at` bytes, at most [`len`](Self::len), and gives the others.
    ///
    /// A side without bytes gets no storage, and the other stays what it was. Else both are parts, and the rooms before and behind them are
    /// nobody's: they come back with [`reclaim`](Self::reclaim). (So [`Extent`](crate::extent::Extent) need not say which part was the first or the last.)
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        debug_assert!(at <= self.len(), "{at} of {}", self.len());
        if at == self.len() {
            return Self::nothing();
        }
        if at == 0 {
            return mem::replace(self, Self::nothing());
        }
        let mut rest = self.twin();
        rest.drop_front(at);
        self.drop_back(rest.len());
        rest
    }

    /// Keeps what begins at `at`, at most [`len`](Self::len), and gives the bytes before; else as [`split_off`](Self::split_off).
    pub(crate) fn split_to(&mut self, at: usize) -> Self {
        if at == 0 {
            return Self::nothing();
        }
        let rest = self.split_off(at);
        mem::replace(self, rest)
    }

    /// Another part with the same live bytes, which the caller divides among the two before anybody looks at them (BODY-3).
    fn twin(&mut self) -> Self {
        self.become_part();
        // SAFETY: the same bytes as ours, kept by the same storage (BODY-2); the caller sees to BODY-3.
        unsafe { Self::with_right(self.first, self.len(), self.clone_right()) }
    }

    fn become_part(&mut self) {
        self.exchange_right(|right| match right {
            Right::Slot(lease) => Right::SlotPart(lease.share()),
            Right::Block(block) => Right::BlockPart(Arc::new(block)),
            part => part,
        });
    }

    /// Makes a part that is the last of its storage alone with it, room and all. Tells whether the body is alone now.
    #[inline]
    pub(crate) fn reclaim(&mut self) -> bool {
        self.keeper().is_alone() || self.reclaim_part()
    }

    #[cold]
    fn reclaim_part(&mut self) -> bool {
        self.exchange_right(|right| match right {
            Right::SlotPart(share) => share
                .try_unshare()
                .map_or_else(Right::SlotPart, Right::Slot),
            Right::BlockPart(block) => {
                Arc::try_unwrap(block).map_or_else(Right::BlockPart, Right::Block)
            }
            alone => alone,
        });
        self.keeper().is_alone()
    }

    /// Keeps the live bytes by another right to the same storage.
    fn exchange_right(&mut self, exchange: impl FnOnce(Right) -> Right) {
        let (first, len) = (self.first, self.len());
        let right = mem::replace(self, Self::nothing()).into_right();
        let right = exchange(right);
        // SAFETY: the same bytes as before (BODY-2). Of several parts none has more than before, and who is alone has all (BODY-3).
        *self = unsafe { Self::with_right(first, len, right) };
    }
}
