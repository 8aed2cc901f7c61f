//! Keeping a thread on one core.

use thiserror::Error;

use super::last_errno;

/// Why a thread could not be pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(transparent)]
pub struct PinError(#[from] PinErrorKind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
enum PinErrorKind {
    #[error("core: must be 0 to {last}, got {core}")]
    OutOfRange { core: usize, last: usize },
    #[error("core: the kernel refuses {core} (os error {errno}): offline, or not this process's")]
    Refused { core: usize, errno: i32 },
}

impl PinError {
    /// The kernel's error number, if it was the kernel that refused.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        match self.0 {
            PinErrorKind::Refused { errno, .. } => Some(errno),
            PinErrorKind::OutOfRange { .. } => None,
        }
    }
}

#[cfg(feature = "std")]
impl From<PinError> for std::io::Error {
    fn from(error: PinError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error)
    }
}

/// Keeps the calling thread on one core, as the kernel numbers them, until it is told otherwise. One system call.
///
/// # Errors
///
/// [`PinError`] if there is no such core, or this process may not use it.
pub fn pin_to_core(core: usize) -> Result<(), PinError> {
    const CORES: usize = 8 * size_of::<libc::cpu_set_t>();
    if core >= CORES {
        let last = CORES - 1;
        return Err(PinErrorKind::OutOfRange { core, last }.into());
    }
    // SAFETY: a `cpu_set_t` is an array of integers, for which zero is a value.
    let mut set: libc::cpu_set_t = unsafe { core::mem::zeroed() };
    // SAFETY: `core` is one of the set's bits, and the set is ours alone.
    unsafe { libc::CPU_SET(core, &mut set) }
    // SAFETY: thread 0 is the caller; the kernel reads the given number of bytes of a live set and changes none.
    let result = unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) };
    if result == 0 {
        return Ok(());
    }
    let errno = last_errno();
    Err(PinErrorKind::Refused { core, errno }.into())
}
