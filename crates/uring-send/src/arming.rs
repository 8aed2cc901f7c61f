//! One multishot operation: armed, ended by the kernel, armed again.

use io_uring::squeue;

use crate::completion::Completion;
use crate::nonce::Nonce;
use crate::queue::Submissions;
use crate::token::{Generation, Token};

/// The number that marks a cancellation's own completion, which tells nothing that the cancelled operation's does not.
pub(crate) const CANCEL_OP: u8 = 255;
/// The number that marks a completion of a send's timeout.
pub(crate) const TIMEOUT_OP: u8 = CANCEL_OP - 1;

/// The state of one multishot operation in one slot of an instance.
#[derive(Debug, Default)]
pub(crate) struct Arming {
    generation: Generation,
    armed: bool,
    cancelling: bool,
}

impl Arming {
    pub(crate) fn is_armed(&self) -> bool {
        self.armed
    }

    /// The token of the operation that is armed.
    pub(crate) fn token(&self, nonce: &Nonce, slot: u16) -> Token {
        Token {
            nonce: nonce.number(),
            slot,
            generation: self.generation,
            op: 0,
        }
    }

    /// Pushes the operation. Tells whether there was room.
    ///
    /// # Safety
    ///
    /// What the entry names stays as long as this is [armed](Self::is_armed).
    pub(crate) unsafe fn arm(
        &mut self,
        queue: &mut impl Submissions,
        entry: squeue::Entry,
        token: Token,
    ) -> bool {
        debug_assert!(!self.armed, "armed once at a time");
        let entry = entry.user_data(token.to_bits());
        // SAFETY: the caller's promise.
        self.armed = unsafe { queue.push(&entry) };
        self.armed
    }

    /// Pushes a cancellation of the operation, once. Tells whether there was room.
    pub(crate) fn cancel(&mut self, queue: &mut impl Submissions, token: Token) -> bool {
        if !self.armed || self.cancelling {
            return true;
        }
        let own = Token {
            op: CANCEL_OP,
            ..token
        };
        let entry = io_uring::opcode::AsyncCancel::new(token.to_bits())
            .build()
            .user_data(own.to_bits());
        // SAFETY: the entry names an operation by number and no memory.
        self.cancelling = unsafe { queue.push(&entry) };
        self.cancelling
    }

    /// Whether the completion is of the operation that is armed now.
    pub(crate) fn owns(&self, token: Token) -> bool {
        self.armed && token.op == 0 && token.generation == self.generation
    }

    /// Takes in a completion of the operation: without "more", it has ended.
    pub(crate) fn completed(&mut self, completion: &Completion) {
        if !completion.more() {
            self.armed = false;
            self.cancelling = false;
            self.generation = self.generation.next();
        }
    }
}
