//! What can go wrong, each error naming the field, the bound and the value. None allocates.

use thiserror::Error;

/// Why a pool could not be built.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct BuildError(#[from] BuildErrorKind);

#[derive(Debug, Error)]
pub(crate) enum BuildErrorKind {
    #[error("{field}: must be {bound}, got {value}")]
    OutOfRange {
        field: &'static str,
        bound: &'static str,
        value: usize,
    },
    #[error("class of {class_bytes} bytes: {source}")]
    Class {
        class_bytes: usize,
        source: pool_core::BuildError,
    },
}

impl BuildError {
    /// Whether the system had no memory for a class; a smaller capacity may work, or the same one later.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        matches!(&self.0, BuildErrorKind::Class { source, .. } if source.is_out_of_memory())
    }

    /// Whether the budget had no room for a class that is charged whole.
    #[must_use]
    pub fn is_over_budget(&self) -> bool {
        matches!(&self.0, BuildErrorKind::Class { source, .. } if source.is_over_budget())
    }
}

/// Why there was no buffer.
#[derive(Debug, Clone, Error)]
#[error(transparent)]
pub struct AcquireError(#[from] AcquireErrorKind);

#[derive(Debug, Clone, Error)]
pub(crate) enum AcquireErrorKind {
    #[error("min: must be at most {bound} bytes, got {min}")]
    TooLarge { min: usize, bound: usize },
    #[error(
        "class of {class_bytes} bytes: no buffer for {min} bytes: all {slots} slots are in use"
    )]
    Exhausted {
        min: usize,
        class_bytes: usize,
        slots: usize,
    },
    #[error("class of {class_bytes} bytes: no buffer for {min} bytes: {why}")]
    OverBudget {
        min: usize,
        class_bytes: usize,
        why: pool_core::ChargeError,
    },
    #[cfg(feature = "std")]
    #[error("class of {class_bytes} bytes: no buffer for {min} bytes within the time given")]
    TimedOut { min: usize, class_bytes: usize },
}

impl AcquireError {
    /// Whether no waiting helps: the request is larger than the largest class, or its class than the budget could ever give.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        match &self.0 {
            AcquireErrorKind::TooLarge { .. } => true,
            AcquireErrorKind::OverBudget { why, .. } => why.is_too_large(),
            AcquireErrorKind::Exhausted { .. } => false,
            #[cfg(feature = "std")]
            AcquireErrorKind::TimedOut { .. } => false,
        }
    }

    /// Whether every buffer of the class was in use; one may come home before the caller sees this.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        matches!(self.0, AcquireErrorKind::Exhausted { .. })
    }

    /// Whether the budget had no room for one more buffer of the class, and no idle memory of this pool could make any.
    #[must_use]
    pub fn is_over_budget(&self) -> bool {
        matches!(self.0, AcquireErrorKind::OverBudget { .. })
    }

    /// Whether the time of [`acquire_timeout`](crate::BufferPool::acquire_timeout) was over.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        matches!(self.0, AcquireErrorKind::TimedOut { .. })
    }
}

/// Why there is no handle for a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct TenantError(#[from] TenantErrorKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum TenantErrorKind {
    #[error("budget: must be given to the pool's builder")]
    NoBudget,
    #[error("tenant: must be one that the budget has a child for, got {}", .0.number())]
    Unknown(pool_core::Tenant),
    #[error(
        "class of {class_bytes} bytes: must be of whole pages that the system takes back, for tenants"
    )]
    ChargedWhole { class_bytes: usize },
}
