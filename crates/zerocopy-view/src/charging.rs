//! Whom a view's storage is charged to.

use pool_core::{Budget, Charge, Tenant};

use crate::refused_view::{Reason, RefusedView};
use crate::view::View;

/// # Charging
///
/// A [`Charge`] belongs to the storage, not to a view: it is for all the memory that the storage [retains](View::retained_bytes), however small the views are, is there
/// once, however many they are, and lasts until the memory itself is free, whoever drops the last view.
///
/// It ends before that only where the storage becomes something that has no place for it: a lease, a frame, a buffer, a `Vec`. [`take_charge`](View::take_charge) keeps it
/// then. `Bytes` made of a view keep the view, and so the charge.
impl View {
    /// Who is charged for the storage; of a storage that is not charged, who is to be. [`Tenant::NONE`] until somebody says otherwise. Clones and slices inherit
    /// it.
    #[must_use]
    pub fn tenant(&self) -> Tenant {
        self.0.label.tenant
    }

    /// The same view, its storage charged to a budget: to the child of `budget` that is for the view's [`tenant`](Self::tenant), or to `budget` itself if that is
    /// [`Tenant::NONE`]. If it is charged already, the charge moves there.
    ///
    /// A static or empty view keeps no memory, and comes back uncharged.
    ///
    /// ```
    /// use pool_core::{Budget, Tenant};
    /// use zerocopy_view::View;
    ///
    /// let memory = Budget::new(1 << 20);
    /// let alice = memory.child().tenant(Tenant::new(7)).ceiling_bytes(100).build()?;
    ///
    /// let view = View::from(vec![1; 80]).with_budget(&memory)?; // nobody's in particular
    /// let view = view.with_tenant(Tenant::new(7))?;             // Alice's
    /// assert_eq!((memory.used(), alice.used()), (80, 80));
    ///
    /// let more = View::from(vec![1; 80]).with_budget(&memory)?;
    /// let refused = more.with_tenant(Tenant::new(7)).unwrap_err();
    /// assert!(refused.is_exhausted());
    /// drop((view, refused.into_view()));
    /// assert_eq!(memory.used(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RefusedView`], which has the view, unchanged: others share the storage; there is no budget for its tenant; a limit was reached.
    ///
    /// # Panics
    ///
    /// As [`Budget::try_charge`]: if a waker panics.
    pub fn with_budget(mut self, budget: &Budget) -> Result<Self, RefusedView> {
        if self.sharers() == 0 {
            return Ok(self);
        }
        match self.charge_to(budget) {
            Ok(()) => Ok(self),
            Err(why) => Err(RefusedView::new(self, None, why)),
        }
    }

    fn charge_to(&mut self, house: &Budget) -> Result<(), Reason> {
        self.check_alone()?;
        let seat = seat_in(house, self.tenant())?;
        if let Some(moved) = self.0.with_charge_mut(|charge| charge.move_to(&seat)) {
            return moved.map_err(Reason::Budget);
        }
        let charge = seat.try_charge(self.retained_bytes());
        self.put_charge(charge.map_err(Reason::Budget)?);
        Ok(())
    }

    /// The same view, its storage charged by a charge that there is already: one that was waited for, or taken from where the memory was before. Its tenant is the
    /// view's from then on. What it has beyond the bytes that the view [retains](Self::retained_bytes) is given back, and so is what the storage was charged with
    /// before; all of it, if the view is static or empty.
    ///
    /// # Errors
    ///
    /// [`RefusedView`], which has both, unchanged: others share the storage, or the charge is for fewer bytes than it retains.
    ///
    /// # Panics
    ///
    /// If a waker panics that giving bytes back wakes.
    pub fn with_charge(mut self, mut charge: Charge) -> Result<Self, RefusedView> {
        let (retained, charged) = (self.retained_bytes(), charge.bytes());
        let checked = match charged.checked_sub(retained) {
            None => Err(Reason::TooSmall { retained, charged }),
            Some(beyond) => self.check_alone().map(|()| beyond),
        };
        match checked {
            Ok(beyond) => {
                charge.shrink(beyond);
                self.0.label.tenant = charge.tenant();
                self.put_charge(charge);
                Ok(self)
            }
            Err(why) => Err(RefusedView::new(self, Some(charge), why)),
        }
    }

    /// For who is alone: that cannot change meanwhile.
    fn check_alone(&self) -> Result<(), Reason> {
        match self.sharers() {
            0 | 1 => Ok(()),
            more => Err(Reason::Shared(more)),
        }
    }

    /// Charges the storage, which the caller knows to have alone.
    pub(crate) fn put_charge(&mut self, charge: Charge) {
        let put = self.0.set_charge(charge);
        debug_assert!(put.is_ok(), "others share the storage");
    }

    /// The same view, on another tenant's account.
    ///
    /// The charge belongs to the storage, so it moves only with the one view that has the storage to itself: in one step, from the tenant's budget to that of another child
    /// of the same parent, or to the parent for [`Tenant::NONE`]. Of a storage that is not charged the tenant is a name, for [`with_budget`](Self::with_budget)
    /// to find.
    ///
    /// # Errors
    ///
    /// [`RefusedView`], which has the view, unchanged: others share the storage (another thread may drop them before the caller sees it); there is no
    /// budget for the tenant; its limit was reached. Never for a static or empty view, nor if it is the view's tenant already.
    ///
    /// # Panics
    ///
    /// If a waker panics that the move wakes, when it is done. The view is dropped then.
    pub fn with_tenant(mut self, tenant: Tenant) -> Result<Self, RefusedView> {
        match self.move_to(tenant) {
            Ok(()) => Ok(self),
            Err(why) => Err(RefusedView::new(self, None, why)),
        }
    }

    fn move_to(&mut self, tenant: Tenant) -> Result<(), Reason> {
        let now = self.tenant();
        if tenant == now {
            return Ok(());
        }
        self.check_alone()?;
        self.0
            .with_charge_mut(|charge| move_seat(charge, now, tenant))
            .unwrap_or(Ok(()))?;
        self.0.label.tenant = tenant;
        Ok(())
    }

    /// The budget that the storage is charged to.
    #[must_use]
    pub fn budget(&self) -> Option<Budget> {
        self.0.with_charge(Charge::budget)
    }

    /// Takes the charge from the storage, to keep it beside what the view is turned into. `None` if the storage is not charged, or if others share it.
    #[must_use = "dropping it gives the bytes back at once"]
    pub fn take_charge(&mut self) -> Option<Charge> {
        self.0.take_charge()
    }
}

/// The budget for a tenant, among the children of `house`.
fn seat_in(house: &Budget, tenant: Tenant) -> Result<Budget, Reason> {
    if tenant == Tenant::NONE {
        return Ok(house.clone());
    }
    house.tenant(tenant).ok_or(Reason::UnknownTenant(tenant))
}

/// Moves a charge from one tenant of a house to another.
fn move_seat(charge: &mut Charge, now: Tenant, then: Tenant) -> Result<(), Reason> {
    let budget = charge.budget();
    let house = match budget.parent() {
        Some(parent) if now != Tenant::NONE => parent,
        _ => budget,
    };
    let seat = seat_in(&house, then)?;
    charge.move_to(&seat).map_err(Reason::Budget)
}
