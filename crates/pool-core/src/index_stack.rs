//! The free list by itself, for those who bring their own memory.

use core::fmt;
use core::iter::FusedIterator;
use core::ptr::NonNull;

use crate::error::{BuildError, BuildErrorKind};
use crate::free_list::{Chain, FreeList as Stack, OwnedSlot, SideRecord};
use crate::head::MAX_SLOTS;

/// A lock-free stack of the numbers `0..slots`, each in it at most once: what a [`Pool`](crate::Pool) keeps its slots in, for those who bring their own memory.
///
/// Popping gives a number to one caller. Pushing is `unsafe`, so that a number out of here is proof: code that is right about its pushes may let it stand for the only right to
/// whatever it keeps at that place. Pushing happens before the pop that gives the number again: what the last owner did there is visible to the next.
///
/// `Send` and `Sync`; 12 bytes per number, allocated once. Every call is one compare-exchange, tried again when another thread took or gave back at the same time.
///
/// ```
/// use pool_core::FreeList;
///
/// let list = FreeList::full(4)?;
/// assert_eq!(list.pop(), Some(0));
/// let rest: Vec<_> = list.take_all().collect();
/// assert_eq!(rest, [1, 2, 3]);
/// // SAFETY: popped from this list above, and not pushed since.
/// unsafe { list.push_many([2, 0]) }
/// assert_eq!((list.pop(), list.len()), (Some(2), 1));
/// # Ok::<(), pool_core::BuildError>(())
/// ```
pub struct FreeList {
    stack: Stack,
}

impl FreeList {
    /// A list that holds all numbers below `slots`, 0 on top.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if `slots` is not 1 to 2^32 - 2, or there is no memory.
    pub fn full(slots: u32) -> Result<Self, BuildError> {
        Self::holding(slots, slots)
    }

    /// A list for the numbers below `slots` that holds none: they are all the caller's.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if `slots` is not 1 to 2^32 - 2, or there is no memory.
    pub fn empty(slots: u32) -> Result<Self, BuildError> {
        Self::holding(slots, 0)
    }

    fn holding(slots: u32, held: u32) -> Result<Self, BuildError> {
        if !(1..=MAX_SLOTS).contains(&slots) {
            return Err(BuildErrorKind::OutOfRange {
                field: "slots",
                bound: "1 to 4294967294",
                value: slots as usize,
            }
            .into());
        }
        let no_records = |_| BuildErrorKind::OutOfMemory {
            source_name: "heap (side records)",
            bytes: (slots as usize).saturating_mul(size_of::<SideRecord>()),
            errno: None,
        };
        let stack = Stack::holding(slots, 0..held).map_err(no_records)?;
        Ok(Self { stack })
    }

    /// Takes the number pushed last; `None` if at some instant of the call there was none.
    #[must_use = "the number is lost unless it is pushed again"]
    pub fn pop(&self) -> Option<u32> {
        self.stack.pop().ok().map(OwnedSlot::into_index)
    }

    /// Takes up to `want` numbers with one exchange, the one pushed last first; fewer only if there were no more. Cost: a walk of so many links.
    pub fn pop_many(&self, want: u32) -> Taken<'_> {
        let chain = self.stack.pop_many(want).unwrap_or(Chain::empty());
        Taken {
            stack: &self.stack,
            chain,
        }
    }

    /// Takes every number with one exchange and without a walk.
    pub fn take_all(&self) -> Taken<'_> {
        self.pop_many(u32::MAX)
    }

    /// Puts a number on top.
    ///
    /// # Panics
    ///
    /// If the number is not below [`slots`](Self::slots).
    ///
    /// # Safety
    ///
    /// The number is the caller's: it came from this list (or from an [`empty`](Self::empty) one's beginning) and was not pushed since.
    pub unsafe fn push(&self, number: u32) {
        // SAFETY: the list outlives `&self`, and the number is the caller's, by its promise.
        let pushed = unsafe { Stack::push(NonNull::from(&self.stack), OwnedSlot::assume(number)) };
        debug_assert!(pushed.is_ok(), "nobody closes this list");
    }

    /// Puts numbers on top with one exchange, so that the first of them is taken first. Others see all of them or none.
    ///
    /// # Panics
    ///
    /// If a number is not below [`slots`](Self::slots), or the iterator panics: then none is in the list.
    ///
    /// # Safety
    ///
    /// As for [`push`](Self::push), for each of them, and no number twice.
    pub unsafe fn push_many(&self, numbers: impl IntoIterator<Item = u32>) {
        let chain = self.stack.tie(numbers.into_iter().map(OwnedSlot::assume));
        // SAFETY: the list outlives `&self`, and the numbers are the caller's, by its promise.
        let pushed = unsafe { Stack::push_chain(NonNull::from(&self.stack), chain) };
        debug_assert!(pushed.is_ok(), "nobody closes this list");
    }

    /// How many numbers were in the list at some instant of the call. Others may pop and push at any time, so it can be stale in both directions; never more than
    /// [`slots`](Self::slots). Exact when nothing else runs. Cost: two loads.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stack.len().map_or(0, |len| len as usize)
    }

    /// Whether the list held nothing at some instant of the call; as stale as [`len`](Self::len).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bound of the numbers.
    #[must_use]
    pub fn slots(&self) -> u32 {
        self.stack.slots()
    }
}

impl fmt::Debug for FreeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreeList")
            .field("slots", &self.slots())
            .field("len", &self.len())
            .finish()
    }
}

/// Numbers taken from a [`FreeList`] at once, the one pushed last first. Those that are still in it when it is dropped go back with one exchange; forgetting it
/// loses them.
#[must_use = "what is not taken out of it goes back"]
pub struct Taken<'a> {
    stack: &'a Stack,
    chain: Chain,
}

impl Iterator for Taken<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.stack
            .next_of(&mut self.chain)
            .map(OwnedSlot::into_index)
    }
}

impl FusedIterator for Taken<'_> {}

/// Says how many there are, not which.
impl fmt::Debug for Taken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taken")
            .field("left", &self.chain.left())
            .finish_non_exhaustive()
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let chain = core::mem::replace(&mut self.chain, Chain::empty());
        // SAFETY: the list outlives the borrow, and the rest of the chain is ours (LIST-1).
        let pushed = unsafe { Stack::push_chain(NonNull::from(self.stack), chain) };
        debug_assert!(pushed.is_ok(), "nobody closes this list");
    }
}
