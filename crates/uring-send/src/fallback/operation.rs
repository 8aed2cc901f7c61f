//! One entry, done with plain system calls.

use std::io;
use std::ptr;

use io_uring::opcode;

use super::send::Send;
use crate::sign::signed;
use crate::sqe::Sqe;

/// `IORING_POLL_ADD_MULTI`, in the length of a poll.
const POLL_MULTI: u32 = 1;
/// `IORING_ACCEPT_MULTISHOT`, in the priority of an accept.
const ACCEPT_MULTI: u16 = 1;

pub(super) struct Operation {
    sqe: Sqe,
    kind: Kind,
    /// What the last poll said of its descriptor.
    heard: libc::c_short,
    /// Whether it goes on only when that says something.
    waits: bool,
    cancelled: bool,
}

enum Kind {
    Send(Send),
    Accept,
    Poll,
    Cancel,
    Nop,
    Unknown,
}

/// How far an operation came.
pub(super) enum Progress {
    /// Its descriptor is not ready.
    Waits,
    /// It completed once and will again.
    Said(i32),
    /// It completed for the last time.
    Ended(i32),
}

impl Operation {
    /// # Safety
    ///
    /// What the entry names is as `Submissions::push` asks for.
    pub(super) unsafe fn new(sqe: Sqe) -> Self {
        let kind = match sqe.opcode {
            // No links, no registered files, no buffers to select.
            _ if sqe.flags != 0 => Kind::Unknown,
            opcode::Nop::CODE => Kind::Nop,
            opcode::AsyncCancel::CODE if sqe.op_flags == 0 => Kind::Cancel,
            opcode::PollAdd::CODE if sqe.len == POLL_MULTI => Kind::Poll,
            opcode::Accept::CODE if sqe.ioprio == ACCEPT_MULTI && sqe.address == 0 => Kind::Accept,
            // SAFETY: the caller's promise.
            _ => unsafe { Send::new(&sqe) }.map_or(Kind::Unknown, Kind::Send),
        };
        Self {
            sqe,
            waits: matches!(kind, Kind::Accept | Kind::Poll),
            kind,
            heard: 0,
            cancelled: false,
        }
    }

    pub(super) fn user_data(&self) -> u64 {
        self.sqe.user_data
    }

    pub(super) fn is_zero_copy(&self) -> bool {
        matches!(&self.kind, Kind::Send(send) if send.is_zero_copy())
    }

    /// The word of the operation that this one cancels.
    pub(super) fn cancels(&self) -> Option<u64> {
        matches!(self.kind, Kind::Cancel).then_some(self.sqe.address)
    }

    /// Ends at its next step.
    pub(super) fn cancel(&mut self) {
        self.cancelled = true;
    }

    /// What its descriptor is polled for.
    pub(super) fn waits_for(&self) -> libc::pollfd {
        let events = match self.kind {
            Kind::Send(_) => libc::POLLOUT,
            Kind::Poll => poll_events(&self.sqe),
            _ => libc::POLLIN,
        };
        libc::pollfd {
            fd: self.sqe.fd,
            events,
            revents: 0,
        }
    }

    pub(super) fn heard(&mut self, events: libc::c_short) {
        self.heard = events;
    }

    pub(super) fn advance(&mut self) -> Progress {
        let heard = std::mem::take(&mut self.heard);
        if self.waits && heard == 0 && !self.cancelled {
            return Progress::Waits;
        }
        let progress = match &mut self.kind {
            Kind::Send(send) if self.cancelled => Progress::Ended(send.cut_off(libc::ECANCELED)),
            _ if self.cancelled => Progress::Ended(-libc::ECANCELED),
            Kind::Send(send) => send.advance(),
            Kind::Accept => accept(&self.sqe),
            Kind::Poll if heard & libc::POLLNVAL != 0 => Progress::Ended(-libc::EBADF),
            Kind::Poll => Progress::Said(heard.into()),
            Kind::Nop => Progress::Ended(0),
            Kind::Cancel | Kind::Unknown => Progress::Ended(-libc::EINVAL),
        };
        self.waits = true;
        progress
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the events of poll(2) are in the lower 16 bits"
)]
fn poll_events(sqe: &Sqe) -> libc::c_short {
    sqe.op_flags as libc::c_short
}

/// The listener was ready just now.
fn accept(sqe: &Sqe) -> Progress {
    let flags = signed(sqe.op_flags);
    // SAFETY: the caller of `push` keeps the listener open; no memory is named.
    let fd = unsafe { libc::accept4(sqe.fd, ptr::null_mut(), ptr::null_mut(), flags) };
    if fd >= 0 {
        return Progress::Said(fd);
    }
    match errno() {
        libc::EAGAIN | libc::EINTR | libc::ECONNABORTED => Progress::Waits,
        errno => Progress::Ended(-errno),
    }
}

pub(super) fn errno() -> i32 {
    io::Error::last_os_error()
        .raw_os_error()
        .unwrap_or(libc::EIO)
}
