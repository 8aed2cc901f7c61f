//! Where a pool's memory may come from.

/// Where a pool's memory comes from.
///
/// All sources give zeroed memory, touched when first used unless [pre-faulted](crate::PoolBuilder::prefault). A foreign region is no source: see
/// [`PoolBuilder::build_on`](crate::PoolBuilder::build_on).
///
/// # After `fork`
///
/// A child process has a copy of the pool as it was, copied page by page when one of the two writes, and its own from then on: slots that other threads of the
/// parent held stay in use there for ever, and what was registered with a kernel (io_uring buffers) is the parent's. Locked memory is not locked in the child. A huge page
/// that was set aside was so for the parent: a child that writes to one when there is no other dies of `SIGBUS`. A [`Memfd`](Self::Memfd) region
/// could only be shared, not copied, and both would hand out the same bytes; so it is not there in the child, which must not touch a slot, nor
/// drop a lease of a pool that scrubs or checks: whatever the child maps later may lie at that address. Dropping the pool is fine.
///
/// Where a thread of the parent waited for a slot at that moment (`alloc_timeout`, `alloc_async`), the child's copy of it goes on waiting for ever, and is served: slots
/// that the child gives back to such a pool are lost to it. Build pools that a child is to use in the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegionSource {
    /// The global allocator.
    Heap,
    /// An anonymous private mapping, page-aligned: may be registered with the kernel, read with
    /// `O_DIRECT`, protected. Needs feature `os` and a Unix.
    Mmap,
    /// As [`Mmap`](Self::Mmap), of huge pages of 2 MiB as far as the system has them; the region is rounded up to whole ones. Needs feature `os` and Linux.
    ///
    /// In this order: pages set aside by the administrator (`vm.nr_hugepages`), if there are enough for the whole region now;
    /// ordinary memory at a multiple of 2 MiB that the kernel is asked to back with huge pages where it can (`MADV_HUGEPAGE`); ordinary pages.
    /// [`RegionSpan::backing`](crate::RegionSpan::backing) says which it is.
    HugePages,
    /// As [`HugePages`](Self::HugePages), of pages set aside or not at all: building the pool fails if there are not enough.
    ReservedHugePages,
    /// A shared mapping of a memory file (`memfd_create`), to show the bytes to other processes: see [`Pool::region_fd`](crate::Pool::region_fd). The file is sealed:
    /// its size never changes, and nobody writes to it but through this pool. Needs feature `os` and Linux 5.1 or newer.
    Memfd,
}

#[cfg(not(all(feature = "os", target_os = "linux")))]
impl RegionSource {
    /// Why there is no such region here.
    pub(crate) fn unsupported(self) -> crate::error::BuildErrorKind {
        let needs = match self {
            Self::Heap => "nothing",
            Self::Mmap => "feature `os` and a Unix for RegionSource::Mmap",
            Self::HugePages => "feature `os` and Linux for RegionSource::HugePages",
            Self::ReservedHugePages => "feature `os` and Linux for RegionSource::ReservedHugePages",
            Self::Memfd => "feature `os` and Linux for RegionSource::Memfd",
        };
        let field = "region";
        crate::error::BuildErrorKind::Unsupported { field, needs }
    }
}
