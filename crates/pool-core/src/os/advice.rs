//! What the kernel is told about a mapping.

use core::ptr::NonNull;

/// Asks for huge pages where the kernel can. Tells whether it knows what they are.
///
/// # Safety
///
/// The range is one whole mapping of ours.
pub(crate) unsafe fn use_huge_pages(base: NonNull<u8>, bytes: usize) -> bool {
    // SAFETY: a mapping of ours, whose bytes stay as they are.
    unsafe { advise(base, bytes, libc::MADV_HUGEPAGE) }.is_ok()
}

/// Asks that the range is never backed with huge pages. A kernel that knows none refuses, and does as asked.
///
/// # Safety
///
/// The range is one whole mapping of ours.
#[cfg(not(miri))]
pub(crate) unsafe fn never_use_huge_pages(base: NonNull<u8>, bytes: usize) {
    // SAFETY: a mapping of ours, whose bytes stay as they are.
    let _ = unsafe { advise(base, bytes, libc::MADV_NOHUGEPAGE) };
}

/// Gives the memory of whole pages back: they read as zeros then, and take memory again when they are touched.
///
/// # Safety
///
/// The range is whole pages of a private anonymous mapping of ours, and nobody but the caller has a right to its bytes.
#[cfg(not(any(miri, loom)))]
pub(crate) unsafe fn give_back(base: NonNull<u8>, bytes: usize) -> Result<(), i32> {
    // SAFETY: validity and aliasing are the caller's promise; zeros are initialised bytes.
    super::succeeded(unsafe { libc::madvise(base.as_ptr().cast(), bytes, libc::MADV_DONTNEED) })
}

/// Leaves the mapping out of processes that `fork` makes.
///
/// # Safety
///
/// The range is one whole mapping of ours.
pub(crate) unsafe fn leave_out_of_children(base: NonNull<u8>, bytes: usize) -> Result<(), i32> {
    // SAFETY: a mapping of ours, whose bytes stay as they are.
    unsafe { advise(base, bytes, libc::MADV_DONTFORK) }
}

/// Brings every page in, as a write to it would. `Ok(false)`: this kernel does not know how (before Linux 5.14).
///
/// # Safety
///
/// The range is one whole mapping of ours.
pub(crate) unsafe fn populate(base: NonNull<u8>, bytes: usize) -> Result<bool, i32> {
    // SAFETY: a mapping of ours, whose bytes stay as they are.
    match unsafe { advise(base, bytes, libc::MADV_POPULATE_WRITE) } {
        Ok(()) => Ok(true),
        Err(libc::EINVAL | libc::ENOSYS) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// # Safety
///
/// The range is one whole mapping of ours, and the advice changes no byte of it.
unsafe fn advise(base: NonNull<u8>, bytes: usize, advice: libc::c_int) -> Result<(), i32> {
    // SAFETY: validity and aliasing are the caller's promise.
    super::succeeded(unsafe { libc::madvise(base.as_ptr().cast(), bytes, advice) })
}
