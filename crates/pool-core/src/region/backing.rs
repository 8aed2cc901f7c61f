//! What a pool's memory turned out to be.

/// What a pool's memory is, which may be less than was asked for: see [`RegionSource::HugePages`](crate::RegionSource::HugePages).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backing {
    /// Memory of the global allocator.
    Heap,
    /// A private mapping of ordinary pages.
    Mmap,
    /// A private mapping of huge pages of 2 MiB, set aside when the pool was built: every page is a huge one.
    HugePages,
    /// A private mapping for which the kernel was asked to use huge pages where it can: nothing tells whether it does.
    TransparentHugePages,
    /// A shared mapping of a sealed memory file.
    Memfd,
    /// Memory that the pool's builder was given.
    External,
}
