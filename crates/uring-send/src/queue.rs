//! What a loop runs on: a queue that takes entries, and the ring it belongs to.

use std::io;
use std::time::Duration;

use io_uring::squeue::{self, SubmissionQueue};
use io_uring::{CompletionQueue, IoUring};

use crate::completion::{Completion, next_completion};
use crate::ring::submit_and_wait;

/// What takes entries: the submission queue of a ring, or of what stands for one.
///
/// The parts of a loop ([`Draft::submit`](crate::Draft::submit), [`InFlight::flush`](crate::InFlight::flush) and more) take any. It is implemented for
/// `io_uring::squeue::SubmissionQueue` and for what this crate offers beside it, and cannot be implemented elsewhere.
pub trait Submissions: sealed::Sealed {
    /// How many entries it can hold.
    fn capacity(&self) -> usize;

    /// How many more entries it takes now.
    fn room(&self) -> usize;

    /// Whether there is no room for one more entry.
    fn is_full(&self) -> bool {
        self.room() == 0
    }

    /// Puts an entry at the end. Tells whether there was room; if not, the queue is as it was.
    ///
    /// # Safety
    ///
    /// What the entry names (memory, descriptors) stays valid until the entry's terminal completion.
    #[must_use = "without room the entry is not in the queue"]
    unsafe fn push(&mut self, entry: &squeue::Entry) -> bool;
}

impl Submissions for SubmissionQueue<'_> {
    #[inline]
    fn capacity(&self) -> usize {
        SubmissionQueue::capacity(self)
    }

    #[inline]
    fn room(&self) -> usize {
        self.capacity() - self.len()
    }

    #[inline]
    fn is_full(&self) -> bool {
        SubmissionQueue::is_full(self)
    }

    #[inline]
    unsafe fn push(&mut self, entry: &squeue::Entry) -> bool {
        // SAFETY: the caller's promise, which is the same.
        unsafe { SubmissionQueue::push(self, entry) }.is_ok()
    }
}

/// Whether there is room for `places` entries.
///
/// # Panics
///
/// If there never is: a loop would submit and try again for ever.
pub(crate) fn has_room(queue: &impl Submissions, places: usize) -> bool {
    if places == 1 {
        return !queue.is_full();
    }
    let capacity = queue.capacity();
    assert!(
        capacity >= places,
        "queue: a send with a timeout takes {places} places, it has {capacity}"
    );
    queue.room() >= places
}

/// A ring, or what stands for one: so that one loop runs on each of them.
///
/// ```
/// use uring_send::{InFlight, Ring, SendEvent};
///
/// /// Lets every send end, and tells how many bytes left.
/// fn drain(ring: &mut impl Ring, sends: &mut InFlight) -> std::io::Result<usize> {
///     let mut bytes = 0;
///     while !sends.is_empty() {
///         let all_queued = sends.flush(&mut ring.submissions());
///         ring.enter(None)?;
///         for completion in ring.completions() {
///             let on_event = |event| match event {
///                 SendEvent::Sent { bytes: sent, .. } | SendEvent::Failed { sent, .. } => bytes += sent,
///                 _ => {}
///             };
///             sends.complete(completion, on_event).expect("nobody else is on this ring");
///         }
///         # let _ = all_queued;
///     }
///     Ok(bytes)
/// }
/// # let _ = |ring: &mut io_uring::IoUring, sends: &mut InFlight| drain(ring, sends);
/// ```
pub trait Ring: sealed::Sealed {
    /// Its submission queue.
    type Queue<'a>: Submissions
    where
        Self: 'a;

    /// The submission queue. What was put into it is seen at the next [`enter`](Self::enter).
    fn submissions(&mut self) -> Self::Queue<'_>;

    /// Submits what is queued and sleeps until a completion is there, or until `most` has passed.
    ///
    /// Returns early, without an error, when a signal comes or when completions must be read before more can be submitted.
    ///
    /// # Errors
    ///
    /// What the kernel says of the submission.
    fn enter(&mut self, most: Option<Duration>) -> io::Result<()>;

    /// Reads the completions that are there now. Each must be given to the part it belongs to; dropping one leaks what it would
    /// have released, and nothing else. Dropping the iterator leaves the rest in the queue.
    fn completions(&mut self) -> impl Iterator<Item = Completion>;
}

impl Ring for IoUring {
    type Queue<'a> = SubmissionQueue<'a>;

    fn submissions(&mut self) -> SubmissionQueue<'_> {
        self.submission()
    }

    fn enter(&mut self, most: Option<Duration>) -> io::Result<()> {
        submit_and_wait(self, most)
    }

    fn completions(&mut self) -> impl Iterator<Item = Completion> {
        Reading::new(self.completion())
    }
}

/// The completions that were in a queue when it was looked at.
struct Reading<'a> {
    queue: CompletionQueue<'a>,
    left: usize,
}

impl<'a> Reading<'a> {
    fn new(mut queue: CompletionQueue<'a>) -> Self {
        queue.sync();
        let left = queue.len();
        Self { queue, left }
    }
}

impl Iterator for Reading<'_> {
    type Item = Completion;

    fn next(&mut self) -> Option<Completion> {
        self.left = self.left.checked_sub(1)?;
        next_completion(&mut self.queue)
    }
}

/// Keeps the two traits to this crate: their safety rests on what implements them.
pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for io_uring::IoUring {}
    impl Sealed for io_uring::squeue::SubmissionQueue<'_> {}
}
