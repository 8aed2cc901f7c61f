//! A send that goes on where it stopped.

use std::os::fd::RawFd;
use std::ptr;

use io_uring::opcode;

use super::operation::{Progress, errno};
use crate::message::Message;
use crate::probe::FIXED_BUFFER;
use crate::sign::signed;
use crate::sqe::Sqe;
use crate::wire::MAX_PARTS;

pub(super) struct Send {
    fd: RawFd,
    message: Message,
    flags: libc::c_int,
    wait_all: bool,
    zero_copy: bool,
    sent: usize,
}

impl Send {
    /// `None` if the entry is no send that this can do.
    ///
    /// # Safety
    ///
    /// What the entry names is as `Submissions::push` asks for.
    pub(super) unsafe fn new(sqe: &Sqe) -> Option<Self> {
        let zero_copy = matches!(sqe.opcode, opcode::SendZc::CODE | opcode::SendMsgZc::CODE);
        let message = match sqe.opcode {
            // Fixed buffers are a ring's.
            _ if sqe.ioprio & FIXED_BUFFER != 0 => return None,
            // A destination of its own.
            opcode::Send::CODE | opcode::SendZc::CODE if sqe.offset != 0 => return None,
            opcode::Send::CODE | opcode::SendZc::CODE => Message::single(sqe.address, sqe.len),
            // SAFETY: the caller's promise.
            opcode::SendMsg::CODE | opcode::SendMsgZc::CODE => unsafe {
                Message::read(sqe.address)
            },
            _ => return None,
        };
        let flags = signed(sqe.op_flags);
        Some(Self {
            fd: sqe.fd,
            message,
            flags: flags & !libc::MSG_WAITALL | libc::MSG_DONTWAIT,
            wait_all: flags & libc::MSG_WAITALL != 0,
            zero_copy,
            sent: 0,
        })
    }

    pub(super) fn is_zero_copy(&self) -> bool {
        self.zero_copy
    }

    /// Sends until the socket takes no more, or nothing is left, or not all was taken and not all was asked for.
    pub(super) fn advance(&mut self) -> Progress {
        let len = self.message.len();
        loop {
            match self.call() {
                Ok(sent) => self.sent += sent,
                Err(libc::EAGAIN) => return Progress::Waits,
                Err(libc::EINTR) => continue,
                Err(errno) => return Progress::Ended(self.cut_off(errno)),
            }
            if self.sent >= len || !self.wait_all {
                return Progress::Ended(self.count());
            }
        }
    }

    /// What is said of a send that ends here: the bytes that left, or why none did.
    pub(super) fn cut_off(&self, errno: i32) -> i32 {
        if self.sent > 0 { self.count() } else { -errno }
    }

    fn count(&self) -> i32 {
        i32::try_from(self.sent).expect("a message has less than 2 GiB")
    }

    /// One system call for what is left.
    fn call(&self) -> Result<usize, i32> {
        let mut parts = [libc::iovec {
            iov_base: ptr::null_mut(),
            iov_len: 0,
        }; MAX_PARTS];
        let count = self.message.rest(self.sent, &mut parts);
        let header = libc::msghdr {
            msg_iov: parts.as_mut_ptr(),
            msg_iovlen: count,
            ..self.message.header()
        };
        // SAFETY: header and list are live during the call, and what they name is readable until the terminal completion (MESSAGE-1).
        let sent = unsafe { libc::sendmsg(self.fd, &raw const header, self.flags) };
        usize::try_from(sent).map_err(|_| errno())
    }
}
