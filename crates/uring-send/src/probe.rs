//! What this kernel can do that no version number and no list of operations tells.

use std::ptr;
use std::sync::OnceLock;

use io_uring::{IoUring, opcode, types};

use crate::sqe;

/// `IORING_RECVSEND_FIXED_BUF`: the bytes lie in a fixed buffer.
pub(crate) const FIXED_BUFFER: u16 = 1 << 2;

/// Whether `SENDMSG_ZC` takes fixed buffers (Linux 6.15). Asked once in a process, of a ring of its own.
pub(crate) fn has_vectored_fixed_sends() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| ask().is_some_and(|errno| errno == libc::EBADF))
}

/// The error of a fixed vectored send to no descriptor at all: a kernel that knows the combination stumbles over the descriptor only.
fn ask() -> Option<i32> {
    let mut ring = IoUring::new(2).ok()?;
    let header = libc::msghdr {
        msg_name: ptr::null_mut(),
        msg_namelen: 0,
        msg_iov: ptr::null_mut(),
        msg_iovlen: 0,
        msg_control: ptr::null_mut(),
        msg_controllen: 0,
        msg_flags: 0,
    };
    let mut entry = opcode::SendMsgZc::new(types::Fd(-1), &raw const header)
        .ioprio(FIXED_BUFFER)
        .build();
    sqe::set_buffer(&mut entry, 0);
    // SAFETY: the header outlives the ring, which is dropped first.
    unsafe { ring.submission().push(&entry) }.ok()?;
    ring.submit_and_wait(1).ok()?;
    let result = ring.completion().next()?.result();
    result.checked_neg()
}
