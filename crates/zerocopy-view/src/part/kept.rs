//! What a part can say of its storage as a whole: who shares it, how large it is, whom it is charged to, its digest.

use core::ops::Range;

use pool_core::Charge;

use super::{Owner, Part};

impl Part {
    /// How many parts and other rights keep the storage; 0 if nobody has to.
    pub(crate) fn sharers(&self) -> usize {
        match self.owner() {
            Owner::Static => 0,
            Owner::Pooled(shared) => shared.sharers(),
            Owner::Boxed(counted) => counted.sharers(),
        }
    }

    pub(crate) fn retained_bytes(&self) -> usize {
        match self.owner() {
            Owner::Static => 0,
            Owner::Pooled(shared) => shared.slot_bytes(),
            Owner::Boxed(counted) => counted.header().retained_bytes,
        }
    }

    /// Where the part lies in what the storage's owner showed.
    #[inline]
    pub(crate) fn range(&self) -> Range<usize> {
        let first = match self.owner() {
            Owner::Static => self.address(),
            Owner::Pooled(shared) => shared.as_ptr().addr(),
            Owner::Boxed(counted) => counted.header().first_byte.addr().get(),
        };
        let start = self.address() - first;
        start..start + self.len()
    }

    /// The digest that is kept for the part's range of the storage.
    #[inline]
    pub(crate) fn kept_digest(&self) -> Option<[u8; 32]> {
        let range = self.range();
        match self.owner() {
            Owner::Static => None,
            Owner::Pooled(shared) => shared.kept_digest(&range),
            Owner::Boxed(counted) => counted.header().digest.get(&range),
        }
    }

    pub(crate) fn keep_digest(&self, digest: [u8; 32]) {
        let range = self.range();
        match self.owner() {
            Owner::Static => {}
            Owner::Pooled(shared) => shared.keep_digest(&range, digest),
            Owner::Boxed(counted) => counted.header().digest.keep(&range, digest),
        }
    }

    /// Looks at the storage's charge.
    pub(crate) fn with_charge<R>(&self, look: impl FnOnce(&Charge) -> R) -> Option<R> {
        match self.owner() {
            Owner::Static => None,
            Owner::Pooled(shared) => shared.charge().map(look),
            Owner::Boxed(counted) => counted.charge().map(look),
        }
    }

    /// Changes the storage's charge; `None` if there is none, or if others share the storage.
    pub(crate) fn with_charge_mut<R>(
        &mut self,
        change: impl FnOnce(&mut Charge) -> R,
    ) -> Option<R> {
        match self.owner() {
            Owner::Static => None,
            Owner::Pooled(mut shared) => shared.charge_mut().map(change),
            Owner::Boxed(mut counted) => counted.charge_place()?.as_mut().map(change),
        }
    }

    /// Charges the storage in the place of what it was charged with before; gives the charge back if others share the storage. A part that keeps nothing
    /// keeps no charge.
    pub(crate) fn set_charge(&mut self, charge: Charge) -> Result<(), Charge> {
        let before = match self.owner() {
            Owner::Static => Some(charge),
            Owner::Pooled(mut shared) => shared.set_charge(charge)?,
            Owner::Boxed(mut counted) => match counted.charge_place() {
                Some(place) => place.replace(charge),
                None => return Err(charge),
            },
        };
        drop(before);
        Ok(())
    }

    /// Takes the charge; `None` if there is none, or if others share the storage.
    pub(crate) fn take_charge(&mut self) -> Option<Charge> {
        match self.owner() {
            Owner::Static => None,
            Owner::Pooled(mut shared) => shared.take_charge(),
            Owner::Boxed(mut counted) => counted.charge_place()?.take(),
        }
    }
}
