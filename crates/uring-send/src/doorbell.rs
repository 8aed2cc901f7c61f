//! Waking a thread that sleeps in its ring.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::task::{Wake, Waker};

use io_uring::{opcode, types};

use crate::arming::Arming;
use crate::completion::Completion;
use crate::error::SetupError;
use crate::leaks;
use crate::nonce::Nonce;
use crate::queue::Submissions;

/// Wakes the thread that waits for its ring's completions: an event counter that the ring polls.
///
/// [`waker`](Self::waker) gives a `std::task::Waker` for other threads; each ring of the bell ends one wait, many at once may end it
/// together.
///
/// Dropping it while armed leaks the counter on purpose (counted in [`leaks`](crate::leaks())); [`stop`](Self::stop) first to avoid
/// that.
#[derive(Debug)]
pub struct Doorbell {
    counter: Arc<Counter>,
    nonce: Nonce,
    arming: Arming,
    stopped: bool,
}

#[derive(Debug)]
struct Counter(OwnedFd);

impl Doorbell {
    /// Makes a bell. Nothing is heard before [`flush`](Self::flush).
    ///
    /// # Errors
    ///
    /// [`SetupError`] if the process is out of descriptors or instances.
    pub fn new() -> Result<Self, SetupError> {
        // SAFETY: makes a descriptor; touches no memory.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            let source = io::Error::last_os_error();
            return Err(SetupError::Kernel {
                what: "event counter",
                source,
            });
        }
        // SAFETY: made just now and owned by nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Self {
            counter: Arc::new(Counter(fd)),
            nonce: Nonce::take()?,
            arming: Arming::default(),
            stopped: false,
        })
    }

    /// What rings this bell, from any thread, also after the bell is gone. Costs one system call.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker::from(self.counter.clone())
    }

    /// Arms the poll, or its cancellation after [`stop`](Self::stop). Tells whether nothing waits for room in the queue.
    #[must_use = "if the queue was full, submit and call again"]
    pub fn flush(&mut self, queue: &mut impl Submissions) -> bool {
        let token = self.arming.token(&self.nonce, 0);
        if self.stopped {
            return self.arming.cancel(queue, token);
        }
        if self.arming.is_armed() {
            return true;
        }
        let events = u32::try_from(libc::POLLIN).expect("a small positive constant");
        let fd = types::Fd(self.counter.0.as_raw_fd());
        let entry = opcode::PollAdd::new(fd, events).multi(true).build();
        // SAFETY: the counter is kept (or leaked) as long as the operation is armed; no memory is named.
        unsafe { self.arming.arm(queue, entry, token) }
    }

    /// Ends listening with the next [`flush`](Self::flush); [`is_armed`](Self::is_armed) tells when the kernel has said so.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether the kernel may still poll the counter.
    #[must_use]
    pub fn is_armed(&self) -> bool {
        self.arming.is_armed()
    }

    /// Takes in one completion: `Ok` means that the bell rang (or may have).
    ///
    /// # Errors
    ///
    /// Gives a completion back that is not this instance's.
    pub fn complete(&mut self, completion: Completion) -> Result<(), Completion> {
        let token = completion.token();
        if token.nonce != self.nonce.number() {
            return Err(completion);
        }
        if self.arming.owns(token) {
            self.arming.completed(&completion);
            self.counter.silence();
        }
        Ok(())
    }
}

impl Drop for Doorbell {
    fn drop(&mut self) {
        if self.arming.is_armed() {
            std::mem::forget(self.counter.clone());
            self.nonce.retire();
            leaks::count(|leaks| leaks.descriptors += 1);
        }
    }
}

impl Counter {
    fn ring(&self) {
        let one = 1_u64.to_ne_bytes();
        // SAFETY: reads eight live bytes during the call. It fails only when the counter is at its highest: it rings already.
        unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    fn silence(&self) {
        let mut count = [0_u8; 8];
        // SAFETY: writes eight live bytes during the call. It fails only when the count is zero: it is silent already.
        unsafe { libc::read(self.0.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    }
}

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}
