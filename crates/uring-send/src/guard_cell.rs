//! A guard of any type, held without an allocation.

use std::fmt;
use std::mem::{MaybeUninit, align_of, size_of};
use std::ptr;

use pool_core::StableBytes;

const WORDS: usize = 6;
/// The largest guard a send can hold.
pub const MAX_GUARD_BYTES: usize = WORDS * size_of::<u64>();

/// A value of a type that is known only to its two functions.
///
/// - **GUARD-1** `value` holds a valid `G` for the `G` that `bytes` and `drop` were made for, until the cell is dropped.
pub(crate) struct GuardCell {
    value: [MaybeUninit<u64>; WORDS],
    bytes: unsafe fn(*const u8) -> *const [u8],
    drop: unsafe fn(*mut u8),
}

// SAFETY: only `Send` guards are put in.
unsafe impl Send for GuardCell {}

impl GuardCell {
    /// Wraps a guard. One larger than [`MAX_GUARD_BYTES`], or aligned to more than 8, is refused at compile time.
    pub(crate) fn new<G: StableBytes + Send + 'static>(guard: G) -> Self {
        const {
            assert!(
                size_of::<G>() <= MAX_GUARD_BYTES,
                "guard: at most 48 bytes; put it in a Box"
            );
            assert!(
                align_of::<G>() <= align_of::<u64>(),
                "guard: aligned to 8 at most"
            );
        }
        let mut value = [MaybeUninit::uninit(); WORDS];
        let place = value.as_mut_ptr().cast::<G>();
        // SAFETY: the place has room for a `G` and its alignment (asserted above), and is ours.
        unsafe { place.write(guard) };
        Self {
            value,
            bytes: bytes_of::<G>,
            drop: drop_of::<G>,
        }
    }

    /// The guard's bytes: by the promise of `StableBytes` they stay where they are until the cell is dropped, wherever the
    /// cell itself is moved.
    pub(crate) fn bytes(&self) -> *const [u8] {
        // SAFETY: the function was made for the type of the value (GUARD-1), which `&self` keeps.
        unsafe { (self.bytes)(self.value.as_ptr().cast()) }
    }
}

/// # Safety
///
/// `value` points to a valid `G`.
unsafe fn bytes_of<G: StableBytes>(value: *const u8) -> *const [u8] {
    // SAFETY: a valid `G` by the caller's promise; only shared references to it exist while one may call this.
    let guard = unsafe { &*value.cast::<G>() };
    ptr::from_ref(guard.stable_bytes())
}

/// # Safety
///
/// `value` points to a valid `G` that is not used again.
unsafe fn drop_of<G>(value: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { ptr::drop_in_place(value.cast::<G>()) }
}

impl Drop for GuardCell {
    fn drop(&mut self) {
        // SAFETY: the function was made for the type of the value (GUARD-1), and the cell is not used again.
        unsafe { (self.drop)(self.value.as_mut_ptr().cast()) }
    }
}

impl fmt::Debug for GuardCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardCell").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_guard_is_dropped_once_and_its_bytes_stay_when_the_cell_moves() {
        let owner: Arc<[u8]> = Arc::from(&b"payload"[..]);
        let cell = GuardCell::new(owner.clone());
        let before = cell.bytes();
        let moved = Box::new(cell);
        assert!(ptr::eq(before, moved.bytes()));
        assert!(ptr::eq(before, &raw const *owner));
        assert_eq!(Arc::strong_count(&owner), 2);
        drop(moved);
        assert_eq!(Arc::strong_count(&owner), 1);
    }

    #[test]
    fn a_guard_of_the_full_size_fits() {
        struct Wide {
            bytes: Box<[u8]>,
            _rest: [u64; 4],
        }
        // SAFETY: the bytes lie in the box and stay when the value moves.
        unsafe impl StableBytes for Wide {
            fn stable_bytes(&self) -> &[u8] {
                &self.bytes
            }
        }
        assert_eq!(size_of::<Wide>(), MAX_GUARD_BYTES);
        let cell = GuardCell::new(Wide {
            bytes: Box::from(*b"wide"),
            _rest: [7; 4],
        });
        assert_eq!(cell.bytes().len(), 4);
    }
}
