//! Memory straight from the operating system. The only module of this crate that calls `libc`.

#[cfg(target_os = "linux")]
pub(crate) mod advice;
pub(crate) mod lock;
#[cfg(target_os = "linux")]
pub(crate) mod memfd;
#[cfg(target_os = "linux")]
pub(crate) mod numa;

use core::ptr::{self, NonNull};

/// Bytes of a page.
pub(crate) fn page_bytes() -> usize {
    // SAFETY: `sysconf` reads a constant and touches no memory of ours.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(4096)
}

/// Maps `bytes` of zeroed private memory that is touched when first used.
///
/// # Errors
///
/// The `errno` of the failed call.
pub(crate) fn map(bytes: usize) -> Result<NonNull<u8>, i32> {
    map_with(bytes, 0)
}

/// As [`map`]; no swap is set aside for it, so that much more may be mapped than will ever be touched.
///
/// # Errors
///
/// The `errno` of the failed call.
pub(crate) fn map_lazily(bytes: usize) -> Result<NonNull<u8>, i32> {
    #[cfg(target_os = "linux")]
    const UNRESERVED: libc::c_int = libc::MAP_NORESERVE;
    #[cfg(not(target_os = "linux"))]
    const UNRESERVED: libc::c_int = 0;
    map_with(bytes, UNRESERVED)
}

/// As [`map`], of huge pages of 2 MiB that are set aside for it now; `bytes` are whole ones.
///
/// # Errors
///
/// The `errno` of the failed call.
#[cfg(target_os = "linux")]
pub(crate) fn map_huge(bytes: usize) -> Result<NonNull<u8>, i32> {
    map_with(bytes, libc::MAP_HUGETLB | libc::MAP_HUGE_2MB)
}

fn map_with(bytes: usize, flags: libc::c_int) -> Result<NonNull<u8>, i32> {
    // SAFETY: an anonymous mapping at an address of the kernel's choice overlaps nothing of ours.
    let base = unsafe {
        libc::mmap(
            ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | flags,
            -1,
            0,
        )
    };
    if base == libc::MAP_FAILED {
        return Err(last_errno());
    }
    NonNull::new(base.cast()).ok_or(libc::EINVAL)
}

/// Gives a mapping back, or whole pages of one.
///
/// # Safety
///
/// The range is whole pages of a mapping of ours, and nothing points into it any more.
pub(crate) unsafe fn unmap(base: NonNull<u8>, bytes: usize) {
    // SAFETY: validity and aliasing are the caller's promise.
    let result = unsafe { libc::munmap(base.as_ptr().cast(), bytes) };
    debug_assert_eq!(
        result, 0,
        "munmap of a mapping of ours fails only for wrong arguments"
    );
}

/// Lets the range be read and written, or neither. Tells whether the kernel did it.
///
/// # Safety
///
/// The range lies in one mapping made by [`map`], and nobody but the caller has a right to its bytes.
pub(crate) unsafe fn set_accessible(base: NonNull<u8>, bytes: usize, accessible: bool) -> bool {
    let protection = if accessible {
        libc::PROT_READ | libc::PROT_WRITE
    } else {
        libc::PROT_NONE
    };
    // SAFETY: the range is a mapping of ours and exclusively the caller's, by its promise.
    unsafe { libc::mprotect(base.as_ptr().cast(), bytes, protection) == 0 }
}

#[cfg(target_os = "linux")]
fn succeeded(result: libc::c_int) -> Result<(), i32> {
    if result == 0 {
        Ok(())
    } else {
        Err(last_errno())
    }
}

fn last_errno() -> i32 {
    // SAFETY: the address is this thread's own errno, valid for reads.
    unsafe { *errno_location() }
}

#[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "l4re"))]
fn errno_location() -> *mut i32 {
    // SAFETY: returns this thread's errno address; no precondition.
    unsafe { libc::__errno_location() }
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
fn errno_location() -> *mut i32 {
    // SAFETY: returns this thread's errno address; no precondition.
    unsafe { libc::__error() }
}

#[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
fn errno_location() -> *mut i32 {
    // SAFETY: returns this thread's errno address; no precondition.
    unsafe { libc::__errno() }
}

/// Asks the kernel for [`barrier`]; asking again is allowed. Tells whether it can be used.
#[cfg(all(target_os = "linux", not(miri), not(loom)))]
pub(crate) fn register_barrier() -> bool {
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;
    // SAFETY: changes a flag of this process; touches no memory.
    unsafe { libc::syscall(libc::SYS_membarrier, REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 }
}

/// Makes every running thread of this process pass a full memory barrier before this returns.
///
/// # Panics
///
/// If [`register_barrier`] did not succeed, or a sandbox has forbidden the call since.
#[cfg(all(target_os = "linux", not(miri), not(loom)))]
pub(crate) fn barrier() {
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    // SAFETY: orders memory; touches none.
    let result = unsafe { libc::syscall(libc::SYS_membarrier, PRIVATE_EXPEDITED, 0, 0) };
    assert_eq!(
        result, 0,
        "membarrier was allowed when the pool was built, and is not now"
    );
}
