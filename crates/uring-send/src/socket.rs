//! A socket that stays open as long as the kernel may name it.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;

use crate::error::SetupError;
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

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

    pub(crate) fn is_ordered(&self) -> bool {
        self.inner.ordered
    }

    /// Whether a send of this stream has bytes that are not with the kernel yet: another one would be refused. Always `false` for
    /// datagrams.
    ///
    /// Only the thread that submits this socket's sends can rely on a `false`.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        // Relaxed: an answer for this moment; `begin_send` decides.
        self.inner.sending.load(Relaxed)
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

    /// Ends the connection now: what is queued is thrown away and a TCP peer sees a reset. Operations in flight on the socket end
    /// with an error, and their completions still come; so do the notifications of zero-copy sends, even if the peer never reads.
    pub fn abort(&self) {
        // What `shutdown` leaves in the queue is let go by dissolving the association only. Otherwise a zero-copy send to a peer that
        // does not read would keep its memory for as long as the peer likes.
        let nowhere = libc::sockaddr {
            sa_family: libc::sa_family_t::try_from(libc::AF_UNSPEC).expect("0"),
            sa_data: [0; 14],
        };
        let bytes = libc::socklen_t::try_from(size_of::<libc::sockaddr>()).expect("16 bytes");
        // SAFETY: reads a live address of the stated size during the call. Failing (a Unix socket) means that nothing was changed.
        unsafe { libc::connect(self.raw_fd(), &raw const nowhere, bytes) };
        // SAFETY: shuts down a socket that we own; touches no memory. Failing means that it is not connected any more.
        unsafe { libc::shutdown(self.raw_fd(), libc::SHUT_RDWR) };
    }

    /// Ends the sending direction after what is queued: the peer reads everything, then end of file.
    pub fn finish(&self) {
        // SAFETY: shuts down a socket that we own; touches no memory. Failing means that it is not connected any more.
        unsafe { libc::shutdown(self.raw_fd(), libc::SHUT_WR) };
    }
}
