//! The only door to atomics.
//!
//! There is no loom half: this crate's atomics are counts on their own, which order nothing, and are `core`'s in a model too. Every lock and every protocol is
//! `pool-core`'s, and what this crate makes of them is modelled with loom below it.

pub(crate) mod atomic {
    pub(crate) use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
}
