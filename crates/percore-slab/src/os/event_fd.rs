//! A wake-up that a kernel can wait for beside sockets.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::task::Waker;
use core::time::Duration;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// A [`Waker`] in the form of a file descriptor (`eventfd(2)`): readable from a wake-up until it is [cleared](Self::clear).
///
/// For a thread that sleeps in `epoll`, `poll` or a ring: register the descriptor there, give [`waker`](Self::waker) to the bridge, and clear it
/// before looking at the bridge, never after. For a thread that waits for bridges alone there is [`wait`](Self::wait).
///
/// ```
/// use percore_slab::{Bridge, EventFd};
///
/// let event = EventFd::new()?;
/// let (mut producer, mut consumer) = Bridge::new(4)?;
/// consumer.set_waker(&event.waker());
/// let other = std::thread::spawn(move || producer.try_push(7));
/// let value = loop {
///     event.clear()?;
///     if let Ok(value) = consumer.try_pop() {
///         break value;
///     }
///     if consumer.prepare_wait() {
///         event.wait(None)?;
///     }
/// };
/// assert_eq!(value, 7);
/// # other.join().unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Cloning gives another handle to the same descriptor, which is closed with the last handle or waker.
#[derive(Debug, Clone)]
pub struct EventFd {
    bell: Arc<EventBell>,
}

#[derive(Debug)]
struct EventBell(File);

impl EventFd {
    /// Opens a descriptor that is not readable yet, does not block, and is closed when the process executes another program.
    ///
    /// # Errors
    ///
    /// What the kernel says: no descriptors or no memory left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: takes numbers and gives one; touches no memory.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::from_raw_os_error(super::last_errno()));
        }
        // SAFETY: a descriptor that was opened just now, and that nobody else knows.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let bell = Arc::new(EventBell(File::from(fd)));
        Ok(Self { bell })
    }

    /// A waker that makes the descriptor readable: one system call from whichever thread wakes; it cannot block or fail.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker::from(self.bell.clone())
    }

    /// Makes the descriptor not readable until the next wake-up; tells whether it was. One system call.
    ///
    /// # Errors
    ///
    /// What the kernel says, of which nothing is known to happen.
    pub fn clear(&self) -> io::Result<bool> {
        match (&self.bell.0).read(&mut [0; 8]) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sleeps until the descriptor is readable, or for `at_most`; tells whether it is. Does not clear it. May end early, with `false`, when
    /// a signal was handled.
    ///
    /// # Errors
    ///
    /// What the kernel says: no memory.
    pub fn wait(&self, at_most: Option<Duration>) -> io::Result<bool> {
        let mut asked = libc::pollfd {
            fd: self.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one live row, ours alone, as the count says; the kernel writes its `revents` only.
        let ready = unsafe { libc::poll(&raw mut asked, 1, poll_millis(at_most)) };
        if ready >= 0 {
            return Ok(ready > 0);
        }
        match io::Error::from_raw_os_error(super::last_errno()) {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            error => Err(error),
        }
    }
}

/// Whole milliseconds, rounded up so that a short time is not none; -1 is for ever.
fn poll_millis(at_most: Option<Duration>) -> i32 {
    at_most.map_or(-1, |time| {
        let millis = time.as_nanos().div_ceil(1_000_000);
        i32::try_from(millis).unwrap_or(i32::MAX)
    })
}

impl Wake for EventBell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // The only refusal is that of a counter near 2^64, which is readable as it is.
        let _ = (&self.0).write(&1_u64.to_ne_bytes());
    }
}

impl AsFd for EventFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.0.as_fd()
    }
}

impl AsRawFd for EventFd {
    fn as_raw_fd(&self) -> RawFd {
        self.bell.0.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::poll_millis;
    use core::time::Duration;

    #[test]
    fn times_are_rounded_up_and_bounded() {
        let cases = [
            (None, -1),
            (Some(Duration::ZERO), 0),
            (Some(Duration::from_nanos(1)), 1),
            (Some(Duration::from_millis(7)), 7),
            (Some(Duration::MAX), i32::MAX),
        ];
        for (time, millis) in cases {
            assert_eq!(poll_millis(time), millis, "{time:?}");
        }
    }
}
