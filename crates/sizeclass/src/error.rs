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
}

/// Why [`BufferPool::try_acquire`](crate::BufferPool::try_acquire) gave no buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct AcquireError(#[from] AcquireErrorKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum AcquireErrorKind {
    #[error("min: must be at most {bound} bytes, got {min}")]
    TooLarge { min: usize, bound: usize },
    #[error("class of {class_bytes} bytes: no buffer for {min} bytes: {why}")]
    Refused {
        min: usize,
        class_bytes: usize,
        why: pool_core::AllocError,
    },
}

impl AcquireError {
    /// Whether the request is larger than the largest class: no waiting helps.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        matches!(self.0, AcquireErrorKind::TooLarge { .. })
    }

    /// Whether every buffer of the class was in use; one may come home before the caller sees this.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        matches!(&self.0, AcquireErrorKind::Refused { why, .. } if why.is_exhausted())
    }
}
