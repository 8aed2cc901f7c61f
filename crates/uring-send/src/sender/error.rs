//! Why a message is not queued; what is refused comes back.

use std::fmt;

use pool_core::ChargeError;
use thiserror::Error;

/// Why a message, or a part of one, was not queued. Nothing was changed by the attempt.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The destination was closed, has failed, or is another sender's.
    #[error("destination: closed")]
    Closed,
    /// No room now: the destination has as many entries as it may have, or there are no more. It takes more when the kernel is done with some of its own.
    #[error("entries: this destination has {held}, all have {used} of {total}")]
    NoEntry {
        /// How many this destination has.
        held: usize,
        /// How many all of them have.
        used: usize,
        /// How many there are.
        total: usize,
    },
    /// The bytes find no room now, or could never find any: see [`is_no_room_now`](Self::is_no_room_now) and [`is_too_large`](Self::is_too_large).
    #[error(transparent)]
    Bytes(#[from] ChargeError),
    /// Too large ever: a message has at most [`MAX_GUARDS`](crate::MAX_GUARDS) parts.
    #[error("parts: at most {bound} in one message")]
    TooManyParts {
        /// How many there can be.
        bound: usize,
    },
    /// Too large ever: so many bytes are not copied in one piece. Give them as a guard.
    #[error("copied bytes: at most {bound} in one piece, got {value}")]
    CopyTooLong {
        /// How many there can be.
        bound: usize,
        /// How many there were.
        value: usize,
    },
    /// Only datagrams have addresses and segments of their own.
    #[error("address, segment: of datagrams only")]
    NoDatagram,
    /// There is nothing to send.
    #[error("parts: at least one byte")]
    Empty,
}

impl QueueError {
    /// Whether the same message may be taken later, when the kernel is done with others.
    #[must_use]
    pub fn is_no_room_now(&self) -> bool {
        match self {
            Self::NoEntry { .. } => true,
            Self::Bytes(why) => why.is_exhausted(),
            _ => false,
        }
    }

    /// Whether the message could never be taken, were there nothing else.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        match self {
            Self::TooManyParts { .. } | Self::CopyTooLong { .. } => true,
            Self::Bytes(why) => why.is_too_large(),
            _ => false,
        }
    }
}

/// Why a guard was not queued; gives it back.
pub struct Refused<G> {
    pub(crate) guard: G,
    pub(crate) why: QueueError,
}

impl<G> Refused<G> {
    /// The reason.
    #[must_use]
    pub fn why(&self) -> &QueueError {
        &self.why
    }

    /// The guard that was refused.
    #[must_use]
    pub fn into_guard(self) -> G {
        self.guard
    }
}

impl<G> fmt::Debug for Refused<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

impl<G> fmt::Display for Refused<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl<G> std::error::Error for Refused<G> {}
