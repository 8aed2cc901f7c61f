//! Magazines that nobody uses at the moment: a stack for all threads, and the few that each hand keeps from it.
//!
//! A hand goes to the stack once for several magazines. What it keeps is as free as what lies in the stack: thieves look at every magazine, wherever it is.

use alloc::collections::TryReserveError;
use core::cell::Cell;
use core::ops::Range;
use core::ptr::NonNull;

use crate::free_list::{Chain, FreeList, OwnedSlot};

/// Numbers of magazines of one kind, full ones or empty ones.
#[derive(Debug)]
pub(crate) struct Shelf {
    stack: FreeList,
    /// How many of them a hand keeps at most.
    keeps: u32,
}

/// What a hand keeps of a shelf: numbers tied as in its stack.
pub(crate) struct Kept(Cell<Chain>);

impl Kept {
    pub(crate) const fn nothing() -> Self {
        Self(Cell::new(Chain::empty()))
    }

    fn take(&self) -> Chain {
        self.0.replace(Chain::empty())
    }

    /// The one that is taken next.
    pub(crate) fn first(&self) -> Option<u32> {
        let chain = self.take();
        let first = chain.first();
        self.0.set(chain);
        first
    }
}

impl Shelf {
    /// A shelf for magazines `0..magazines`, of which `held` lie there.
    ///
    /// # Errors
    ///
    /// If there is no memory for it.
    pub(crate) fn holding(
        magazines: u32,
        held: Range<u32>,
        keeps: u32,
    ) -> Result<Self, TryReserveError> {
        let stack = FreeList::holding(magazines, held)?;
        Ok(Self { stack, keeps })
    }

    /// How many lie in the stack.
    pub(crate) fn len(&self) -> u32 {
        self.stack.len().unwrap_or(0)
    }

    /// Takes one from the stack.
    pub(crate) fn take(&self) -> Option<u32> {
        self.stack.pop().ok().map(OwnedSlot::into_index)
    }

    /// Puts one that is the caller's into the stack.
    pub(crate) fn put(&self, number: u32) {
        let stack = NonNull::from(&self.stack);
        // SAFETY: the stack is a part of `self`, which the caller's hand, handle or slot keeps alive.
        let pushed = unsafe { FreeList::push(stack, OwnedSlot::assume(number)) };
        debug_assert!(pushed.is_ok(), "these stacks are never closed");
    }

    /// Takes one that the hand keeps, or fetches as many as it may keep and one more.
    pub(crate) fn take_by(&self, kept: &Kept) -> Option<u32> {
        let mut chain = kept.take();
        if chain.first().is_none() {
            chain = self.stack.pop_many(1 + self.keeps).ok()?;
        }
        let number = self.stack.next_of(&mut chain);
        kept.0.set(chain);
        number.map(OwnedSlot::into_index)
    }

    /// Keeps one that is the caller's, or puts it away with all that the hand keeps.
    pub(crate) fn put_by(&self, kept: &Kept, number: u32) {
        let mut chain = kept.take();
        self.stack.link(&mut chain, OwnedSlot::assume(number));
        if chain.left() > self.keeps {
            return self.put_chain(chain);
        }
        kept.0.set(chain);
    }

    /// Puts away what a hand keeps.
    pub(crate) fn put_kept(&self, kept: &Kept) {
        self.put_chain(kept.take());
    }

    fn put_chain(&self, chain: Chain) {
        // SAFETY: the stack is a part of `self`, which the caller's hand, handle or slot keeps alive.
        let pushed = unsafe { FreeList::push_chain(NonNull::from(&self.stack), chain) };
        debug_assert!(pushed.is_ok(), "these stacks are never closed");
    }
}
