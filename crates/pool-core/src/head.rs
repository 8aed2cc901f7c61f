//! The packed word at the head of the free list.

/// The highest slot count a pool can have: two indices are kept for [`Top::Empty`] and [`Top::Closed`].
pub(crate) const MAX_SLOTS: u32 = CLOSED;

const EMPTY: u32 = u32::MAX;
const CLOSED: u32 = u32::MAX - 1;
const AWAITED: u64 = 1 << 32;
const ONE_REMOVAL: u64 = 1 << 33;

/// The free list's head word.
///
/// | bits   | meaning                                                             |
/// |--------|---------------------------------------------------------------------|
/// | 63..33 | tag, one higher after each removal, so a stale exchange cannot match |
/// | 32     | awaited: whoever has a slot is to give it to a waiter. Only if empty |
/// | 31..0  | slot on top, or "empty", or "closed"                                 |
///
/// # Why an index and a tag, and no pointer
///
/// A tagged pointer needs a 128-bit compare-exchange, which loom cannot model and some targets
/// lack. Thirty-two bits of index leave thirty-one for the tag. A thread would have to sleep between
/// its load and its exchange through exactly a multiple of 2^31 removals that end with the same
/// slot on top; at one removal a nanosecond that is a sleep of 2.1 s, hit to the nanosecond.
///
/// Waiters need no tag of their own: while the list is awaited nothing is pushed, so marking it and taking the mark away
/// leave it as it was, and an exchange that began before and fits is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Head(u64);

/// What is on top of the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Top {
    Slot(u32),
    Empty,
    /// Empty, and slots go to waiters instead; see `waiting.rs`.
    Awaited,
    Closed,
}

impl Head {
    /// A list whose top is `slot`, or an empty one.
    pub(crate) fn new(slot: Option<u32>) -> Self {
        Self(u64::from(slot.unwrap_or(EMPTY)))
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub(crate) fn to_bits(self) -> u64 {
        self.0
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low half is the index")]
    fn index(self) -> u32 {
        self.0 as u32
    }

    fn tag(self) -> u64 {
        self.0 & !(ONE_REMOVAL - 1)
    }

    fn with(tag: u64, index: u32) -> Self {
        Self(tag | u64::from(index))
    }

    pub(crate) fn top(self) -> Top {
        match self.index() {
            EMPTY if self.0 & AWAITED != 0 => Top::Awaited,
            EMPTY => Top::Empty,
            CLOSED => Top::Closed,
            slot => Top::Slot(slot),
        }
    }

    /// The bits a link word stores for "what was on top": a slot's index or "empty".
    pub(crate) fn link_bits(self) -> u32 {
        self.index()
    }

    /// `slot` on top, same tag: putting a slot on an unchanged list cannot confuse anybody.
    pub(crate) fn pushed(self, slot: u32) -> Self {
        Self::with(self.tag(), slot)
    }

    /// Slots removed: `link` (a link word's bits) is the new top, the tag is one higher.
    pub(crate) fn popped_to(self, link: u32) -> Self {
        Self::with(self.tag().wrapping_add(ONE_REMOVAL), link)
    }

    /// Every slot removed at once.
    pub(crate) fn emptied(self) -> Self {
        self.popped_to(EMPTY)
    }

    /// An empty list, from which slots are to go to waiters.
    #[cfg(feature = "std")]
    pub(crate) fn awaited(self) -> Self {
        debug_assert!(self.index() == EMPTY, "awaited although not empty");
        Self(self.0 | AWAITED)
    }

    /// An empty list, to which slots come again.
    #[cfg(feature = "std")]
    pub(crate) fn not_awaited(self) -> Self {
        Self(self.0 & !AWAITED)
    }

    /// Every slot removed and no push or pop possible ever after.
    pub(crate) fn closed(self) -> Self {
        self.popped_to(CLOSED)
    }
}

/// Whether a link word's bits name a slot of a list of `slots`.
///
/// A link read from a slot that was popped meanwhile is one of another time. What was read through it is thrown away when the
/// exchange fails.
pub(crate) fn link_target(link: u32, slots: u32) -> Option<u32> {
    (link < slots).then_some(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_changes_the_tag_and_a_push_does_not() {
        let full = Head::new(Some(3));
        assert_eq!(full.popped_to(1).top(), Top::Slot(1));
        assert_ne!(full.popped_to(3), full);
        assert_eq!(full.pushed(3), full);
        assert_eq!(full.emptied().top(), Top::Empty);
        assert_eq!(full.closed().top(), Top::Closed);
    }

    #[test]
    #[cfg(feature = "std")]
    fn a_mark_leaves_the_list_as_it_was() {
        let empty = Head::new(Some(3)).emptied();
        assert_eq!(empty.awaited().top(), Top::Awaited);
        assert_eq!(empty.awaited().not_awaited(), empty);
        assert_eq!(empty.awaited().closed().top(), Top::Closed);
    }

    #[test]
    fn the_tag_wraps() {
        let last = Head::with(u64::MAX << 33, 7);
        assert_eq!(last.popped_to(7), Head::with(0, 7));
    }

    #[test]
    fn marks_are_no_targets() {
        assert_eq!(link_target(Head::new(None).link_bits(), MAX_SLOTS), None);
        assert_eq!(link_target(0, 1), Some(0));
        assert_eq!(link_target(1, 1), None);
    }
}
