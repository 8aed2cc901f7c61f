//! What can go wrong, each error naming the field, the bound and the value.

use thiserror::Error;

use crate::budget::ChargeError;
use crate::name::Name;

/// Why a pool could not be built.
#[derive(Debug, Error)]
#[error("{name}{kind}")]
pub struct BuildError {
    kind: BuildErrorKind,
    /// Of the pool that was not built.
    name: Name,
}

impl From<BuildErrorKind> for BuildError {
    fn from(kind: BuildErrorKind) -> Self {
        let name = Name::NONE;
        Self { kind, name }
    }
}

#[derive(Debug, Error)]
pub(crate) enum BuildErrorKind {
    #[error("{field}: must be {bound}, got {value}")]
    OutOfRange {
        field: &'static str,
        bound: &'static str,
        value: usize,
    },
    #[error("slot_bytes: must be 1 to {bound}, got {value}")]
    SlotBytes { bound: usize, value: usize },
    #[error(
        "slots x slot_bytes: {slots} slots of {stride_bytes} bytes are more than {bound} bytes"
    )]
    TooLarge {
        slots: usize,
        stride_bytes: usize,
        bound: usize,
    },
    #[error("region: {source_name} has no {bytes} bytes{}", OsCode(*.errno))]
    OutOfMemory {
        source_name: &'static str,
        bytes: usize,
        errno: Option<i32>,
    },
    #[error("faults: the probability must be 0 to 1, got {probability}")]
    Probability { probability: f64 },
    #[error("region: {0}")]
    Budget(ChargeError),
    #[error("region: the pool needs {needed} bytes, this one has {bytes}")]
    RegionTooSmall { needed: usize, bytes: usize },
    #[error("region: must begin at a multiple of {align} bytes, begins {over} behind one")]
    RegionMisaligned { align: usize, over: usize },
    #[error("{field}: the system refused {what}, {value} (os error {errno})")]
    #[cfg_attr(
        not(all(feature = "os", target_os = "linux")),
        expect(dead_code, reason = "only Linux is asked")
    )]
    Refused {
        field: &'static str,
        what: &'static str,
        value: usize,
        errno: i32,
    },
    #[error("lock: the system refused to lock {bytes} bytes (os error {errno}); RLIMIT_MEMLOCK is {}", Limit(*.limit))]
    #[cfg_attr(
        not(any(all(feature = "os", unix), test)),
        expect(dead_code, reason = "only a Unix is asked")
    )]
    NotLocked {
        bytes: usize,
        limit: Option<u64>,
        errno: i32,
    },
    #[error("{field}: needs {needs}")]
    Unsupported {
        field: &'static str,
        needs: &'static str,
    },
}

struct OsCode(Option<i32>);

impl core::fmt::Display for OsCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(errno) => write!(f, " (os error {errno})"),
            None => Ok(()),
        }
    }
}

struct Limit(Option<u64>);

impl core::fmt::Display for Limit {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(bytes) => write!(f, "{bytes} bytes"),
            None => f.write_str("unlimited or unknown"),
        }
    }
}

impl BuildError {
    pub(crate) fn of_pool(self, name: Name) -> Self {
        Self { name, ..self }
    }

    /// Whether the system had no memory for the region; another size may work, or the same one later.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        matches!(self.kind, BuildErrorKind::OutOfMemory { .. })
    }

    /// Whether the [budget](crate::PoolBuilder::budget) had no room for the region; it may later, if it is not too small.
    #[must_use]
    pub fn is_over_budget(&self) -> bool {
        matches!(self.kind, BuildErrorKind::Budget(_))
    }
}

/// Why [`Pool::try_alloc`](crate::Pool::try_alloc), or a wait for a slot, gave none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct AllocError(#[from] AllocErrorKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum AllocErrorKind {
    #[error("pool exhausted: all {slots} slots were in use at some moment of the call")]
    Exhausted { slots: u32 },
    #[cfg_attr(
        not(feature = "std"),
        expect(dead_code, reason = "waiting needs `std`")
    )]
    #[error(
        "pool exhausted: all {slots} slots were in use, and none came home for this waiter in time"
    )]
    TimedOut { slots: u32 },
    #[error("pool closed: it gives out no more slots")]
    Closed,
}

impl AllocError {
    /// Whether every slot was in use; one may come home before the caller sees this.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        matches!(self.0, AllocErrorKind::Exhausted { .. })
    }

    /// Whether a wait was over before it was this waiter's turn.
    #[must_use]
    pub fn is_timed_out(&self) -> bool {
        matches!(self.0, AllocErrorKind::TimedOut { .. })
    }

    /// Whether the pool was closed; waiting does not help.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.0, AllocErrorKind::Closed)
    }
}

/// Why [`Pool::redeem`](crate::Pool::redeem) refused an id. Nothing was changed by the attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct IdError(#[from] IdErrorKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum IdErrorKind {
    #[error("slot id: names slot {slot}, this pool has {slots} (another pool's id, or not an id)")]
    OutOfRange { slot: u32, slots: u32 },
    #[error("slot id: not now out of this pool (redeemed before, or another pool's)")]
    NotOut,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn errors_name_field_bound_and_value() {
        let range = BuildErrorKind::OutOfRange {
            field: "slots",
            bound: "1 to 9",
            value: 0,
        };
        assert_eq!(
            BuildError::from(range).to_string(),
            "slots: must be 1 to 9, got 0"
        );
        let memory = BuildErrorKind::OutOfMemory {
            source_name: "mmap",
            bytes: 5,
            errno: Some(12),
        };
        assert_eq!(
            BuildError::from(memory).to_string(),
            "region: mmap has no 5 bytes (os error 12)"
        );
        let lock = BuildErrorKind::NotLocked {
            bytes: 5,
            limit: Some(4),
            errno: 12,
        };
        assert_eq!(
            BuildError::from(lock).to_string(),
            "lock: the system refused to lock 5 bytes (os error 12); RLIMIT_MEMLOCK is 4 bytes"
        );
    }
}
