//! Whether a pool's pages may be swapped out.

/// Whether a pool's pages may be swapped out; see [`PoolBuilder::lock`](crate::PoolBuilder::lock).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MemoryLock {
    /// They may.
    #[default]
    Never,
    /// They may not, and are all there when the pool is built (`mlock`).
    Now,
    /// They may not, once they were touched (`mlock2` with `MLOCK_ONFAULT`). Linux only.
    OnFault,
}
