//! The sends whose memory the kernel may be using: their slots, and what the caller does with all of them.

mod builder;
mod cancelling;
mod completing;
mod drafting;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use io_uring::cqueue::CompletionQueue;
use io_uring::squeue;
use pool_core::Pool;

use crate::completion::{Completion, completions};
use crate::draft::Draft;
use crate::error::{DraftError, SetupError};
use crate::event::SendEvent;
use crate::leaks;
use crate::nonce::Nonce;
use crate::queue::{Submissions, has_room};
use crate::registered::{Registered, Table};
use crate::send_slot::{Phase, SendSlot};
use crate::socket::Socket;
use crate::stats::SendStats;
use crate::wire::Wires;

pub use builder::InFlightBuilder;
pub(crate) use completing::{errno_of, error_of};

/// Linux moves at most this many bytes in one call (`MAX_RW_COUNT` with pages of 4 KiB).
pub(crate) const MAX_SEND_BYTES: usize = 0x7fff_f000;
/// Sends under way: a fixed number of slots, each keeping a send's guards, copied bytes, header and socket until the kernel says
/// that it is done with them.
///
/// Works on any `io_uring::IoUring`, beside other users of it. Allocates nothing per send.
///
/// Dropping it with sends in flight leaks their memory on purpose and counts it in [`leaks`](crate::leaks()): it is the
/// only way never to free what the kernel still reads. To avoid that, [`reap`](Self::reap) until
/// [`is_empty`](Self::is_empty).
pub struct InFlight {
    nonce: Nonce,
    slots: Box<[SendSlot]>,
    wires: Wires,
    free: Vec<u16>,
    /// Slots whose rest waits for room in a submission queue.
    waiting: VecDeque<u16>,
    copy_areas: Pool,
    options: InFlightBuilder,
    registered: Option<Arc<Table>>,
    stats: SendStats,
    /// What the last main completion ended with, for who lost the event to a panic of a guard's drop.
    ended: Option<Result<(), (i32, usize)>>,
    /// Whether a notification may come that no completion announced: then the nonce is not given to another instance.
    stray_due: bool,
}

impl InFlight {
    /// Starts building.
    pub fn builder() -> InFlightBuilder {
        InFlightBuilder::new()
    }

    /// Room for `sends` sends, the other options as by default.
    ///
    /// # Errors
    ///
    /// As [`InFlightBuilder::build`].
    pub fn new(sends: usize) -> Result<Self, SetupError> {
        Self::builder().sends(sends).build()
    }

    /// From now on, zero-copy sends whose bytes all lie in one registered region are fixed sends: those of one part, and where this kernel has
    /// [vectored](Registered::is_vectored) ones, those of several.
    ///
    /// What the kernel refuses so is sent without it: [`SendStats::fallbacks`]. That is so for each send that goes to another ring than
    /// the one of `registered`.
    pub fn use_registered(&mut self, registered: &Registered) {
        self.registered = Some(registered.table().clone());
    }

    /// Begins a send to `socket`.
    ///
    /// # Errors
    ///
    /// [`DraftError::NoSlot`] if every slot is taken by a send whose memory the kernel may still use.
    pub fn send(&mut self, socket: &Socket) -> Result<Draft<'_>, DraftError> {
        let slot = self.free.pop().ok_or(DraftError::NoSlot {
            capacity: self.slots.len(),
        })?;
        let state = self.slot(slot);
        state.phase = Phase::Draft;
        state.tag = 0;
        state.socket = Some(socket.clone());
        self.wires.clear(slot);
        Ok(Draft::new(self, slot))
    }

    /// Puts the rests of short sends into the queue. Tells whether none is left waiting: if one is, submit and call again.
    #[must_use = "sends whose rest is waiting go on only if this is called again"]
    pub fn flush(&mut self, queue: &mut impl Submissions) -> bool {
        while let Some(slot) = self.waiting.front().copied() {
            if !has_room(queue, self.slot(slot).places()) {
                return false;
            }
            self.waiting.pop_front();
            let entry = self.operation(slot);
            self.stats.resubmissions += 1;
            self.push(slot, &entry, queue);
        }
        true
    }

    /// Puts a send's operation into a queue that has room for it, and its timeout right behind.
    fn push(&mut self, slot: u16, entry: &squeue::Entry, queue: &mut impl Submissions) {
        // SAFETY: what the entry names stays until its terminal completion (SLOT-1).
        let pushed = unsafe { queue.push(entry) };
        assert!(pushed, "the caller saw room");
        if let Some(timeout) = self.timeout_entry(slot) {
            // SAFETY: what the entry names stays until its terminal completion (SLOT-1).
            let pushed = unsafe { queue.push(&timeout) };
            assert!(pushed, "the caller saw room");
        }
    }

    /// Reads the queue: what is ours becomes events, what is not is handed on.
    ///
    /// Call [`flush`](Self::flush) afterwards: sends that came short go on there.
    pub fn reap(
        &mut self,
        queue: &mut CompletionQueue<'_>,
        mut on_event: impl FnMut(SendEvent),
        mut on_foreign: impl FnMut(Completion),
    ) {
        for completion in completions(queue) {
            if let Err(foreign) = self.complete(completion, &mut on_event) {
                on_foreign(foreign);
            }
        }
    }

    /// Takes in one completion, for a loop that reads its queue with [`completions`] and has several parts.
    ///
    /// # Errors
    ///
    /// Gives a completion back that is not this instance's.
    #[inline]
    pub fn complete(
        &mut self,
        completion: Completion,
        on_event: impl FnMut(SendEvent),
    ) -> Result<(), Completion> {
        let token = completion.token();
        if token.nonce != self.nonce.number() {
            return Err(completion);
        }
        self.take_in(token, &completion, on_event);
        Ok(())
    }

    /// Takes in a completion as three plain words, for a loop that reads its queue itself. Tells whether it was ours.
    ///
    /// # Safety
    ///
    /// The kernel posted these words, and each completion is presented once.
    pub unsafe fn complete_raw(
        &mut self,
        user_data: u64,
        result: i32,
        flags: u32,
        on_event: impl FnMut(SendEvent),
    ) -> bool {
        self.complete(Completion::assume(user_data, result, flags), on_event)
            .is_ok()
    }

    /// How many sends the kernel may still be using the memory of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether the kernel uses no memory of ours: dropping now leaks nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many sends can be in flight.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Whether the completion is this instance's.
    pub(crate) fn owns(&self, completion: &Completion) -> bool {
        completion.token().nonce == self.nonce.number()
    }

    /// What tells this instance from every other living one.
    pub(crate) fn number(&self) -> u16 {
        self.nonce.number()
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> SendStats {
        SendStats {
            in_flight: self.len(),
            ..self.stats
        }
    }

    #[inline]
    fn slot(&mut self, slot: u16) -> &mut SendSlot {
        &mut self.slots[usize::from(slot)]
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let in_flight = self.slots.iter().filter(|slot| slot.is_in_flight()).count();
        if in_flight == 0 {
            if self.stray_due {
                self.nonce.retire();
            }
            return;
        }
        leaks::count(|leaks| leaks.sends += in_flight as u64);
        std::mem::forget(std::mem::take(&mut self.slots));
        std::mem::forget(std::mem::replace(&mut self.wires, Wires::new(0)));
        self.nonce.retire();
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight")
            .field("in_flight", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
