//! Letting go of memory that a small view keeps.

use crate::counted::Counted;
use crate::part::Part;
use crate::view::View;

/// What [`View::compact`] did. In bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Compacted {
    /// How many were copied; 0 if the view stayed where it was.
    pub copied: usize,
    /// How much less memory is kept now: of the old storage, less what the copy takes. 0 if others shared the old storage, who still keep it; if they
    /// let go of it during the call, it may be more.
    pub freed: usize,
}

impl View {
    /// Copies the bytes out and lets go of the storage, if half of what it [retains](Self::retained_bytes) is more than the copy takes (with its box,
    /// for the count). Says what was freed. The bytes are the same, at another address; kind and tenant stay.
    ///
    /// For a view that is to be kept long: a word of a page, a field of a frame. A charge goes along: shrunk, if this was the only view of its
    /// storage; else the copy is charged to the same budget, and if that has no room, the view stays where it was.
    ///
    /// ```
    /// let page = zerocopy_view::View::from(vec![0; 65_536]);
    /// let mut word = page.slice(100..108);
    /// drop(page);
    /// let done = word.compact();
    /// assert_eq!((done.copied, done.freed), (8, 65_528));
    /// assert_eq!(word.retained_bytes(), 8);
    /// ```
    ///
    /// Cost: two allocations and the copy, or nothing. As any allocation, it may fail as those do.
    ///
    /// # Panics
    ///
    /// If a waker panics that giving bytes back, or taking them, wakes.
    pub fn compact(&mut self) -> Compacted {
        let (retained, copied) = (self.retained_bytes(), self.len());
        if retained / 2 <= copied + Counted::BOX_BYTES {
            return Compacted::default();
        }
        let copy = Self(Part::from_vec(self.to_vec(), self.0.label));
        let kept = copy.retained_bytes();
        let was_alone = self.sharers() == 1;
        let charge = match self.budget() {
            None => None,
            Some(_) if was_alone => self.take_charge(),
            Some(budget) => match budget.try_charge(kept) {
                Ok(charge) => Some(charge),
                Err(_) => return Compacted::default(),
            },
        };
        if let Some(digest) = self.0.kept_digest() {
            copy.0.keep_digest(digest);
        }
        *self = copy;
        if let Some(charge) = charge {
            self.put_charge(charge);
        }
        // Last, when the memory is free: it may wake who waits for room, and a waker may panic.
        self.0
            .with_charge_mut(|charge| charge.shrink(charge.bytes().saturating_sub(kept)));
        let freed = if was_alone { retained - kept } else { 0 };
        Compacted { copied, freed }
    }
}
