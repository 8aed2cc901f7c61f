//! The fields of a submission entry, which the `io-uring` crate only writes.

use std::mem::{align_of, offset_of, size_of};
use std::ptr;

use io_uring::opcode;
use io_uring::squeue;
use io_uring::types::TimeoutFlags;

use crate::deadline::Deadline;

/// A submission entry as Linux lays it out (`struct io_uring_sqe` in `include/uapi/linux/io_uring.h`), for socket operations.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Sqe {
    pub(crate) opcode: u8,
    /// `IOSQE_*`.
    pub(crate) flags: u8,
    /// Of a send or receive: `IORING_RECVSEND_*` and the like.
    pub(crate) ioprio: u16,
    pub(crate) fd: i32,
    pub(crate) offset: u64,
    pub(crate) address: u64,
    pub(crate) len: u32,
    /// Of a send or receive: `MSG_*`.
    pub(crate) op_flags: u32,
    pub(crate) user_data: u64,
    /// A fixed buffer's index, or a group of provided buffers.
    pub(crate) buffer: u16,
    pub(crate) personality: u16,
    pub(crate) file_index: i32,
    pub(crate) address3: u64,
    pub(crate) pad: u64,
}

const _: () = {
    assert!(size_of::<Sqe>() == 64 && align_of::<Sqe>() == 8);
    assert!(size_of::<squeue::Entry>() == size_of::<Sqe>());
    assert!(align_of::<squeue::Entry>() == align_of::<Sqe>());
    assert!(offset_of!(Sqe, address) == 16 && offset_of!(Sqe, op_flags) == 28);
    assert!(offset_of!(Sqe, user_data) == 32 && offset_of!(Sqe, buffer) == 40);
};

/// Names a fixed buffer in an entry whose builder cannot.
pub(crate) fn set_buffer(entry: &mut squeue::Entry, index: u16) {
    let sqe = ptr::from_mut(entry).cast::<Sqe>();
    // SAFETY: an `Entry` is a `struct io_uring_sqe` (`repr(C)`, sizes and alignments compared above), so the field lies in it; makes no
    // reference.
    let field = unsafe { &raw mut (*sqe).buffer };
    // SAFETY: the field of a live entry, borrowed mutably; any number is a valid index for who reads it.
    unsafe { field.write(index) }
}

impl Sqe {
    pub(crate) fn of(entry: &squeue::Entry) -> Self {
        let sqe = ptr::from_ref(entry).cast::<Self>();
        // SAFETY: an `Entry` is a `struct io_uring_sqe` (`repr(C)`, sizes compared above), made of zeroed memory, so all its bytes are
        // initialised, and each is part of a plain number here. Borrowed, so nobody writes it.
        unsafe { sqe.read() }
    }

    /// The moment that a timeout of a linked entry names. `None` if this is no such entry, or one that the kernel refuses, or of a kind that this crate does not make.
    ///
    /// # Safety
    ///
    /// What the entry names is readable.
    pub(crate) unsafe fn deadline(&self) -> Option<Deadline> {
        let is_ours = self.opcode == opcode::LinkTimeout::CODE
            && self.len == 1
            && self.op_flags == TimeoutFlags::ABS.bits();
        if !is_ours {
            return None;
        }
        let address = usize::try_from(self.address).ok()?;
        let words = ptr::with_exposed_provenance::<[i64; 2]>(address);
        // SAFETY: readable, by the caller: a `struct __kernel_timespec` is two such words.
        let [seconds, nanos] = unsafe { words.read() };
        Deadline::from_words(seconds, nanos)
    }

    /// Whether the next entry waits for this one, and goes only if it does well.
    pub(crate) fn is_linked(&self) -> bool {
        self.flags & squeue::Flags::IO_LINK.bits() != 0
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use io_uring::types;

    #[test]
    fn a_buffer_is_set_and_nothing_else() {
        let header = std::ptr::null();
        let mut entry = opcode::SendMsgZc::new(types::Fd(5), header).build();
        let before = Sqe::of(&entry);
        set_buffer(&mut entry, 0xfedc);
        let after = Sqe::of(&entry);
        assert_eq!((before.buffer, after.buffer), (0, 0xfedc));
        assert_eq!(
            (after.fd, after.opcode, after.user_data),
            (5, before.opcode, 0)
        );
        assert_eq!(
            (after.personality, after.file_index, after.op_flags),
            (0, 0, 0)
        );
    }

    #[test]
    fn the_fields_are_where_the_builders_of_entries_put_them() {
        let byte = [0_u8; 3];
        let entry = opcode::SendZc::new(types::Fd(5), byte.as_ptr(), 3)
            .buf_index(Some(0x0706))
            .flags(0x1234_5678)
            .zc_flags(9)
            .build()
            .user_data(0xfedc_ba98)
            .flags(squeue::Flags::IO_LINK);
        let sqe = Sqe::of(&entry);
        assert_eq!(u32::from(sqe.opcode), entry.get_opcode());
        assert_eq!((sqe.fd, sqe.len, sqe.buffer), (5, 3, 0x0706));
        assert_eq!(sqe.op_flags, 0x1234_5678);
        assert_eq!(sqe.address, byte.as_ptr().addr() as u64);
        assert_eq!(sqe.user_data, 0xfedc_ba98);
        assert_eq!(sqe.ioprio & 9, 9);
        assert!(sqe.is_linked());
    }
}
