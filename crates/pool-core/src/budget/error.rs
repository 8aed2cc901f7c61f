//! Why a budget refused, each error naming the budget, the bound and the value.

use alloc::sync::Arc;
use core::fmt;
use thiserror::Error;

use super::account::Account;
use crate::tenant::Tenant;

/// A budget's name, or what there is instead of one.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    name: Option<Arc<str>>,
    tenant: Tenant,
}

impl Label {
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            name: account.terms.name.clone(),
            tenant: account.terms.tenant,
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "budget {name:?}"),
            None if self.tenant != Tenant::NONE => {
                write!(f, "budget of tenant {}", self.tenant.number())
            }
            None => f.write_str("budget"),
        }
    }
}

/// Why a budget could not be built or changed. Nothing was changed by the attempt.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct BudgetError(#[from] BudgetErrorKind);

#[derive(Debug, Error)]
pub(crate) enum BudgetErrorKind {
    #[error("floor_bytes: must be at most the ceiling, {ceiling} B, got {floor} B")]
    FloorAboveCeiling { floor: usize, ceiling: usize },
    #[error(
        "floor_bytes: {by} has a limit of {limit} B, of which floors take {floors} B, got {floor} B"
    )]
    FloorsAboveLimit {
        by: Label,
        limit: usize,
        floors: usize,
        floor: usize,
    },
    #[error(
        "floor_bytes: {by} has a limit of {limit} B, of which {reserved} B are taken now, got {floor} B"
    )]
    NoRoomNow {
        by: Label,
        limit: usize,
        reserved: usize,
        floor: usize,
    },
    #[error("limit_bytes: {by} has {idle} B to keep for floors, got {limit} B")]
    LimitBelowFloors {
        by: Label,
        idle: usize,
        limit: usize,
    },
    #[error("tenant: must be one that has no budget here yet, got {}", .0.number())]
    TenantTaken(Tenant),
    #[error("budgets of one tree: at most {max}, all open")]
    TooMany { max: u32 },
}

impl BudgetError {
    /// Whether a child's floor found no room now, because of what is charged; it may later.
    #[must_use]
    pub fn is_no_room_now(&self) -> bool {
        matches!(self.0, BudgetErrorKind::NoRoomNow { .. })
    }
}

/// Why bytes were not charged. Nothing was changed by the attempt, but that it was counted.
#[derive(Debug, Clone, Error)]
#[error(transparent)]
pub struct ChargeError(#[from] ChargeErrorKind);

#[derive(Debug, Clone, Error)]
pub(crate) enum ChargeErrorKind {
    #[error("{by}: no room for {bytes} B more: {reserved} of {limit} B are taken")]
    Exhausted {
        by: Label,
        bytes: usize,
        reserved: usize,
        limit: usize,
    },
    #[error(
        "{by}: {bytes} B are more than it could ever give: its limit is {limit} B, of which floors take {idle} B"
    )]
    TooLarge {
        by: Label,
        bytes: usize,
        limit: usize,
        idle: usize,
    },
    #[cfg(all(feature = "std", not(loom)))]
    #[error(
        "{by}: {bytes} B more were not granted within the time given: {reserved} of {limit} B are taken, and older requests go first"
    )]
    TimedOut {
        by: Label,
        bytes: usize,
        reserved: usize,
        limit: usize,
    },
}

impl ChargeError {
    #[cold]
    pub(crate) fn exhausted(by: &Account, bytes: usize) -> Self {
        let (reserved, limit) = (by.reserved, by.terms.limit);
        let by = Label::of(by);
        Self(ChargeErrorKind::Exhausted {
            by,
            bytes,
            reserved,
            limit,
        })
    }

    #[cold]
    pub(crate) fn too_large(by: &Account, bytes: usize) -> Self {
        let (idle, limit) = (by.idle, by.terms.limit);
        let by = Label::of(by);
        Self(ChargeErrorKind::TooLarge {
            by,
            bytes,
            limit,
            idle,
        })
    }

    #[cfg(all(feature = "std", not(loom)))]
    pub(crate) fn timed_out(by: &Account, bytes: usize) -> Self {
        let (reserved, limit) = (by.reserved, by.terms.limit);
        let by = Label::of(by);
        Self(ChargeErrorKind::TimedOut {
            by,
            bytes,
            reserved,
            limit,
        })
    }

    /// Whether the limit of the budget, or of one above it, was reached. What others give back may make the same request succeed.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        matches!(self.0, ChargeErrorKind::Exhausted { .. })
    }

    /// Whether the request is larger than could be granted if everything charged were given back. Waiting does not help, unless a limit is
    /// raised or a budget with a floor goes.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self.0, ChargeErrorKind::TooLarge { .. })
    }

    /// Whether the time of a [`charge_timeout`](crate::Budget::charge_timeout) was over.
    #[cfg(all(feature = "std", not(loom)))]
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        matches!(self.0, ChargeErrorKind::TimedOut { .. })
    }
}
