//! What is kept beside a slot while it is shared: the count, and what seldom joins it.
//!
//! Each slot has a record of one cache line of its own, so counting sharers of one slot never disturbs those of another. The records are an array of
//! their own, which nothing touches before a slot is shared: taking a slot and giving back a lease know nothing of them.

use core::fmt;
use core::mem::MaybeUninit;

use crate::budget::Charge;
use crate::digest_cell::DigestCell;
use crate::sync::UnsafeCell;
use crate::sync::atomic::AtomicU32;

/// The count of a shared slot.
///
/// | bits  | meaning                                                                                       |
/// |-------|-----------------------------------------------------------------------------------------------|
/// | 31..2 | how many share the slot beside one                                                             |
/// | 1     | charged: there is a charge in the record. Only if it keeps                                     |
/// | 0     | keeps: there may be more in the record, so who ends the sharing has to look                    |
///
/// The marks lie below the count, so that counting, and seeing that others are left, is the same with them and without: only who is the last looks.
///
/// One is not counted, so that a word of who is not the last is [`ONE`](Self::ONE) or more: the very number that a drop takes off. So the flags of the locked
/// subtraction answer, and what it found in memory need not be brought back, which takes longer (on Zen 4, half a nanosecond of a clone and a drop).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sharers(u32);

const KEEPS: u32 = 1;
const CHARGED: u32 = 2;
const MARKS: u32 = KEEPS | CHARGED;

/// Clones stop here, at half of what the word can count.
pub(crate) const MOST: u32 = 1 << 29;

impl Sharers {
    /// One share, and nothing is kept.
    pub(crate) const ALONE: u32 = 0;

    /// What one share more or less is.
    pub(crate) const ONE: u32 = 4;

    /// To be added to a word, so that it keeps: an "or", because others may count meanwhile.
    pub(crate) const KEEPS: u32 = KEEPS;

    #[inline]
    pub(crate) fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// What the last share's own drop found, by what that left.
    #[inline]
    pub(crate) fn before_the_last_went(left: u32) -> Self {
        Self(left.wrapping_add(Self::ONE))
    }

    #[inline]
    pub(crate) fn to_bits(self) -> u32 {
        self.0
    }

    #[inline]
    pub(crate) fn count(self) -> u32 {
        self.0 / Self::ONE + 1
    }

    #[inline]
    pub(crate) fn are_many(self) -> bool {
        self.0 >= Self::ONE
    }

    #[inline]
    pub(crate) fn are_too_many(self) -> bool {
        self.count() >= MOST
    }

    #[inline]
    pub(crate) fn keeps(self) -> bool {
        self.0 & KEEPS != 0
    }

    #[inline]
    pub(crate) fn is_charged(self) -> bool {
        self.0 & CHARGED != 0
    }

    #[inline]
    pub(crate) fn one_more(self) -> Self {
        Self(self.0 + Self::ONE)
    }

    pub(crate) fn with_charge(self) -> Self {
        Self(self.0 | MARKS)
    }

    pub(crate) fn without_charge(self) -> Self {
        Self(self.0 & !CHARGED)
    }
}

/// All zeros are a record of nothing, with one share as soon as the slot is shared.
///
/// - **KEPT-1** The charge is there exactly while the count says so. It is changed by who has the slot alone: through an `&mut` of its only share, or having ended
///   the sharing; and read by who has a share.
/// - **KEPT-2** While the slot is not shared, its record has neither charge nor digest: who ends the sharing empties it, if the count says that it keeps.
#[repr(C, align(64))]
pub(crate) struct ShareRecord {
    pub(crate) count: AtomicU32,
    digest: DigestCell,
    charge: UnsafeCell<MaybeUninit<Charge>>,
}

#[cfg(all(not(loom), target_pointer_width = "64"))]
const _: () = assert!(size_of::<ShareRecord>() == 64);

// SAFETY: the charge is `Sync`, and changed only by who has the slot alone (KEPT-1); the rest is `Sync` by itself.
unsafe impl Sync for ShareRecord {}

impl ShareRecord {
    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Self {
            count: AtomicU32::new(0),
            digest: DigestCell::new(),
            charge: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    pub(crate) fn digest(&self) -> &DigestCell {
        &self.digest
    }

    /// The charge.
    ///
    /// # Safety
    ///
    /// The caller has a share, and its count says that it is charged.
    pub(crate) unsafe fn charge(&self) -> &Charge {
        let charge = self.charge.with(|charge| charge);
        // SAFETY: validity: inside `self`. Aliasing: nobody changes it while the caller has a share (KEPT-1).
        let charge = unsafe { &*charge };
        // SAFETY: there is one (KEPT-1).
        unsafe { charge.assume_init_ref() }
    }

    #[expect(
        clippy::mut_from_ref,
        reason = "from a cell, by the caller's promise to be alone with it"
    )]
    /// The charge, to change it.
    ///
    /// # Safety
    ///
    /// The caller has the slot alone, for as long as the answer lives, and the count says that it is charged.
    pub(crate) unsafe fn charge_mut(&self) -> &mut Charge {
        let charge = self.charge.with_mut(|charge| charge);
        // SAFETY: validity: inside `self`. Aliasing: the caller is alone with it (KEPT-1).
        let charge = unsafe { &mut *charge };
        // SAFETY: there is one (KEPT-1).
        unsafe { charge.assume_init_mut() }
    }

    /// Puts a charge where none is. The caller marks the count.
    ///
    /// # Safety
    ///
    /// The caller has the slot alone.
    pub(crate) unsafe fn put_charge(&self, charge: Charge) {
        self.charge.with_mut(|place| {
            // SAFETY: validity: inside `self`. Aliasing: the caller is alone with it (KEPT-1).
            let place = unsafe { &mut *place };
            place.write(charge);
        });
    }

    /// Moves the charge out. The caller unmarks the count, or forgets it.
    ///
    /// # Safety
    ///
    /// The caller has the slot alone, and the count says that it is charged.
    pub(crate) unsafe fn take_charge(&self) -> Charge {
        self.charge.with_mut(|place| {
            // SAFETY: validity: inside `self`. Aliasing: the caller is alone with it (KEPT-1).
            let place = unsafe { &*place };
            // SAFETY: there is one (KEPT-1), and the count says so no longer when this is over.
            unsafe { place.assume_init_read() }
        })
    }

    /// Empties the record and gives back its charge, if there is one: the sharing ends (KEPT-2).
    ///
    /// # Safety
    ///
    /// The caller has the slot alone, as `last` says, which is what it read from the count; nobody shares it after this.
    #[inline]
    pub(crate) unsafe fn end(&self, last: Sharers) -> Option<Charge> {
        if !last.keeps() {
            return None;
        }
        // SAFETY: this function's own promise.
        unsafe { self.digest.empty() };
        if !last.is_charged() {
            return None;
        }
        // SAFETY: this function's own promise; asked.
        Some(unsafe { self.take_charge() })
    }
}

impl fmt::Debug for ShareRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShareRecord")
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_count_leave_each_other_alone() {
        for count in [1, 2, MOST - 1, MOST] {
            let word = Sharers((count - 1) * Sharers::ONE);
            assert!(!word.keeps() && !word.is_charged());
            for word in [word, Sharers(word.0 | KEEPS), word.with_charge()] {
                assert_eq!((word.count(), word.are_many()), (count, count > 1));
                assert_eq!(word.are_too_many(), count == MOST);
                assert_eq!(word.one_more().count(), count + 1);
                assert_eq!(word.one_more().keeps(), word.keeps());
                let left = word.0.wrapping_sub(Sharers::ONE);
                assert_eq!(Sharers::before_the_last_went(left), word);
            }
            assert!(word.with_charge().keeps() && word.with_charge().is_charged());
            assert_eq!(word.with_charge().without_charge(), Sharers(word.0 | KEEPS));
        }
    }
}
