//! Connections, accepted by the ring.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use io_uring::{opcode, types};

use crate::arming::Arming;
use crate::completion::Completion;
use crate::error::SetupError;
use crate::leaks;
use crate::nonce::Nonce;
use crate::queue::Submissions;
use crate::socket::Socket;

/// What an [`Acceptor`] reports.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcceptEvent {
    /// A peer connected. The socket is in blocking mode and closed on exec.
    Accepted(Socket),
    /// Accepting failed, for example because the process is out of descriptors. It goes on with the next
    /// [`flush`](Acceptor::flush).
    Failed(io::Error),
    /// A completion that told the caller nothing new.
    Internal,
}

/// Accepts TCP connections with one multishot operation.
///
/// Dropping it while armed leaks the listener on purpose (counted in [`leaks`](crate::leaks())): an entry that the kernel has not
/// taken yet names it by number. [`stop`](Self::stop) first to avoid that.
#[derive(Debug)]
pub struct Acceptor {
    /// `None` only after `drop` leaked it.
    listener: Option<TcpListener>,
    nonce: Nonce,
    arming: Arming,
    stopped: bool,
}

impl Acceptor {
    /// Takes over a listener. Nothing happens before [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// [`SetupError`] if too many instances exist.
    pub fn new(listener: TcpListener) -> Result<Self, SetupError> {
        let nonce = Nonce::take()?;
        Ok(Self {
            listener: Some(listener),
            nonce,
            arming: Arming::default(),
            stopped: false,
        })
    }

    /// Arms the accept, or its cancellation, if that is what is to be done. Tells whether nothing waits for room in the queue.
    #[must_use = "if the queue was full, submit and call again"]
    pub fn flush(&mut self, queue: &mut impl Submissions) -> bool {
        let token = self.arming.token(&self.nonce, 0);
        if self.stopped {
            return self.arming.cancel(queue, token);
        }
        if self.arming.is_armed() {
            return true;
        }
        let Some(listener) = &self.listener else {
            return true;
        };
        let entry = opcode::AcceptMulti::new(types::Fd(listener.as_raw_fd()))
            .flags(libc::SOCK_CLOEXEC)
            .build();
        // SAFETY: the listener is kept (or leaked) as long as the operation is armed; no memory is named.
        unsafe { self.arming.arm(queue, entry, token) }
    }

    /// Ends accepting with the next [`flush`](Self::flush); [`is_armed`](Self::is_armed) tells when the kernel has said so.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether the kernel may still accept on the listener.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.arming.is_armed()
    }

    /// Takes in one completion.
    ///
    /// # Errors
    ///
    /// Gives a completion back that is not this instance's.
    pub fn complete(&mut self, completion: Completion) -> Result<AcceptEvent, Completion> {
        let token = completion.token();
        if token.nonce != self.nonce.number() {
            return Err(completion);
        }
        if !self.arming.owns(token) {
            return Ok(AcceptEvent::Internal);
        }
        self.arming.completed(&completion);
        Ok(self.event(completion.result()))
    }

    fn event(&self, result: i32) -> AcceptEvent {
        if result >= 0 {
            // SAFETY: the kernel made this descriptor for this completion, which is presented once, so nobody else owns it.
            let fd = unsafe { OwnedFd::from_raw_fd(result) };
            return AcceptEvent::Accepted(Socket::owning(fd, true));
        }
        match result.checked_neg() {
            Some(libc::ECANCELED) if self.stopped => AcceptEvent::Internal,
            errno => AcceptEvent::Failed(io::Error::from_raw_os_error(errno.unwrap_or(libc::EIO))),
        }
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        if self.arming.is_armed() {
            std::mem::forget(self.listener.take());
            self.nonce.retire();
            leaks::count(|leaks| leaks.descriptors += 1);
        }
    }
}
