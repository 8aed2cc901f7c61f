//! Regions that the operating system maps.

use core::ptr::NonNull;

#[cfg(target_os = "linux")]
use super::Backing;
use super::{Memory, Region, RegionPlan, RegionSource};
use crate::budget::lock::Lock;
use crate::error::{BuildError, BuildErrorKind};
use crate::os;

/// What [`RegionSource::HugePages`] means by "huge".
#[cfg(target_os = "linux")]
const HUGE_PAGE_BYTES: usize = 2 * 1024 * 1024;

pub(super) fn region(plan: RegionPlan) -> Result<Region, BuildError> {
    let RegionPlan { bytes, align, .. } = plan;
    match plan.source {
        RegionSource::Mmap if plan.page_by_page => map_by(os::map_lazily, bytes, align),
        RegionSource::Mmap => map(bytes, align),
        #[cfg(target_os = "linux")]
        RegionSource::HugePages => huge(bytes, align),
        #[cfg(target_os = "linux")]
        RegionSource::ReservedHugePages => reserved(bytes),
        #[cfg(target_os = "linux")]
        RegionSource::Memfd => file(bytes, align),
        #[cfg(target_os = "linux")]
        RegionSource::Heap => unreachable!("not of the operating system"),
        #[cfg(not(target_os = "linux"))]
        other => Err(other.unsupported().into()),
    }
}

fn map(bytes: usize, align: usize) -> Result<Region, BuildError> {
    map_by(os::map, bytes, align)
}

/// A mapping that `map` makes.
fn map_by(
    map: fn(usize) -> Result<NonNull<u8>, i32>,
    bytes: usize,
    align: usize,
) -> Result<Region, BuildError> {
    let refused = |errno| refused("mmap", bytes, errno);
    let bytes = rounded(bytes, os::page_bytes()).ok_or_else(|| refused(None))?;
    let base = aligned(map, bytes, align).map_err(|errno| refused(Some(errno)))?;
    Ok(Region {
        base,
        bytes,
        backing: super::Backing::Mmap,
        memory: Memory::Map,
        charge: Lock::new(None),
        beside: None,
    })
}

/// Maps `bytes`, which are whole pages, at a multiple of `align`, a power of two.
fn aligned(
    map: fn(usize) -> Result<NonNull<u8>, i32>,
    bytes: usize,
    align: usize,
) -> Result<NonNull<u8>, i32> {
    let slack = align.saturating_sub(os::page_bytes());
    // At most `isize::MAX` and a little: the builder checks it.
    let base = map(bytes + slack)?;
    let head = base.addr().get().wrapping_neg() & (align - 1);
    // SAFETY: `head` is at most `slack`, because the kernel gives whole pages.
    let start = unsafe { base.add(head) };
    if head > 0 {
        // SAFETY: whole pages of the mapping above, of which nobody knows.
        unsafe { os::unmap(base, head) }
    }
    if slack > head {
        // SAFETY: `bytes` from `start` on are in the mapping, and `slack - head` behind them.
        let end = unsafe { start.add(bytes) };
        // SAFETY: whole pages of the mapping above, of which nobody knows.
        unsafe { os::unmap(end, slack - head) }
    }
    Ok(start)
}

#[cfg(target_os = "linux")]
fn reserved(bytes: usize) -> Result<Region, BuildError> {
    let refused = |errno| refused("mmap (huge pages)", bytes, errno);
    let bytes = rounded(bytes, HUGE_PAGE_BYTES).ok_or_else(|| refused(None))?;
    // At a multiple of a huge page, which is the largest alignment there is.
    let base = os::map_huge(bytes).map_err(|errno| refused(Some(errno)))?;
    Ok(Region {
        base,
        bytes,
        backing: Backing::HugePages,
        memory: Memory::Map,
        charge: Lock::new(None),
        beside: None,
    })
}

#[cfg(target_os = "linux")]
fn huge(bytes: usize, align: usize) -> Result<Region, BuildError> {
    if let Ok(region) = reserved(bytes) {
        return Ok(region);
    }
    let refused = refused("mmap", bytes, None);
    let bytes = rounded(bytes, HUGE_PAGE_BYTES).ok_or(refused)?;
    let mut region = map(bytes, align.max(HUGE_PAGE_BYTES))?;
    // SAFETY: validity: the whole of a mapping of ours. Aliasing: no byte changes.
    if unsafe { os::advice::use_huge_pages(region.base, bytes) } {
        region.backing = Backing::TransparentHugePages;
    }
    Ok(region)
}

#[cfg(target_os = "linux")]
fn file(bytes: usize, align: usize) -> Result<Region, BuildError> {
    let refused = |errno| refused("memfd", bytes, Some(errno));
    let mut region = map(bytes, align)?;
    let file = os::memfd::MemoryFile::create(region.bytes).map_err(refused)?;
    // SAFETY: validity: the whole of a mapping of ours, and a file of this size. Aliasing: nobody knows of the memory that it replaces.
    if let Err(errno) = unsafe { file.map_over(region.base, region.bytes) } {
        // The old mapping may be gone, and anything else there by now.
        core::mem::forget(region);
        return Err(refused(errno).into());
    }
    file.seal().map_err(refused)?;
    // SAFETY: validity: the whole of a mapping of ours. Aliasing: no byte changes.
    unsafe { os::advice::leave_out_of_children(region.base, region.bytes) }.map_err(refused)?;
    region.backing = Backing::Memfd;
    region.memory = Memory::File(file);
    Ok(region)
}

fn rounded(bytes: usize, unit: usize) -> Option<usize> {
    bytes.checked_next_multiple_of(unit)
}

fn refused(source_name: &'static str, bytes: usize, errno: Option<i32>) -> BuildErrorKind {
    BuildErrorKind::OutOfMemory {
        source_name,
        bytes,
        errno,
    }
}
