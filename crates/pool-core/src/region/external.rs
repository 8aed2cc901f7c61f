//! A region that somebody else made: shared memory of a virtual machine, a device's buffers, a mapping of one's own.

use alloc::boxed::Box;
use core::fmt;
use core::ptr::NonNull;

use thiserror::Error;

use super::{Backing, Memory, Region};
use crate::budget::lock::Lock;
use crate::error::{BuildError, BuildErrorKind};

/// Memory that a pool does not make but is given, with the owner that keeps it; see [`PoolBuilder::build_on`](crate::PoolBuilder::build_on).
///
/// `O` is dropped when the pool and everything taken from it is gone, on the thread that let go last: what must be done then (unmapping, telling a device)
/// is its `Drop`. A pool whose slots are out as ids when its last handle goes keeps it for ever.
///
/// `Send` and `Sync` as `O` is.
pub struct ExternalRegion<O> {
    base: NonNull<u8>,
    bytes: usize,
    owner: O,
}

// SAFETY: the bytes are good for uses from any thread (promise of `new`), and the owner may go to another.
unsafe impl<O: Send> Send for ExternalRegion<O> {}
// SAFETY: through a reference one sees the address, the length and at most the owner.
unsafe impl<O: Sync> Sync for ExternalRegion<O> {}

impl<O: Send + 'static> ExternalRegion<O> {
    /// Names the `bytes` bytes from `base` on, which `owner` keeps.
    ///
    /// # Safety
    ///
    /// From now until `owner` is dropped:
    ///
    /// - the bytes are one live allocation that stays where it is, at most `isize::MAX` long, initialised, and good for reads and writes from any thread;
    /// - nobody reads or writes them but through what the pool hands out, and through raw pointers to a slot that the program (or, by its will, a kernel, a
    ///   device or another process) has the right to: exclusively while it holds the slot's lease, or what [`into_raw`](crate::Lease::into_raw) made of it, and makes
    ///   no use of the lease's bytes meanwhile, for reading only while it holds a share. A [`SlotId`](crate::SlotId) gives that right only if nobody who has a handle of
    ///   the pool presents numbers that are not ids which came back to the program: whoever presents one first has the slot.
    ///
    /// A peer that may write to any byte at any time, as a hostile virtual machine may, does not keep the second: copy what it shows you.
    pub const unsafe fn new(base: NonNull<u8>, bytes: usize, owner: O) -> Self {
        Self { base, bytes, owner }
    }

    /// Gives up the region and gets the owner back.
    pub fn into_owner(self) -> O {
        self.owner
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn check(&self, bytes: usize, align: usize) -> Result<(), BuildErrorKind> {
        if self.bytes < bytes {
            return Err(BuildErrorKind::RegionTooSmall {
                needed: bytes,
                bytes: self.bytes,
            });
        }
        let over = self.base.addr().get() & (align - 1);
        if over != 0 {
            return Err(BuildErrorKind::RegionMisaligned { align, over });
        }
        Ok(())
    }
}

impl Region {
    /// The region of an owner who promises REGION-1 and REGION-2; checked by [`ExternalRegion::check`].
    pub(crate) fn external<O: Send + 'static>(region: ExternalRegion<O>) -> Self {
        Self {
            base: region.base,
            bytes: region.bytes,
            backing: Backing::External,
            memory: Memory::External(Box::new(region.owner)),
            charge: Lock::new(None),
            beside: None,
        }
    }
}

/// Never prints the bytes.
impl<O> fmt::Debug for ExternalRegion<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalRegion")
            .field("base", &self.base)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// Why no pool was built on a region, and the region.
#[derive(Error)]
#[error("{why}")]
pub struct RefusedRegion<O> {
    why: BuildError,
    region: ExternalRegion<O>,
}

impl<O> RefusedRegion<O> {
    pub(crate) fn new(why: BuildError, region: ExternalRegion<O>) -> Self {
        Self { why, region }
    }

    /// Why.
    #[must_use]
    pub fn why(&self) -> &BuildError {
        &self.why
    }

    /// Gets the region back.
    #[must_use]
    pub fn into_region(self) -> ExternalRegion<O> {
        self.region
    }
}

impl<O> From<RefusedRegion<O>> for BuildError {
    fn from(refused: RefusedRegion<O>) -> Self {
        refused.why
    }
}

impl<O> fmt::Debug for RefusedRegion<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedRegion")
            .field("why", &self.why)
            .field("region", &self.region)
            .finish()
    }
}
