//! Ending sends before they end by themselves.

use io_uring::opcode;

use super::InFlight;
use crate::arming::CANCEL_OP;
use crate::error::SubmitError;
use crate::queue::Submissions;
use crate::send_slot::Phase;
use crate::token::Token;

impl InFlight {
    /// Asks the kernel to end the sends with this tag, and tells how many there are whose bytes are not all with it. Takes time in proportion to the
    /// [capacity](Self::capacity).
    ///
    /// Each of them still ends by its events: with [`Failed`](crate::SendEvent::Failed) if the kernel gave it up, which says how many bytes left (a stream's next send would
    /// go on in the middle of this one); with [`Sent`](crate::SendEvent::Sent) if it was too late. What was taken for zero copy is held up to its notification all the
    /// same; [`Socket::abort`](crate::Socket::abort) ends that.
    ///
    /// # Errors
    ///
    /// [`SubmitError::QueueFull`]: some may have been asked for; submit and call again, which asks for the others.
    pub fn cancel(&mut self, tag: u64, queue: &mut impl Submissions) -> Result<usize, SubmitError> {
        // Rests that wait for room: with the kernel they can be cancelled like the others.
        if !self.flush(queue) {
            return Err(SubmitError::QueueFull);
        }
        let mut count = 0;
        for slot in 0..self.slots.len() {
            let slot = u16::try_from(slot).expect("as many as the builder allows");
            let state = self.slot(slot);
            let Phase::Submitted { op } = state.phase else {
                continue;
            };
            if state.tag != tag {
                continue;
            }
            count += 1;
            if state.asked {
                continue;
            }
            let sent = Token {
                nonce: self.nonce.number(),
                slot,
                generation: self.slot(slot).generation,
                op,
            };
            let own = Token {
                op: CANCEL_OP,
                ..sent
            };
            let entry = opcode::AsyncCancel::new(sent.to_bits()).build();
            // SAFETY: the entry names an operation by number and no memory.
            if !unsafe { queue.push(&entry.user_data(own.to_bits())) } {
                return Err(SubmitError::QueueFull);
            }
            let state = self.slot(slot);
            (state.cancelled, state.asked) = (true, true);
        }
        Ok(count)
    }
}
