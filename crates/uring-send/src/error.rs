//! What can go wrong before the kernel is asked, each error naming the field, the bound and the value.

use std::fmt;
use std::io;
use std::ops::Range;

use pool_core::Lease;
use thiserror::Error;

/// Why an [`InFlight`](crate::InFlight), a [`RecvRing`](crate::RecvRing) or another part of a loop could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A size is out of its range.
    #[error("{field}: must be {bound}, got {value}")]
    OutOfRange {
        /// The option.
        field: &'static str,
        /// Its range.
        bound: &'static str,
        /// What was given.
        value: usize,
    },
    /// The process has as many instances as `user_data` can tell apart.
    #[error("instances: at most {bound} at a time (or leaked with operations in flight)")]
    TooManyInstances {
        /// How many there can be.
        bound: usize,
    },
    /// Memory for copied parts or for the buffer ring could not be had.
    #[error(transparent)]
    Memory(#[from] pool_core::BuildError),
    /// A budget has no room for what is to be kept.
    #[error(transparent)]
    Budget(#[from] pool_core::BudgetError),
    /// The kernel refused.
    #[error("{what}: {source}")]
    Kernel {
        /// What it was asked.
        what: &'static str,
        /// Its answer.
        source: io::Error,
    },
    /// A pool whose slots' memory may go back to the system (`pool_core::Pool::gives_back_pages`) was to be registered: a registered page stays the page that it was,
    /// and what is written to the one in its place nobody would send.
    #[error("pools: memory that is given back page by page cannot be registered")]
    PagesGoBack,
    /// A socket would report `EAGAIN` where this crate waits.
    #[error(
        "socket: must be in blocking mode (call set_nonblocking(false)); io_uring does the waiting"
    )]
    NonBlocking,
}

/// Why there is no ring; says what to do about it.
#[derive(Debug, Error)]
#[error("io_uring: {source}; {advice}")]
pub struct RingError {
    pub(crate) source: io::Error,
    pub(crate) advice: &'static str,
}

impl RingError {
    /// Whether this machine or sandbox has no io_uring at all (too old, switched off or forbidden), as opposed to a lack of memory or a bad size.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self.source.raw_os_error(),
            Some(libc::ENOSYS | libc::EPERM | libc::EACCES)
        )
    }
}

/// Why a send cannot be begun, or a part not be added. Nothing is lost: the draft is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DraftError {
    /// No room now: every slot holds a send whose memory the kernel may still use. Reap and try again.
    #[error("in flight: all {capacity} sends are")]
    NoSlot {
        /// How many sends there can be.
        capacity: usize,
    },
    /// Too large ever: one message has at most [`MAX_PARTS`](crate::MAX_PARTS) parts.
    #[error("parts: at most {bound} in one send")]
    TooManyParts {
        /// How many there can be.
        bound: usize,
    },
    /// Too large ever: one message has at most [`MAX_GUARDS`](crate::MAX_GUARDS) guards.
    #[error("guards: at most {bound} in one send")]
    TooManyGuards {
        /// How many there can be.
        bound: usize,
    },
    /// The copied parts of one send have a bounded area.
    #[error("copied bytes: {wanted} more do not fit, {left} of {bound} left in this send")]
    CopyAreaFull {
        /// How many were to be added.
        wanted: usize,
        /// How many would have fitted.
        left: usize,
        /// How many there can be.
        bound: usize,
    },
    /// The kernel moves at most this many bytes in one operation.
    #[error("bytes: at most {bound} in one send, got {value}")]
    TooLong {
        /// How many there can be.
        bound: usize,
        /// How many there would be.
        value: usize,
    },
}

/// Why a guard was refused; gives it back.
pub struct GuardError<G> {
    pub(crate) guard: G,
    pub(crate) why: DraftError,
}

impl<G> GuardError<G> {
    /// The reason.
    #[must_use]
    pub fn why(&self) -> DraftError {
        self.why
    }

    /// The guard that was refused.
    #[must_use]
    pub fn into_guard(self) -> G {
        self.guard
    }
}

impl<G> fmt::Debug for GuardError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardError")
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

impl<G> fmt::Display for GuardError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl<G> std::error::Error for GuardError<G> {}

/// Why a draft was not submitted. The draft comes back with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The submission queue is full: submit to the kernel and try again.
    #[error("submission queue: full")]
    QueueFull,
    /// The stream has a send whose bytes are not all with the kernel yet; another one could overtake its rest.
    #[error("socket: a stream takes one send at a time")]
    SocketBusy,
    /// There is nothing to send.
    #[error("parts: at least one byte")]
    Empty,
    /// A send with a timeout is two entries: [`Draft::into_entries`](crate::Draft::into_entries) gives both.
    #[error("timeout: takes an entry of its own")]
    TwoEntries,
}

/// Why a receive could not be set up or ended.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RecvError {
    /// No room now: as many sockets as the ring was built for are being received from.
    #[error("streams: at most {bound} at a time")]
    TooManyStreams {
        /// How many there can be.
        bound: usize,
    },
    /// A datagram socket was added to an [incremental](crate::RecvRing::incremental) ring.
    #[error(
        "socket: must be a stream; of datagrams, what exceeds the rest of a slot would be lost"
    )]
    NoStream,
    /// A receive is still armed; the kernel may be filling a buffer.
    #[error("receives: {armed} still armed; end their sockets and reap first")]
    StillArmed {
        /// How many.
        armed: usize,
    },
    /// The ring is not the one the buffers were given to.
    #[error("ring: not the one these buffers are registered with")]
    OtherRing,
    /// The kernel refused.
    #[error("unregister the buffer ring: {0}")]
    Kernel(#[from] io::Error),
}

/// Why a file read was not begun; gives the slot back.
#[derive(Error)]
#[error("{why}")]
pub struct ReadError {
    lease: Lease,
    why: ReadRefusal,
}

#[derive(Debug, Error)]
enum ReadRefusal {
    #[error("submission queue: full")]
    QueueFull,
    #[error("reads: all {capacity} are under way")]
    NoPlace { capacity: usize },
    #[error("range: must be in the slot's 0..{slot_bytes} and of 1 to 2147483647 bytes, got {}..{}", range.start, range.end)]
    Range {
        slot_bytes: usize,
        range: Range<usize>,
    },
}

impl ReadError {
    pub(crate) fn queue_full(lease: Lease) -> Self {
        let why = ReadRefusal::QueueFull;
        Self { lease, why }
    }

    pub(crate) fn no_place(lease: Lease, capacity: usize) -> Self {
        let why = ReadRefusal::NoPlace { capacity };
        Self { lease, why }
    }

    pub(crate) fn range(lease: Lease, range: Range<usize>) -> Self {
        let slot_bytes = lease.len();
        let why = ReadRefusal::Range { slot_bytes, range };
        Self { lease, why }
    }

    /// Whether there was no room now, in the queue or among the reads: submit, take in completions and try again.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(
            self.why,
            ReadRefusal::QueueFull | ReadRefusal::NoPlace { .. }
        )
    }

    /// The slot that was to be read into.
    #[must_use]
    pub fn into_lease(self) -> Lease {
        self.lease
    }
}

impl fmt::Debug for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadError")
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

/// Why a send that was awaited did not leave whole.
#[derive(Debug, Error)]
#[error("{why}")]
pub struct AsyncSendError {
    why: AsyncSendFailure,
}

#[derive(Debug, Error)]
enum AsyncSendFailure {
    #[error("{error}, after {sent} bytes")]
    Failed { error: io::Error, sent: usize },
    #[error(transparent)]
    Draft(#[from] DraftError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

impl AsyncSendError {
    pub(crate) fn failed(error: io::Error, sent: usize) -> Self {
        let why = AsyncSendFailure::Failed { error, sent };
        Self { why }
    }

    /// The kernel's error, if the send was begun.
    #[must_use]
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.why {
            AsyncSendFailure::Failed { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Bytes that left.
    #[must_use]
    pub fn sent(&self) -> usize {
        match self.why {
            AsyncSendFailure::Failed { sent, .. } => sent,
            _ => 0,
        }
    }
}

impl From<DraftError> for AsyncSendError {
    fn from(why: DraftError) -> Self {
        Self { why: why.into() }
    }
}

impl From<SubmitError> for AsyncSendError {
    fn from(why: SubmitError) -> Self {
        Self { why: why.into() }
    }
}

/// The reason alone: the guard is dropped.
impl<G> From<GuardError<G>> for DraftError {
    fn from(refused: GuardError<G>) -> Self {
        refused.why
    }
}
