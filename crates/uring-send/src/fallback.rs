//! A ring of plain system calls, for where io_uring is missing or forbidden.

mod operation;
mod send;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::time::Duration;

use io_uring::squeue;

use crate::completion::Completion;
use crate::queue::{Ring, Submissions, sealed::Sealed};
use crate::sign::signed;
use crate::sqe::Sqe;

use operation::{Operation, Progress};

/// `IORING_CQE_F_MORE`.
const MORE: u32 = 1 << 1;
/// `IORING_CQE_F_NOTIF`.
const NOTIFICATION: u32 = 1 << 3;
/// `IORING_NOTIF_USAGE_ZC_COPIED`.
const COPIED: u32 = 1 << 31;

/// Stands for a ring where there is none ([`new_ring`](crate::new_ring) says why): `send`, `sendmsg`, `accept4` and `poll`, with the same face.
///
/// A loop that is written for any [`Ring`] runs on it unchanged, with [`InFlight`](crate::InFlight), [`Acceptor`](crate::Acceptor) and [`Doorbell`](crate::Doorbell). A zero-copy send is one that the
/// kernel copied, and its notification says so at once. It knows no links but that to a [timeout](crate::Draft::timeout), no fixed buffers and no buffer rings: such entries get
/// `EINVAL`, and a [`RecvRing`](crate::RecvRing) needs a real ring.
///
/// Each operation costs a system call of its own and an allocation for its list of parts.
///
/// ```
/// # use uring_send::{FallbackRing, InFlight, Ring, Socket, new_ring};
/// fn serve(mut ring: impl Ring) {
///     // the loop
/// #   let _ = ring.submissions();
/// }
/// match new_ring(64) {
///     Ok(ring) => serve(ring),
///     Err(error) if error.is_unavailable() => serve(FallbackRing::new(64)),
///     Err(error) => panic!("{error}"),
/// }
/// ```
pub struct FallbackRing {
    entries: usize,
    queued: VecDeque<Operation>,
    running: Vec<Operation>,
    ready: VecDeque<Completion>,
    polled: Vec<libc::pollfd>,
}

/// The submission queue of a [`FallbackRing`].
#[derive(Debug)]
pub struct FallbackQueue<'a>(&'a mut FallbackRing);

impl FallbackRing {
    /// A ring with room for `entries` submissions.
    ///
    /// # Panics
    ///
    /// If `entries` is 0.
    #[must_use]
    pub fn new(entries: usize) -> Self {
        assert!(entries > 0, "entries: at least 1, got 0");
        Self {
            entries,
            queued: VecDeque::with_capacity(entries),
            running: Vec::with_capacity(entries),
            ready: VecDeque::with_capacity(2 * entries),
            polled: Vec::with_capacity(entries),
        }
    }

    /// Goes on with each operation as far as it goes without waiting.
    fn advance(&mut self) {
        let (running, ready) = (&mut self.running, &mut self.ready);
        running.retain_mut(|operation| {
            let (user_data, copied) = (operation.user_data(), operation.is_zero_copy());
            let mut post = |user_data, result, flags| {
                ready.push_back(Completion::assume(user_data, result, flags));
            };
            let result = match operation.advance() {
                Progress::Waits => return true,
                Progress::Said(result) => {
                    post(user_data, result, MORE);
                    return true;
                }
                Progress::Ended(result) => result,
            };
            post(user_data, result, if copied { MORE } else { 0 });
            if copied {
                post(user_data, signed(COPIED), NOTIFICATION);
            }
            if let Some((user_data, result)) = operation.limit_said() {
                post(user_data, result, 0);
            }
            false
        });
    }

    /// Takes what was queued, in order. Cancellations are done here, because they change what else runs.
    fn take_queued(&mut self) {
        while let Some(mut operation) = self.queued.pop_front() {
            if operation.is_linked() {
                self.link(&mut operation);
            }
            let Some(word) = operation.cancels() else {
                self.running.push(operation);
                continue;
            };
            let found = self
                .running
                .iter_mut()
                .find(|other| other.user_data() == word);
            let result = found.map_or(-libc::ENOENT, |other| {
                other.cancel();
                0
            });
            let told = Completion::assume(operation.user_data(), result, 0);
            self.ready.push_back(told);
        }
    }

    /// Joins an operation with the timeout behind it. One that is linked to anything else is refused.
    fn link(&mut self, operation: &mut Operation) {
        let behind = self.queued.front();
        if behind.is_some_and(|behind| operation.limit_by(behind)) {
            self.queued.pop_front();
        } else {
            operation.refuse();
        }
    }

    /// Sleeps until one of the operations can go on, or `most` has passed.
    fn sleep(&mut self, most: Option<Duration>) -> io::Result<()> {
        self.polled.clear();
        self.polled
            .extend(self.running.iter().map(Operation::waits_for));
        let limits = self.running.iter().filter_map(Operation::time_left);
        let most = limits.chain(most).min();
        let most = most.map_or(-1, |most| {
            // Up to the next millisecond: a wait of less would spin.
            let rounded = most.as_nanos().div_ceil(1_000_000);
            libc::c_int::try_from(rounded).unwrap_or(libc::c_int::MAX)
        });
        let count = libc::nfds_t::try_from(self.polled.len()).expect("far below");
        // SAFETY: the list is live, of that length, and ours during the call.
        let answer = unsafe { libc::poll(self.polled.as_mut_ptr(), count, most) };
        if answer < 0 {
            let error = io::Error::last_os_error();
            return if error.kind() == io::ErrorKind::Interrupted {
                Ok(())
            } else {
                Err(error)
            };
        }
        for (operation, polled) in self.running.iter_mut().zip(&self.polled) {
            operation.heard(polled.revents);
        }
        Ok(())
    }
}

impl Sealed for FallbackRing {}
impl Sealed for FallbackQueue<'_> {}

impl Submissions for FallbackQueue<'_> {
    fn capacity(&self) -> usize {
        self.0.entries
    }

    fn room(&self) -> usize {
        self.0.entries - self.0.queued.len()
    }

    unsafe fn push(&mut self, entry: &squeue::Entry) -> bool {
        if self.is_full() {
            return false;
        }
        // SAFETY: the caller's promise.
        let operation = unsafe { Operation::new(Sqe::of(entry)) };
        self.0.queued.push_back(operation);
        true
    }
}

impl Ring for FallbackRing {
    type Queue<'a> = FallbackQueue<'a>;

    fn submissions(&mut self) -> FallbackQueue<'_> {
        FallbackQueue(self)
    }

    /// Does what was queued as far as it goes, and sleeps if no completion is there.
    ///
    /// # Errors
    ///
    /// What `poll(2)` says. `EDEADLK` if nothing is under way and `most` is `None`: nothing would ever end the wait.
    fn enter(&mut self, most: Option<Duration>) -> io::Result<()> {
        self.take_queued();
        self.advance();
        if self.running.is_empty() {
            let nothing_comes = self.ready.is_empty() && most.is_none();
            return if nothing_comes {
                Err(io::Error::from_raw_os_error(libc::EDEADLK))
            } else {
                Ok(())
            };
        }
        // Who waits is looked at also if somebody else is ready each time.
        let most = if self.ready.is_empty() {
            most
        } else {
            Some(Duration::ZERO)
        };
        self.sleep(most)?;
        self.advance();
        Ok(())
    }

    fn completions(&mut self) -> impl Iterator<Item = Completion> {
        let left = self.ready.len();
        std::iter::from_fn(|| self.ready.pop_front()).take(left)
    }
}

impl fmt::Debug for FallbackRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackRing")
            .field("queued", &self.queued.len())
            .field("running", &self.running.len())
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}
