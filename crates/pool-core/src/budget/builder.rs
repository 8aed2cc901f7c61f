//! What is to be agreed about a budget before it exists.

use alloc::sync::Arc;

use super::Budget;
use super::account::Terms;
use super::error::{BudgetError, BudgetErrorKind};
use super::node::Node;
use crate::tenant::Tenant;

impl Terms {
    const NONE: Self = Self {
        name: None,
        tenant: Tenant::NONE,
        floor: 0,
        limit: usize::MAX,
        soft_limit: usize::MAX,
    };
}

/// The options of a budget that is part of no other.
#[derive(Debug, Clone)]
#[must_use = "`build` makes the budget"]
pub struct BudgetBuilder {
    terms: Terms,
}

impl BudgetBuilder {
    pub(super) fn new() -> Self {
        Self { terms: Terms::NONE }
    }

    /// What it is called in reports and errors.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.terms.name = Some(name.into());
        self
    }

    /// The most bytes that may be charged, those to its children included. Default: no limit, it only counts.
    pub fn limit_bytes(mut self, bytes: usize) -> Self {
        self.terms.limit = bytes;
        self
    }

    /// A mark that refuses nothing: reports say by how much it is exceeded, and how often. Default: none.
    pub fn soft_limit_bytes(mut self, bytes: usize) -> Self {
        self.terms.soft_limit = bytes;
        self
    }

    /// The budget.
    #[must_use]
    pub fn build(self) -> Budget {
        Budget::of(Node::root(self.terms))
    }
}

/// The options of a budget that is part of another one, from [`Budget::child`].
#[derive(Debug, Clone)]
#[must_use = "`build` makes the budget"]
pub struct ChildBuilder {
    parent: Budget,
    terms: Terms,
}

impl ChildBuilder {
    pub(super) fn new(parent: Budget) -> Self {
        let terms = Terms::NONE;
        Self { parent, terms }
    }

    /// What it is called in reports and errors.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.terms.name = Some(name.into());
        self
    }

    /// By whom [`Budget::tenant`] of the parent finds it. At most one child of a parent has it. Default: [`Tenant::NONE`], found by nobody.
    pub fn tenant(mut self, tenant: Tenant) -> Self {
        self.terms.tenant = tenant;
        self
    }

    /// Bytes that the parent keeps for this child whether they are charged or not, so that it is never refused them. Default: 0.
    pub fn floor_bytes(mut self, bytes: usize) -> Self {
        self.terms.floor = bytes;
        self
    }

    /// The most bytes that may be charged to it and its own children, if the parent has room for them. Default: as many as the parent gives.
    pub fn ceiling_bytes(mut self, bytes: usize) -> Self {
        self.terms.limit = bytes;
        self
    }

    /// A mark that refuses nothing: reports say by how much it is exceeded, and how often. Default: none.
    pub fn soft_limit_bytes(mut self, bytes: usize) -> Self {
        self.terms.soft_limit = bytes;
        self
    }

    /// Sets the floor aside in the parent (and above it, beyond the parent's own floor) and makes the child.
    ///
    /// Who waits for more than can ever be granted beside the new floor is told so.
    ///
    /// # Errors
    ///
    /// If the floor is above the ceiling; if the floors of a budget above would together be above its limit; if there is
    /// [no room now](BudgetError::is_no_room_now) for the floor; if the parent has a child for that tenant.
    ///
    /// # Panics
    ///
    /// If a waker that this wakes panics. There is no child then.
    pub fn build(self) -> Result<Budget, BudgetError> {
        let Terms { floor, limit, .. } = self.terms;
        if floor > limit {
            let ceiling = limit;
            return Err(BudgetErrorKind::FloorAboveCeiling { floor, ceiling }.into());
        }
        self.parent.node().child(self.terms).map(Budget::of)
    }
}
