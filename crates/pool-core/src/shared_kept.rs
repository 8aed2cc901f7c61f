//! What belongs to a shared slot as a whole: who is charged for it, and its digest.
//!
//! # Where a charge can be, and where it ends
//!
//! | the slot                                     | its charge                                                                  |
//! |----------------------------------------------|-----------------------------------------------------------------------------|
//! | is shared, cloned, goes through `into_raw`   | stays in the slot's record                                                  |
//! | loses its last share, on any thread          | is given back as soon as the slot is home                                   |
//! | becomes a lease again                        | is given back (`try_unshare`), or is a value of its own (`try_unshare_charged`) |
//! | is leased, or out as an id                   | none: whoever holds the lease may hold a charge beside it                   |
//! | is never given back (`mem::forget`)          | stays charged, as the memory stays in use                                   |
//! | belongs to a pool that was closed, or whose last handle went | is not concerned: the records live as long as the last share |
//!
//! A [`Charge`] is a value that is neither `Copy` nor `Clone`, and moves: so it is never in two of these places.

use core::ops::Range;

use crate::budget::Charge;
use crate::share_record::Sharers;
use crate::shared::Shared;
use crate::sync::atomic::Ordering::Relaxed;

impl Shared {
    /// Charges the storage: `charge` lasts until the memory itself comes home, with the last share, or until it is [taken](Self::take_charge). What was kept before is
    /// returned.
    ///
    /// How many bytes it is for is the caller's to say; the slot keeps [`slot_bytes`](Self::slot_bytes).
    ///
    /// # Errors
    ///
    /// Gives `charge` back if others share the slot. Another thread may drop its share before the caller sees that.
    pub fn set_charge(&mut self, charge: Charge) -> Result<Option<Charge>, Charge> {
        if self.word().count() != 1 {
            return Err(charge);
        }
        let before = self.take_charge();
        // SAFETY: we have the slot alone.
        unsafe { self.record().put_charge(charge) };
        self.set_word(self.word().with_charge());
        Ok(before)
    }

    /// The charge that is kept for the storage.
    #[must_use]
    pub fn charge(&self) -> Option<&Charge> {
        if !self.word().is_charged() {
            return None;
        }
        // SAFETY: we have a share, as long as the answer is borrowed; asked.
        Some(unsafe { self.record().charge() })
    }

    /// The charge that is kept for the storage, to grow it or [move it](Charge::move_to) to another budget. `None` if there is none, or if others share the slot.
    #[must_use]
    pub fn charge_mut(&mut self) -> Option<&mut Charge> {
        let word = self.word();
        if !word.is_charged() || word.count() != 1 {
            return None;
        }
        // SAFETY: ours is the only share, in an `&mut` as long as the answer is borrowed, so we have the slot alone; asked.
        Some(unsafe { self.record().charge_mut() })
    }

    /// Takes the charge that is kept for the storage. `None` if there is none, or if others share the slot.
    #[must_use = "dropping it gives the bytes back at once"]
    pub fn take_charge(&mut self) -> Option<Charge> {
        let word = self.word();
        if !word.is_charged() || word.count() != 1 {
            return None;
        }
        // SAFETY: ours is the only share, in an `&mut`, so we have the slot alone; asked.
        let charge = unsafe { self.record().take_charge() };
        self.set_word(word.without_charge());
        Some(charge)
    }

    /// The digest that is kept for a range of the slot's bytes, if it is for this very range.
    ///
    /// Another thread may keep one at any time; one that was seen stays as long as the slot is shared.
    #[inline]
    #[must_use]
    pub fn kept_digest(&self, range: &Range<usize>) -> Option<[u8; 32]> {
        self.record().digest().get(range)
    }

    /// Keeps a digest of a range of the slot's bytes as long as the slot is shared. One per slot, of whoever comes first; see [`DigestCell`](crate::DigestCell).
    ///
    /// That it *is* the digest of these bytes is the caller's to know. Memory safety does not depend on it.
    pub fn keep_digest(&self, range: &Range<usize>, digest: [u8; 32]) {
        self.mark_kept();
        self.record().digest().keep(range, digest);
    }

    /// Writes a word in the place of one that the caller read.
    ///
    /// The caller has the only share, by value or in an `&mut`, so that nobody else counts.
    fn set_word(&mut self, word: Sharers) {
        debug_assert_eq!(word.count(), 1, "only who is alone may");
        // Relaxed: whoever gets a share after this gets it from us.
        self.count().store(word.to_bits(), Relaxed);
    }

    /// Marks the slot, so that who ends the sharing looks what is kept.
    fn mark_kept(&self) {
        // Relaxed: our share is dropped after this, so whoever ends the sharing sees the mark in the word that it brings to zero.
        self.count().fetch_or(Sharers::KEEPS, Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::share_record::MOST;

    #[cfg(feature = "std")]
    #[test]
    fn a_count_near_its_limit_refuses_a_clone_and_stays_what_it_was() {
        extern crate std;
        let pool = crate::Pool::builder().slots(1).slot_bytes(8).build();
        let mut share = pool.expect("8 bytes").alloc().expect("free").share();
        let most = Sharers::from_bits((MOST - 1) * Sharers::ONE);
        for word in [most, most.with_charge()] {
            // Relaxed, all: one thread.
            share.count().store(word.to_bits(), Relaxed);
            let attempt = core::panic::AssertUnwindSafe(|| share.clone_mut());
            assert!(std::panic::catch_unwind(attempt).is_err());
            assert_eq!(share.count().load(Relaxed), word.to_bits());
        }
        share.count().store(Sharers::ALONE, Relaxed);
        drop(share.clone_mut());
    }
}
