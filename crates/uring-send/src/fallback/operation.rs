//! One entry, done with plain system calls.

use std::io;
use std::ptr;
use std::time::Duration;

use io_uring::opcode;
use io_uring::squeue::Flags;

use super::send::Send;
use crate::deadline::Deadline;
use crate::sign::signed;
use crate::sqe::Sqe;

/// `IORING_POLL_ADD_MULTI`, in the length of a poll.
const POLL_MULTI: u32 = 1;
/// `IORING_ACCEPT_MULTISHOT`, in the priority of an accept.
const ACCEPT_MULTI: u16 = 1;

pub(super) struct Operation {
    sqe: Sqe,
    kind: Kind,
    limit: Option<Limit>,
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
    /// A timeout for the entry before it.
    Limit(Deadline),
    Unknown,
}

/// When an operation's time is over, and who is told of it.
struct Limit {
    deadline: Deadline,
    user_data: u64,
    reached: bool,
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
            // No registered files, no buffers to select. Of links, those to a timeout: who takes the entries looks there.
            _ if sqe.flags & !Flags::IO_LINK.bits() != 0 => Kind::Unknown,
            opcode::Nop::CODE => Kind::Nop,
            opcode::AsyncCancel::CODE if sqe.op_flags == 0 => Kind::Cancel,
            opcode::PollAdd::CODE if sqe.len == POLL_MULTI => Kind::Poll,
            opcode::Accept::CODE if sqe.ioprio == ACCEPT_MULTI && sqe.address == 0 => Kind::Accept,
            opcode::LinkTimeout::CODE if !sqe.is_linked() => {
                // SAFETY: the caller's promise.
                unsafe { sqe.deadline() }.map_or(Kind::Unknown, Kind::Limit)
            }
            // SAFETY: the caller's promise.
            _ => unsafe { Send::new(&sqe) }.map_or(Kind::Unknown, Kind::Send),
        };
        Self {
            sqe,
            waits: matches!(kind, Kind::Accept | Kind::Poll),
            kind,
            limit: None,
            heard: 0,
            cancelled: false,
        }
    }

    /// Whether the next entry depends on this one.
    pub(super) fn is_linked(&self) -> bool {
        self.sqe.is_linked()
    }

    /// Takes the entry behind this one for its timeout. Tells whether it is one.
    pub(super) fn limit_by(&mut self, behind: &Self) -> bool {
        let Kind::Limit(deadline) = behind.kind else {
            return false;
        };
        self.limit = Some(Limit {
            deadline,
            user_data: behind.sqe.user_data,
            reached: false,
        });
        true
    }

    /// Will be refused.
    pub(super) fn refuse(&mut self) {
        self.kind = Kind::Unknown;
    }

    /// How long it may still wait, if that is limited.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.limit.as_ref().map(|limit| limit.deadline.left())
    }

    /// Of an operation that has ended: whom to tell of its timeout, and what.
    pub(super) fn limit_said(&self) -> Option<(u64, i32)> {
        let limit = self.limit.as_ref()?;
        let errno = if limit.reached {
            libc::ETIME
        } else {
            libc::ECANCELED
        };
        Some((limit.user_data, -errno))
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

    /// Goes on as far as it goes without waiting. One that would wait and has no time left is cancelled.
    pub(super) fn advance(&mut self) -> Progress {
        let progress = self.go_on();
        let limit = self.limit.as_mut().filter(|it| it.deadline.has_passed());
        match (&progress, limit) {
            (Progress::Waits, Some(limit)) => {
                limit.reached = true;
                self.cancelled = true;
                self.go_on()
            }
            _ => progress,
        }
    }

    fn go_on(&mut self) -> Progress {
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
            Kind::Cancel | Kind::Limit(_) | Kind::Unknown => Progress::Ended(-libc::EINVAL),
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
