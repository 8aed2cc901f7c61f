//! What can go wrong on a bridge. A refused value comes back in the error.

use core::fmt;
use thiserror::Error;

/// Why a bridge could not be built.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct BridgeError(#[from] BridgeErrorKind);

#[derive(Debug, Error)]
pub(crate) enum BridgeErrorKind {
    #[error("capacity: must be {bound}, got {value}")]
    OutOfRange { bound: &'static str, value: usize },
    #[error("capacity: no memory for {capacity} values of {value_bytes} bytes")]
    OutOfMemory { capacity: usize, value_bytes: usize },
}

impl BridgeError {
    /// Whether the system had no memory; a smaller capacity may work, or the same one later.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        matches!(self.0, BridgeErrorKind::OutOfMemory { .. })
    }
}

/// Why a value was not pushed, and the value.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PushError<T> {
    /// At some instant of the call every place was taken. The consumer may have made room since.
    #[error("bridge full")]
    Full(T),
    /// The consumer is gone and does not come back.
    #[error("bridge closed: its consumer is gone")]
    Closed(T),
}

impl<T> PushError<T> {
    /// The value that was refused.
    #[must_use]
    pub fn into_value(self) -> T {
        match self {
            Self::Full(value) | Self::Closed(value) => value,
        }
    }

    /// Whether there was no room; trying again later may work.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the consumer is gone; trying again does not help.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

/// Never prints the value.
impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

/// Why no value was popped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PopError {
    /// Nothing was there. A value may have come since.
    #[error("bridge empty")]
    Empty,
    /// The producer is gone and everything it pushed has been popped.
    #[error("bridge closed: its producer is gone and nothing is left")]
    Closed,
}

/// The other end of a bridge is gone and does not come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("bridge closed")]
#[non_exhaustive]
pub struct Closed;
