//! A socket that stays open as long as the kernel may name it.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use crate::error::SetupError;
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::{Acquire, Release};

/// An owned socket. Clones share it; the last one closes it.
///
/// Operations keep a clone until the kernel is done: the kernel looks a descriptor up when it takes an entry, and a number
/// that was closed and given out again would reach the wrong peer.
#[derive(Debug, Clone)]
pub struct Socket {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    fd: OwnedFd,
    ordered: bool,
    sending: AtomicBool,
}

impl Socket {
    /// A stream (TCP, or Unix stream): its sends go one after the other.
    ///
    /// # Errors
    ///
    /// If the socket is in non-blocking mode or the descriptor is not usable.
    pub fn stream(fd: impl Into<OwnedFd>) -> Result<Self, SetupError> {
        Self::new(fd.into(), true)
    }

    /// A connected socket whose messages are independent (UDP): any number of sends at a time.
    ///
    /// # Errors
    ///
    /// If the socket is in non-blocking mode or the descriptor is not usable.
    pub fn datagram(fd: impl Into<OwnedFd>) -> Result<Self, SetupError> {
        Self::new(fd.into(), false)
    }

    fn new(fd: OwnedFd, ordered: bool) -> Result<Self, SetupError> {
        // SAFETY: asks for the flags of a descriptor that we own; touches no memory.
        let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFL) };
        if flags < 0 {
            let source = io::Error::last_os_error();
            return Err(SetupError::Kernel {
                what: "flags of the socket",
                source,
            });
        }
        if flags & libc::O_NONBLOCK != 0 {
            return Err(SetupError::NonBlocking);
        }
        Ok(Self::owning(fd, ordered))
    }

    /// Wraps a descriptor that is known to be in blocking mode.
    pub(crate) fn owning(fd: OwnedFd, ordered: bool) -> Self {
        Self {
            inner: Arc::new(Inner {
                fd,
                ordered,
                sending: AtomicBool::new(false),
            }),
        }
    }

    pub(crate) fn raw_fd(&self) -> RawFd {
        self.inner.fd.as_raw_fd()
    }

    /// Claims the right to send; `false` if a stream's earlier send still has it.
    pub(crate) fn begin_send(&self) -> bool {
        // [SEND-BEGIN] Acquire: the earlier send's last bytes were with the kernel before this one's entry is made, also when another
        // thread's ring took them. Pairs with [SEND-END].
        !self.inner.ordered || !self.inner.sending.swap(true, Acquire)
    }

    pub(crate) fn end_send(&self) {
        // [SEND-END] Release: what this thread read of the kernel's completion comes before the next sender's entry. Pairs with
        // [SEND-BEGIN].
        self.inner.sending.store(false, Release);
    }

    /// Ends the connection now: what is queued is thrown away and the peer sees a reset. Operations in flight on the socket end
    /// with an error, and their completions still come.
    pub fn abort(&self) {
        let linger = libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        let bytes = libc::socklen_t::try_from(size_of::<libc::linger>()).expect("8 bytes");
        // SAFETY: the option's value is a live `linger` of the stated size, read during the call only.
        unsafe {
            libc::setsockopt(
                self.raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_LINGER,
                (&raw const linger).cast(),
                bytes,
            )
        };
        // SAFETY: shuts down a socket that we own; touches no memory. Failing means that it is not connected any more.
        unsafe { libc::shutdown(self.raw_fd(), libc::SHUT_RDWR) };
    }

    /// Ends the sending direction after what is queued: the peer reads everything, then end of file.
    pub fn finish(&self) {
        // SAFETY: shuts down a socket that we own; touches no memory. Failing means that it is not connected any more.
        unsafe { libc::shutdown(self.raw_fd(), libc::SHUT_WR) };
    }
}
