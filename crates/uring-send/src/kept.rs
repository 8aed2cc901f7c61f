//! Any owner of bytes as a guard, in a box where it stays.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};

use pool_core::StableBytes;

/// Any value that can lend bytes, as a guard: put into a box, asked for its bytes once, and then not touched until it is dropped.
///
/// For what is no `StableBytes` by itself: arrays, foreign buffers, handles larger than a guard may be. Costs one allocation; 24 bytes.
///
/// ```
/// use uring_send::Kept;
///
/// let inline = Kept::new([7_u8; 1000], |array| array); // its bytes lie in the box, not in the guard
/// let chosen = Kept::new(vec![String::from("one"), String::from("two")], |all| all[1].as_bytes());
/// let foreign = Kept::new(bytes::Bytes::from_static(b"bytes"), |bytes| bytes);
/// # use pool_core::StableBytes;
/// assert_eq!((inline.stable_bytes().len(), chosen.stable_bytes(), foreign.stable_bytes()), (1000, &b"two"[..], &b"bytes"[..]));
/// ```
///
/// The bytes are lent by the value and cannot come from anywhere shorter-lived:
///
/// ```compile_fail
/// let local = vec![1_u8; 8];
/// let kept = uring_send::Kept::new((), |()| &local[..]);
/// ```
///
/// - **KEPT-1** `owner` came out of a box and goes back into one when this ends; until then only `bytes`, lent by a borrow of it, is used.
pub struct Kept<T> {
    owner: NonNull<T>,
    bytes: *const [u8],
}

// SAFETY: the owner may change threads, and the bytes are read-only.
unsafe impl<T: Send> Send for Kept<T> {}
// SAFETY: only the bytes are shared, which nobody writes (KEPT-1).
unsafe impl<T: Sync> Sync for Kept<T> {}

impl<T: 'static> Kept<T> {
    /// Boxes `owner` and asks it for the bytes.
    ///
    /// A panic of `bytes` drops the owner.
    pub fn new(owner: T, bytes: impl for<'a> FnOnce(&'a T) -> &'a [u8]) -> Self {
        let mut kept = Self {
            owner: NonNull::from(Box::leak(Box::new(owner))),
            bytes: ptr::slice_from_raw_parts(NonNull::dangling().as_ptr(), 0),
        };
        // SAFETY: validity: boxed just now (KEPT-1). Aliasing: only shared borrows are made until this ends.
        let owner = unsafe { kept.owner.as_ref() };
        kept.bytes = bytes(owner);
        kept
    }

    /// Gives the owner back.
    #[must_use]
    pub fn into_owner(self) -> T {
        let kept = ManuallyDrop::new(self);
        // SAFETY: out of a box (KEPT-1), and `self` ends here, so the bytes are lent no more.
        *unsafe { Box::from_raw(kept.owner.as_ptr()) }
    }
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        // SAFETY: out of a box (KEPT-1); nobody uses the bytes any more.
        drop(unsafe { Box::from_raw(self.owner.as_ptr()) });
    }
}

// SAFETY: the bytes are lent by a value that stays in its box, untouched, until this is dropped (KEPT-1): they neither move nor change meanwhile, wherever
// the guard is moved.
unsafe impl<T: 'static> StableBytes for Kept<T> {
    fn stable_bytes(&self) -> &[u8] {
        // SAFETY: validity: lent by the owner for as long as it is borrowed, which it is until this ends (KEPT-1). Aliasing: nobody writes what
        // is lent.
        unsafe { &*self.bytes }
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept")
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
