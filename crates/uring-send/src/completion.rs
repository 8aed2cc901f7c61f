//! A completion that was read from a queue, once.

use std::iter;

use io_uring::cqueue::{self, CompletionQueue};

use crate::token::Token;

/// One completion, read from a queue by [`completions`] and to be given to the part of the loop it belongs to.
///
/// # Why not `cqueue::Entry`
///
/// An `Entry` can be cloned and its `user_data` set, in safe code. Presented twice, one could give a buffer to its owner that the
/// kernel is filling again, or close a descriptor under its owner. A `Completion` exists once for each thing the kernel said, so
/// presenting it is safe.
///
/// ```compile_fail
/// fn twice(completion: uring_send::Completion) { let again = completion.clone(); }
/// ```
#[derive(Debug)]
pub struct Completion {
    user_data: u64,
    result: i32,
    flags: u32,
}

impl Completion {
    /// Takes three words for what the kernel said. The caller vouches that it did, and that they are taken once.
    pub(crate) fn assume(user_data: u64, result: i32, flags: u32) -> Self {
        Self {
            user_data,
            result,
            flags,
        }
    }

    /// The word that the entry was submitted with.
    #[must_use]
    pub fn user_data(&self) -> u64 {
        self.user_data
    }

    /// The operation's result: a count, or a negated `errno`.
    #[must_use]
    pub fn result(&self) -> i32 {
        self.result
    }

    /// The `IORING_CQE_F_*` bits.
    #[must_use]
    pub fn flags(&self) -> u32 {
        self.flags
    }

    #[inline]
    pub(crate) fn token(&self) -> Token {
        Token::from_bits(self.user_data)
    }

    /// Whether the operation will complete again (multishot), or a notification follows (zero copy).
    #[inline]
    pub(crate) fn more(&self) -> bool {
        cqueue::more(self.flags)
    }

    /// Whether this is the notification that the kernel reads a zero-copy send's memory no more.
    #[inline]
    pub(crate) fn is_notification(&self) -> bool {
        cqueue::notif(self.flags)
    }

    /// Whether the kernel will go on filling the buffer (incremental rings).
    pub(crate) fn buffer_goes_on(&self) -> bool {
        cqueue::buffer_more(self.flags)
    }

    pub(crate) fn buffer_id(&self) -> Option<u16> {
        cqueue::buffer_select(self.flags)
    }
}

/// Reads what the queue holds now. Each completion must be given to the part it belongs to; dropping one leaks what it
/// would have released, and nothing else. Dropping the iterator leaves the rest in the queue.
pub fn completions(queue: &mut CompletionQueue<'_>) -> impl Iterator<Item = Completion> {
    queue.sync();
    let mut left = queue.len();
    iter::from_fn(move || {
        left = left.checked_sub(1)?;
        next_completion(queue)
    })
}

/// Reads one entry.
#[inline]
pub(crate) fn next_completion(queue: &mut CompletionQueue<'_>) -> Option<Completion> {
    let entry = queue.next()?;
    // The kernel is told that the entry was read before anybody sees it. Left to the queue's own drop, which can be forgotten,
    // the next `ring.completion()` would read the same entry again.
    queue.sync();
    Some(Completion::assume(
        entry.user_data(),
        entry.result(),
        entry.flags(),
    ))
}
