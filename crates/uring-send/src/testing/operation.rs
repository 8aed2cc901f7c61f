//! One entry that the fake kernel took, until nothing of it can come any more.

use std::os::fd::RawFd;

use io_uring::opcode;

use crate::message::Message;
use crate::sign::unsigned;
use crate::sqe::Sqe;

/// `IORING_SEND_ZC_REPORT_USAGE`.
const REPORT_USAGE: u16 = 1 << 3;

/// Names an operation of a [`FakeKernel`](super::FakeKernel), in the order in which the entries were queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpId(pub(super) usize);

/// What a [`FakeKernel`](super::FakeKernel) knows of an operation: a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// Its name.
    pub id: OpId,
    /// The word that its completions bear.
    pub user_data: u64,
    /// The descriptor that it sends to.
    pub fd: RawFd,
    /// How many bytes it is to send.
    pub bytes: usize,
    /// Whether it was asked to send them from where they lie.
    pub zero_copy: bool,
    /// What is to come of it.
    pub stage: Stage,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// Waits for the linked entry before it.
    Linked,
    /// Its main completion is to come.
    Running,
    /// A timeout of the send before it, which runs: it completes when that does, or ends it.
    Timing,
    /// Its main completion was posted; its notification is to come.
    Unnotified,
    /// As [`Unnotified`](Self::Unnotified), but nobody was told that one will come.
    Stray,
}

pub(super) enum Kind {
    Send(Send),
    Nop,
    /// A cancellation of the operation that bears this word.
    Cancel(u64),
    /// A timeout of the entry that it is linked behind.
    Timeout,
    /// Nothing that this kernel can do.
    Unknown,
}

pub(super) struct Send {
    pub(super) message: Message,
    pub(super) zero_copy: bool,
    pub(super) wait_all: bool,
    pub(super) reports_usage: bool,
}

impl Kind {
    fn send(sqe: &Sqe, message: Message, zero_copy: bool) -> Self {
        Self::Send(Send {
            message,
            zero_copy,
            wait_all: sqe.op_flags & unsigned(libc::MSG_WAITALL) != 0,
            reports_usage: zero_copy && sqe.ioprio & REPORT_USAGE != 0,
        })
    }
}

pub(super) struct Op {
    pub(super) id: OpId,
    pub(super) kind: Kind,
    pub(super) sqe: Sqe,
    pub(super) stage: Stage,
}

impl Op {
    /// # Safety
    ///
    /// What the entry names is as `Submissions::push` asks for.
    pub(super) unsafe fn new(id: OpId, sqe: Sqe) -> Self {
        let kind = match sqe.opcode {
            opcode::SendMsg::CODE | opcode::SendMsgZc::CODE => {
                // SAFETY: the caller's promise.
                let message = unsafe { Message::read(sqe.address) };
                Kind::send(&sqe, message, sqe.opcode == opcode::SendMsgZc::CODE)
            }
            opcode::Send::CODE | opcode::SendZc::CODE => {
                let message = Message::single(sqe.address, sqe.len);
                Kind::send(&sqe, message, sqe.opcode == opcode::SendZc::CODE)
            }
            opcode::Nop::CODE => Kind::Nop,
            opcode::AsyncCancel::CODE if sqe.op_flags == 0 => Kind::Cancel(sqe.address),
            // SAFETY: the caller's promise.
            _ if unsafe { sqe.deadline() }.is_some() => Kind::Timeout,
            _ => Kind::Unknown,
        };
        let stage = Stage::Linked;
        Self {
            id,
            kind,
            sqe,
            stage,
        }
    }

    pub(super) fn send(&self) -> Option<&Send> {
        match &self.kind {
            Kind::Send(send) => Some(send),
            _ => None,
        }
    }

    pub(super) fn is_zero_copy(&self) -> bool {
        self.send().is_some_and(|send| send.zero_copy)
    }

    pub(super) fn describe(&self) -> Operation {
        Operation {
            id: self.id,
            user_data: self.sqe.user_data,
            fd: self.sqe.fd,
            bytes: self.send().map_or(0, |send| send.message.len()),
            zero_copy: self.is_zero_copy(),
            stage: self.stage,
        }
    }
}
