//! What can go wrong, each error naming the field, the bound and the value.

use pool_core::ChargeError;
use thiserror::Error;

use crate::excerpt::Excerpt;
use crate::kind::{MAX_KINDS, MAX_SLUG_BYTES};

/// Why a view could not be cut as asked. Nothing was changed by the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct OutOfRange(#[from] OutOfRangeKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum OutOfRangeKind {
    #[error("range: must lie in 0..{len}, got {start}..{end}")]
    Range {
        start: usize,
        end: usize,
        len: usize,
    },
    #[error("position: must be 0 to {len}, got {at}")]
    Position { at: usize, len: usize },
    #[error("part: must lie inside the view's {len} bytes, got {part_bytes} bytes that do not")]
    Elsewhere { part_bytes: usize, len: usize },
}

/// Why a [`ViewMut`](crate::ViewMut) got no room without the heap. Its bytes are where they were.
#[derive(Debug, Clone, Error)]
#[error(transparent)]
pub struct ReserveError(#[from] ReserveErrorKind);

#[derive(Debug, Clone, Error)]
pub(crate) enum ReserveErrorKind {
    #[error(
        "capacity: must be at most {} bytes, got {len} and {additional} more",
        isize::MAX
    )]
    TooLarge { len: usize, additional: usize },
    #[error("lease: must be of at least {needed} bytes, got none from the source")]
    NoLease { needed: usize },
    #[error(transparent)]
    Budget(#[from] ChargeError),
}

impl ReserveError {
    /// Whether no buffer can have so many bytes.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self.0, ReserveErrorKind::TooLarge { .. })
    }

    /// Whether the budget that the storage is charged to had no room for another. Others may give bytes back before the caller sees it.
    #[must_use]
    pub fn is_over_budget(&self) -> bool {
        matches!(self.0, ReserveErrorKind::Budget(_))
    }

    /// Whether the source had no lease that large. A later attempt may find one, if the source has leases of that size at all.
    #[must_use]
    pub fn is_without_lease(&self) -> bool {
        matches!(self.0, ReserveErrorKind::NoLease { .. })
    }
}

/// Why [`Kind::register`](crate::Kind::register) gave no kind. Nothing was registered by the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct RegisterError(#[from] RegisterErrorKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum RegisterErrorKind {
    #[error(
        "kind slug: must be 1 to {MAX_SLUG_BYTES} of a-z 0-9 . _ + - and begin with a letter or digit, got {0}"
    )]
    Invalid(Excerpt),
    #[error("kinds: at most {MAX_KINDS} in a process, all are in use; got {0} in addition")]
    Full(Excerpt),
}

impl RegisterError {
    /// Whether the slug breaks the rules for slugs.
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        matches!(self.0, RegisterErrorKind::Invalid(_))
    }

    /// Whether every kind a process can have is in use. Kinds are never given back, so trying again does not help.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.0, RegisterErrorKind::Full(_))
    }
}

/// Why a text is no [`Kind`](crate::Kind): neither built in nor registered so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("kind: must be the slug of a built-in or registered kind, got {0}")]
pub struct UnknownKind(pub(crate) Excerpt);
