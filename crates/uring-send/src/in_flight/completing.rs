//! The entry that the kernel gets for a send, and what its completions make of the slot.

use std::io;

use io_uring::{opcode, squeue, types};

use super::InFlight;
use crate::arming::{CANCEL_OP, TIMEOUT_OP};
use crate::completion::Completion;
use crate::event::SendEvent;
use crate::probe::FIXED_BUFFER;
use crate::send_slot::Verdict;
use crate::sign::{signed, unsigned};
use crate::sqe;
use crate::token::Token;

/// `IORING_SEND_ZC_REPORT_USAGE`: the notification says whether the kernel copied.
const REPORT_USAGE: u16 = 1 << 3;
/// `IORING_NOTIF_USAGE_ZC_COPIED`: it did. Negative as an `i32`; no error.
const COPIED: u32 = 1 << 31;

impl InFlight {
    /// The entry for what is left of a send.
    pub(super) fn operation(&mut self, slot: u16) -> squeue::Entry {
        let nonce = self.nonce.number();
        let header = self.wires.header_address(slot);
        let wait_all = if self.options.wait_all {
            libc::MSG_WAITALL
        } else {
            0
        };
        let message_flags = unsigned(libc::MSG_NOSIGNAL | wait_all);
        let fixed = self.fixed_buffer(slot);
        let state = self.slot(slot);
        let (op, zero_copy) = state.begin_op(fixed.is_some());
        let fd = types::Fd(state.socket.as_ref().expect("kept until release").raw_fd());
        let token = Token {
            nonce,
            slot,
            generation: state.generation,
            op,
        };
        if zero_copy {
            self.stats.zero_copy_sends += 1;
            self.stats.fixed_sends += u64::from(fixed.is_some());
        } else {
            self.stats.copied_sends += 1;
        }
        // One part needs no list: the kernel is spared reading the header and checking the list.
        let entry = match (self.wires.only_part(slot), zero_copy) {
            (Some((bytes, len)), true) => opcode::SendZc::new(fd, bytes, len)
                .buf_index(fixed)
                .zc_flags(REPORT_USAGE)
                .flags(signed(message_flags))
                .build(),
            (Some((bytes, len)), false) => opcode::Send::new(fd, bytes, len)
                .flags(signed(message_flags))
                .build(),
            (None, true) => {
                let flags = REPORT_USAGE | fixed.map_or(0, |_| FIXED_BUFFER);
                let entry = opcode::SendMsgZc::new(fd, header).ioprio(flags);
                let mut entry = entry.flags(message_flags).build();
                sqe::set_buffer(&mut entry, fixed.unwrap_or(0));
                entry
            }
            (None, false) => opcode::SendMsg::new(fd, header)
                .flags(message_flags)
                .build(),
        };
        let entry = entry.user_data(token.to_bits());
        if self.slots[usize::from(slot)].has_deadline() {
            return entry.flags(squeue::Flags::IO_LINK);
        }
        entry
    }

    /// The entry that has to follow a send's, if its time is limited: the kernel reads the deadline when it takes the entry, and ends the entry before it then.
    pub(crate) fn timeout_entry(&self, slot: u16) -> Option<squeue::Entry> {
        let state = &self.slots[usize::from(slot)];
        if !state.has_deadline() {
            return None;
        }
        let token = Token {
            nonce: self.nonce.number(),
            slot,
            generation: state.generation,
            op: TIMEOUT_OP,
        };
        let deadline = self.wires.deadline_address(slot);
        let entry = opcode::LinkTimeout::new(deadline).flags(types::TimeoutFlags::ABS);
        Some(entry.build().user_data(token.to_bits()))
    }

    /// The fixed buffer that has all bytes of a send, if it is to go from there.
    fn fixed_buffer(&self, slot: u16) -> Option<u16> {
        let table = self.registered.as_ref()?;
        let state = &self.slots[usize::from(slot)];
        if !state.may_be_fixed() {
            return None;
        }
        let mut parts = self.wires.parts_to_go(slot);
        let index_of = |(address, bytes)| table.index_of(address, bytes);
        let first = index_of(parts.next()?)?;
        parts
            .all(|part| table.is_vectored() && index_of(part) == Some(first))
            .then_some(first)
    }

    pub(super) fn take_in(
        &mut self,
        token: Token,
        completion: &Completion,
        mut on_event: impl FnMut(SendEvent),
    ) {
        if token.op == CANCEL_OP {
            // What became of the operation, its own completion says. That it was not ended is a reason to ask again.
            let state = self.slots.get_mut(usize::from(token.slot));
            if let Some(state) = state.filter(|state| state.generation == token.generation) {
                state.asked &= completion.result() >= 0;
            }
            return;
        }
        let known = self
            .slots
            .get(usize::from(token.slot))
            .is_some_and(|state| state.generation == token.generation && state.is_in_flight());
        if !known {
            self.stats.stale += 1;
        } else if token.op == TIMEOUT_OP {
            self.timeout_completed(token, completion.result(), &mut on_event);
        } else if completion.is_notification() {
            self.notified(token, completion.result(), &mut on_event);
        } else {
            self.main_completed(token, completion, &mut on_event);
        }
    }

    fn timeout_completed(
        &mut self,
        token: Token,
        result: i32,
        on_event: &mut impl FnMut(SendEvent),
    ) {
        if !self.slot(token.slot).timeout_completed(result) {
            self.stats.stale += 1;
            return;
        }
        let tag = self.slot(token.slot).tag;
        if self.release_if_over(token.slot) {
            on_event(SendEvent::Released { tag });
        }
    }

    fn notified(&mut self, token: Token, result: i32, on_event: &mut impl FnMut(SendEvent)) {
        if !self.slot(token.slot).notified(token.op) {
            self.stats.stale += 1;
            return;
        }
        self.stats.notifications += 1;
        if unsigned(result) & COPIED != 0 {
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
        self.ended = match &verdict {
            Verdict::Sent { .. } => Some(Ok(())),
            Verdict::Failed { errno, sent } => Some(Err((*errno, *sent))),
            Verdict::Stale | Verdict::FallBack | Verdict::Short { .. } => None,
        };
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
                self.stats.timed_out += u64::from(errno == libc::ETIME);
                let error = error_of(errno);
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

    /// What a send ended with in the last completion, once: all bytes left, or why not and how many did.
    pub(crate) fn take_ended(&mut self) -> Option<Result<(), (i32, usize)>> {
        self.ended.take()
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
}

/// The error that a send's failure is told as. Of a limit of ours that was reached, the standard library's word, without a number: a connection that the network gave up
/// (`ETIMEDOUT`) has one.
pub(crate) fn error_of(errno: i32) -> io::Error {
    match errno {
        libc::ETIME => io::ErrorKind::TimedOut.into(),
        errno => io::Error::from_raw_os_error(errno),
    }
}

/// The number of such an error.
pub(crate) fn errno_of(error: &io::Error) -> i32 {
    match error.kind() {
        io::ErrorKind::TimedOut => error.raw_os_error().unwrap_or(libc::ETIME),
        _ => error.raw_os_error().unwrap_or(libc::EIO),
    }
}
