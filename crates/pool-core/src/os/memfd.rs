//! A memory file that nobody else can resize or write to.

use core::ptr::NonNull;

/// A file of `memfd_create`, closed when dropped.
#[derive(Debug)]
pub(crate) struct MemoryFile {
    fd: libc::c_int,
    /// The process that has the mapping: its children do not.
    process: libc::pid_t,
}

impl MemoryFile {
    /// A file of `bytes` zeros, none of which takes memory yet.
    pub(crate) fn create(bytes: usize) -> Result<Self, i32> {
        let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        // SAFETY: the name is a C string; no memory of ours changes.
        let fd = unsafe { libc::memfd_create(c"pool-core".as_ptr(), flags) };
        if fd < 0 {
            return Err(super::last_errno());
        }
        let file = Self {
            fd,
            process: this_process(),
        };
        let length = libc::off_t::try_from(bytes).map_err(|_| libc::EFBIG)?;
        // SAFETY: a file of ours; no memory of ours changes.
        let result = unsafe { libc::ftruncate(fd, length) };
        super::succeeded(result)?;
        Ok(file)
    }

    /// Maps the file's first `bytes` in place of what was mapped there.
    ///
    /// # Safety
    ///
    /// The range is one whole mapping of ours, not longer than the file, and nothing points into it.
    pub(crate) unsafe fn map_over(&self, base: NonNull<u8>, bytes: usize) -> Result<(), i32> {
        // SAFETY: replaces a mapping of the caller's, by its promise.
        let mapped = unsafe {
            libc::mmap(
                base.as_ptr().cast(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_FIXED,
                self.fd,
                0,
            )
        };
        if mapped == libc::MAP_FAILED {
            return Err(super::last_errno());
        }
        Ok(())
    }

    /// Fixes the size, and forbids every write but those through the mapping that exists.
    ///
    /// Without the latter, safe code could change bytes under a `&[u8]`: by writing to a duplicate of the file.
    pub(crate) fn seal(&self) -> Result<(), i32> {
        let seals =
            libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_FUTURE_WRITE | libc::F_SEAL_SEAL;
        // SAFETY: a file of ours; no memory of ours changes.
        super::succeeded(unsafe { libc::fcntl(self.fd, libc::F_ADD_SEALS, seals) })
    }

    /// Whether this process has the mapping, and not only its address: a child of `fork` may have anything else there.
    pub(crate) fn is_mapped_here(&self) -> bool {
        self.process == this_process()
    }

    #[cfg(feature = "std")]
    pub(crate) fn borrow(&self) -> std::os::fd::BorrowedFd<'_> {
        // SAFETY: open until `self` is dropped.
        unsafe { std::os::fd::BorrowedFd::borrow_raw(self.fd) }
    }
}

fn this_process() -> libc::pid_t {
    // SAFETY: reads a number; touches no memory of ours.
    unsafe { libc::getpid() }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        // SAFETY: opened in `create` and closed only here.
        unsafe { libc::close(self.fd) };
    }
}
