//! The only door to atomics.
//!
//! There is no loom half: this crate's atomics are counts on their own, which order nothing; every protocol is `pool-core`'s, and is
//! modelled there.

pub(crate) mod atomic {
    pub(crate) use core::sync::atomic::{AtomicU64, Ordering};
}
