//! What is asked of Linux. The only module of this crate that calls `libc`.

#[cfg(feature = "std")]
pub(crate) mod event_fd;
pub(crate) mod pin;

/// Asks the kernel for [`barrier`]; asking again is allowed. Tells whether it can be used.
#[cfg(not(any(miri, loom)))]
pub(crate) fn register_barrier() -> bool {
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;
    // SAFETY: changes a flag of this process; touches no memory.
    unsafe { libc::syscall(libc::SYS_membarrier, REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 }
}

/// Makes every running thread of this process pass a full memory barrier before this returns.
///
/// # Panics
///
/// If [`register_barrier`] did not succeed.
#[cfg(not(any(miri, loom)))]
pub(crate) fn barrier() {
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    // SAFETY: orders memory; touches none.
    let result = unsafe { libc::syscall(libc::SYS_membarrier, PRIVATE_EXPEDITED, 0, 0) };
    assert_eq!(
        result, 0,
        "membarrier was registered, and fails only if it was not"
    );
}

fn last_errno() -> i32 {
    // SAFETY: returns this thread's errno address; no precondition.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: validity: the address is this thread's own errno. Aliasing: no other thread has it.
    unsafe { *errno }
}
