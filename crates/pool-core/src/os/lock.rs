//! Pages that are not swapped out.

use core::ptr::NonNull;

/// Locks the range; unmapping it unlocks it.
///
/// # Safety
///
/// The range is one whole mapping of ours.
pub(crate) unsafe fn lock(base: NonNull<u8>, bytes: usize, on_fault: bool) -> Result<(), i32> {
    let result = if on_fault {
        // SAFETY: validity and aliasing are the caller's promise.
        unsafe { lock_on_fault(base, bytes) }
    } else {
        // SAFETY: validity and aliasing are the caller's promise.
        unsafe { libc::mlock(base.as_ptr().cast(), bytes) }
    };
    if result == 0 {
        Ok(())
    } else {
        Err(super::last_errno())
    }
}

/// # Safety
///
/// The range is one whole mapping of ours.
#[cfg(target_os = "linux")]
unsafe fn lock_on_fault(base: NonNull<u8>, bytes: usize) -> libc::c_int {
    // SAFETY: validity and aliasing are the caller's promise.
    unsafe { libc::mlock2(base.as_ptr().cast(), bytes, libc::MLOCK_ONFAULT) }
}

/// The builder refuses this before.
///
/// # Safety
///
/// Never called.
#[cfg(not(target_os = "linux"))]
unsafe fn lock_on_fault(_base: NonNull<u8>, _bytes: usize) -> libc::c_int {
    unreachable!("MemoryLock::OnFault is for Linux")
}

/// How many bytes this process may lock; `None` for no limit, and where we do not know.
#[cfg(target_os = "linux")]
#[allow(clippy::useless_conversion, reason = "narrower where addresses are")]
pub(crate) fn limit() -> Option<u64> {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: writes to the local variable only.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) };
    (result == 0 && limit.rlim_cur != libc::RLIM_INFINITY).then(|| limit.rlim_cur.into())
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn limit() -> Option<u64> {
    None
}
