//! Memory of one NUMA node.

use core::ptr::{self, NonNull};

/// Nodes that a mask of ours can name: as many as Linux knows. The builder refuses others.
const NODES: u32 = 1024;

const WORD_BITS: u32 = libc::c_ulong::BITS;

/// Takes the range's pages, none of which was touched yet, from `node` and from nowhere else.
///
/// # Safety
///
/// The range is one whole mapping of ours.
///
/// # Panics
///
/// If `node` is not below [`NODES`].
pub(crate) unsafe fn bind(base: NonNull<u8>, bytes: usize, node: u32) -> Result<(), i32> {
    let mut mask = [0 as libc::c_ulong; (NODES / WORD_BITS) as usize];
    mask[(node / WORD_BITS) as usize] = 1 << (node % WORD_BITS);
    // The kernel reads one bit less than it is told.
    let bits = libc::c_ulong::from(NODES + 1);
    // SAFETY: validity: the mask has as many bits as said, and the range is the caller's promise. Aliasing: no byte changes.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mbind,
            base.as_ptr(),
            bytes,
            libc::MPOL_BIND,
            ptr::from_ref(&mask),
            bits,
            0,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(super::last_errno())
    }
}
