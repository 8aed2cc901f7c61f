//! A view that was not charged as asked.

use core::fmt;

use pool_core::{Charge, ChargeError, Tenant};
use thiserror::Error;

use crate::view::View;

/// Why a view's storage was not charged as asked; with the view, and the charge if one was brought. Nothing was changed by the attempt.
#[derive(Error)]
#[error("{why}")]
pub struct RefusedView {
    view: View,
    charge: Option<Charge>,
    why: Reason,
}

#[derive(Debug, Error)]
pub(crate) enum Reason {
    #[error("sharers: must be 1 to charge the storage, got {0}")]
    Shared(usize),
    #[error("tenant: must have a budget where the storage is charged, got {}", .0.number())]
    UnknownTenant(Tenant),
    #[error("charge: must be for the {retained} B that the view retains, got {charged} B")]
    TooSmall { retained: usize, charged: usize },
    #[error(transparent)]
    Budget(ChargeError),
}

impl RefusedView {
    #[cold]
    pub(crate) fn new(view: View, charge: Option<Charge>, why: Reason) -> Self {
        Self { view, charge, why }
    }

    /// The view, as it was. A charge that was brought is given back.
    #[must_use]
    pub fn into_view(self) -> View {
        self.view
    }

    /// The view and the charge that was brought, as they were.
    #[must_use]
    pub fn into_parts(self) -> (View, Option<Charge>) {
        (self.view, self.charge)
    }

    /// Whether others shared the storage.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.why, Reason::Shared(_))
    }

    /// Whether there is no budget for the tenant, so that it could not be charged.
    #[must_use]
    pub fn is_unknown_tenant(&self) -> bool {
        matches!(self.why, Reason::UnknownTenant(_))
    }

    /// Whether a limit was reached. What others give back may make the same request succeed.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        matches!(&self.why, Reason::Budget(why) if why.is_exhausted())
    }

    /// Whether the storage is larger than the budget could ever grant.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(&self.why, Reason::Budget(why) if why.is_too_large())
    }
}

impl From<RefusedView> for View {
    /// As [`RefusedView::into_view`].
    fn from(refused: RefusedView) -> Self {
        refused.into_view()
    }
}

impl fmt::Debug for RefusedView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedView")
            .field("view", &self.view)
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}
