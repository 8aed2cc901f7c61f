//! The sends whose memory the kernel may be using.

use std::collections::VecDeque;
use std::fmt;
use std::io;

use io_uring::cqueue::CompletionQueue;
use io_uring::squeue::{self, SubmissionQueue};
use io_uring::{opcode, types};
use pool_core::{Pool, StableBytes};

use crate::completion::{Completion, completions};
use crate::draft::Draft;
use crate::error::{DraftError, SetupError, SubmitError};
use crate::event::SendEvent;
use crate::guard_cell::GuardCell;
use crate::leaks;
use crate::nonce::Nonce;
use crate::send_slot::{Phase, SendSlot, Verdict};
use crate::socket::Socket;
use crate::stats::SendStats;
use crate::token::Token;
use crate::wire::{MAX_GUARDS, MAX_PARTS, Wires};

/// Linux moves at most this many bytes in one call (`MAX_RW_COUNT` with pages of 4 KiB).
const MAX_SEND_BYTES: usize = 0x7fff_f000;
/// `IORING_SEND_ZC_REPORT_USAGE`: the notification says whether the kernel copied.
const REPORT_USAGE: u16 = 1 << 3;
/// `IORING_NOTIF_USAGE_ZC_COPIED`: it did. Negative as an `i32`; no error.
const COPIED: u32 = 1 << 31;

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
    stats: SendStats,
    /// Whether a notification may come that no completion announced: then the nonce is not given to another instance.
    stray_due: bool,
}

/// Options of an [`InFlight`]; see [`InFlight::builder`].
#[derive(Debug, Clone, Copy)]
#[must_use = "a builder does nothing until `build`"]
pub struct InFlightBuilder {
    sends: usize,
    copy_bytes: usize,
    zero_copy_from: usize,
    wait_all: bool,
}

impl InFlightBuilder {
    /// How many sends can be in flight: 1 to 65 535. 256 by default.
    pub fn sends(mut self, sends: usize) -> Self {
        self.sends = sends;
        self
    }

    /// How many bytes [`Draft::copy`] can take in one send. 4096 by default.
    pub fn copy_bytes(mut self, bytes: usize) -> Self {
        self.copy_bytes = bytes;
        self
    }

    /// From how many guarded bytes on a send asks the kernel not to copy. 32 KiB by default: below, on the machines measured, pinning and
    /// notifying cost more than a copy. `usize::MAX` never asks.
    pub fn zero_copy_from(mut self, bytes: usize) -> Self {
        self.zero_copy_from = bytes;
        self
    }

    /// Whether the kernel itself goes on after a partial send on a stream. `true` by default; `false` makes each partial send an event.
    pub fn wait_all(mut self, wait: bool) -> Self {
        self.wait_all = wait;
        self
    }

    /// Builds it.
    ///
    /// # Errors
    ///
    /// [`SetupError`] names the option and its range, or says what there is too little of.
    pub fn build(self) -> Result<InFlight, SetupError> {
        let count = u16::try_from(self.sends)
            .ok()
            .filter(|count| *count > 0)
            .ok_or(SetupError::OutOfRange {
                field: "sends",
                bound: "1 to 65535",
                value: self.sends,
            })?;
        if self.copy_bytes == 0 || self.copy_bytes > MAX_SEND_BYTES {
            return Err(SetupError::OutOfRange {
                field: "copy_bytes",
                bound: "1 to 2147479552",
                value: self.copy_bytes,
            });
        }
        let copy_areas = Pool::builder()
            .slots(self.sends)
            .slot_bytes(self.copy_bytes)
            .build()?;
        Ok(InFlight {
            nonce: Nonce::take()?,
            slots: (0..count).map(|_| SendSlot::new()).collect(),
            wires: Wires::new(self.sends),
            free: (0..count).rev().collect(),
            waiting: VecDeque::with_capacity(self.sends),
            copy_areas,
            options: self,
            stats: SendStats::default(),
            stray_due: false,
        })
    }
}

impl InFlight {
    /// Starts building.
    pub fn builder() -> InFlightBuilder {
        InFlightBuilder {
            sends: 256,
            copy_bytes: 4096,
            zero_copy_from: 32 * 1024,
            wait_all: true,
        }
    }

    /// Room for `sends` sends, the other options as by default.
    ///
    /// # Errors
    ///
    /// As [`InFlightBuilder::build`].
    pub fn new(sends: usize) -> Result<Self, SetupError> {
        Self::builder().sends(sends).build()
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
    pub fn flush(&mut self, queue: &mut SubmissionQueue<'_>) -> bool {
        while let Some(slot) = self.waiting.front().copied() {
            if queue.is_full() {
                return false;
            }
            self.waiting.pop_front();
            let entry = self.operation(slot);
            self.stats.resubmissions += 1;
            // SAFETY: what the entry names stays until its terminal completion (SLOT-1).
            let pushed = unsafe { queue.push(&entry) };
            pushed.expect("the queue was not full above");
        }
        true
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

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> SendStats {
        SendStats {
            in_flight: self.len(),
            ..self.stats
        }
    }

    // What a draft calls.

    pub(crate) fn add_copy(&mut self, slot: u16, bytes: &[u8]) -> Result<(), DraftError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let left = self.copy_room(slot);
        if bytes.len() > left {
            let bound = self.options.copy_bytes;
            return Err(DraftError::CopyAreaFull {
                wanted: bytes.len(),
                left,
                bound,
            });
        }
        self.check_part(slot, bytes.len())?;
        let (state, areas) = (&mut self.slots[usize::from(slot)], &self.copy_areas);
        let area = state.copied.get_or_insert_with(|| {
            areas
                .alloc()
                .expect("one area per slot, at most one taken by each")
        });
        let from = state.copied_bytes;
        area[from..from + bytes.len()].copy_from_slice(bytes);
        let start = area.as_mut_ptr().wrapping_add(from);
        state.copied_bytes += bytes.len();
        state.total_bytes += bytes.len();
        self.wires
            .push_part(slot, std::ptr::slice_from_raw_parts(start, bytes.len()));
        Ok(())
    }

    pub(crate) fn check_guard(&self, slot: u16, bytes: usize) -> Result<(), DraftError> {
        if self.guard_room(slot) == 0 {
            return Err(DraftError::TooManyGuards { bound: MAX_GUARDS });
        }
        self.check_part(slot, bytes)
    }

    fn check_part(&self, slot: u16, bytes: usize) -> Result<(), DraftError> {
        if self.wires.part_count(slot) == MAX_PARTS {
            return Err(DraftError::TooManyParts { bound: MAX_PARTS });
        }
        let value = self.total_bytes(slot).saturating_add(bytes);
        if value > MAX_SEND_BYTES {
            return Err(DraftError::TooLong {
                bound: MAX_SEND_BYTES,
                value,
            });
        }
        Ok(())
    }

    pub(crate) fn add_guard<G: StableBytes + Send + 'static>(&mut self, slot: u16, guard: G) {
        let cell = GuardCell::new(guard);
        let state = self.slot(slot);
        state.guards.push(cell);
        // The address is asked for after the guard is in its place: what it says now holds until it is dropped.
        let bytes = state.guards.last().expect("pushed just now").bytes();
        if bytes.len() == 0 {
            state.guards.pop();
            return;
        }
        state.total_bytes += bytes.len();
        self.wires.push_part(slot, bytes);
    }

    pub(crate) fn set_tag(&mut self, slot: u16, tag: u64) {
        self.slot(slot).tag = tag;
    }

    pub(crate) fn total_bytes(&self, slot: u16) -> usize {
        self.slots[usize::from(slot)].total_bytes
    }

    pub(crate) fn copy_room(&self, slot: u16) -> usize {
        self.options.copy_bytes - self.slots[usize::from(slot)].copied_bytes
    }

    pub(crate) fn guard_room(&self, slot: u16) -> usize {
        MAX_GUARDS - self.slots[usize::from(slot)].guards.len()
    }

    pub(crate) fn submit_draft(
        &mut self,
        slot: u16,
        queue: &mut SubmissionQueue<'_>,
    ) -> Result<(), SubmitError> {
        if queue.is_full() {
            return Err(SubmitError::QueueFull);
        }
        let entry = self.begin(slot)?;
        // SAFETY: what the entry names stays until its terminal completion (SLOT-1).
        let pushed = unsafe { queue.push(&entry) };
        pushed.expect("the queue was not full above");
        Ok(())
    }

    /// From here on the send counts as in flight.
    pub(crate) fn begin(&mut self, slot: u16) -> Result<squeue::Entry, SubmitError> {
        let zero_copy_from = self.options.zero_copy_from;
        let state = self.slot(slot);
        if state.total_bytes == 0 {
            return Err(SubmitError::Empty);
        }
        let socket = state.socket.as_ref().expect("set by `send`");
        if !socket.begin_send() {
            return Err(SubmitError::SocketBusy);
        }
        state.zero_copy = state.guarded_bytes() >= zero_copy_from;
        let (copied, guarded) = (state.copied_bytes, state.guarded_bytes());
        self.stats.bytes_copied += copied as u64;
        self.stats.bytes_guarded += guarded as u64;
        Ok(self.operation(slot))
    }

    pub(crate) fn abandon(&mut self, slot: u16) {
        self.free.push(slot);
        self.slot(slot).reset();
    }

    // Operations and completions.

    /// The entry for what is left of a send.
    fn operation(&mut self, slot: u16) -> squeue::Entry {
        let nonce = self.nonce.number();
        let header = self.wires.header_address(slot);
        let wait_all = if self.options.wait_all {
            libc::MSG_WAITALL
        } else {
            0
        };
        let message_flags = (libc::MSG_NOSIGNAL | wait_all).cast_unsigned();
        let state = self.slot(slot);
        let (op, zero_copy) = state.begin_op();
        let fd = types::Fd(state.socket.as_ref().expect("kept until release").raw_fd());
        let token = Token {
            nonce,
            slot,
            generation: state.generation,
            op,
        };
        let entry = if zero_copy {
            self.stats.zero_copy_sends += 1;
            opcode::SendMsgZc::new(fd, header)
                .ioprio(REPORT_USAGE)
                .flags(message_flags)
                .build()
        } else {
            self.stats.copied_sends += 1;
            opcode::SendMsg::new(fd, header)
                .flags(message_flags)
                .build()
        };
        entry.user_data(token.to_bits())
    }

    fn take_in(
        &mut self,
        token: Token,
        completion: &Completion,
        mut on_event: impl FnMut(SendEvent),
    ) {
        let known = self
            .slots
            .get(usize::from(token.slot))
            .is_some_and(|state| state.generation == token.generation && state.is_in_flight());
        if !known {
            self.stats.stale += 1;
        } else if completion.is_notification() {
            self.notified(token, completion.result(), &mut on_event);
        } else {
            self.main_completed(token, completion, &mut on_event);
        }
    }

    fn notified(&mut self, token: Token, result: i32, on_event: &mut impl FnMut(SendEvent)) {
        if !self.slot(token.slot).notified(token.op) {
            self.stats.stale += 1;
            return;
        }
        self.stats.notifications += 1;
        if result.cast_unsigned() & COPIED != 0 {
            self.stats.kernel_copied += 1;
        }
        let tag = self.slot(token.slot).tag;
        if self.release_if_over(token.slot) {
            on_event(SendEvent::Released { tag });
        }
    }

    /// Changes everything first and tells about it afterwards: an `on_event` that panics loses events, no slot.
    fn main_completed(
        &mut self,
        token: Token,
        completion: &Completion,
        on_event: &mut impl FnMut(SendEvent),
    ) {
        let before = self.slot(token.slot).sent();
        let zero_copy = self.slot(token.slot).zero_copy;
        let verdict =
            self.slot(token.slot)
                .main_completed(token.op, completion.result(), completion.more());
        // A send that was cancelled because of a link: notified afterwards, when the slot is another's or we are gone.
        self.stray_due |= zero_copy && !completion.more();
        let tag = self.slot(token.slot).tag;
        let event = match verdict {
            Verdict::Stale => {
                self.stats.stale += 1;
                return;
            }
            Verdict::Sent { bytes } => {
                self.end_send(token.slot);
                Some(SendEvent::Sent { tag, bytes })
            }
            Verdict::Failed { errno, sent } => {
                self.end_send(token.slot);
                let error = io::Error::from_raw_os_error(errno);
                Some(SendEvent::Failed { tag, error, sent })
            }
            Verdict::FallBack => {
                self.stats.fallbacks += 1;
                self.waiting.push_back(token.slot);
                None
            }
            Verdict::Short { sent, left } => {
                self.wires.advance(token.slot, sent - before);
                self.waiting.push_back(token.slot);
                Some(SendEvent::Short { tag, sent, left })
            }
        };
        let released = self.release_if_over(token.slot);
        if let Some(event) = event {
            on_event(event);
        }
        if released {
            on_event(SendEvent::Released { tag });
        }
    }

    /// The socket takes the next send.
    fn end_send(&mut self, slot: u16) {
        self.slot(slot)
            .socket
            .as_ref()
            .expect("kept until release")
            .end_send();
    }

    /// Drops what the send held and frees its slot, if the kernel is done with it. Tells whether it was.
    fn release_if_over(&mut self, slot: u16) -> bool {
        if !self.slot(slot).is_over() {
            return false;
        }
        self.free.push(slot);
        self.slot(slot).reset();
        true
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
