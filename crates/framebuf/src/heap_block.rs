//! A heap block in two words: a `Vec<u8>` without its length.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use crate::extent::{MAX_CAPACITY, narrow};

/// The memory of a `Vec<u8>` with a capacity that a frame reaches, all of it initialised: a `Box<[u8]>` with a shorter length.
///
/// - **BLOCK-1** `ptr` and `cap` are the address and length of a `Box<[u8]>` that was given up, and nothing else owns its bytes.
pub(crate) struct HeapBlock {
    ptr: NonNull<u8>,
    cap: u32,
}

// SAFETY: a block is the only owner of its bytes (BLOCK-1), as `Box<[u8]>` is, which is `Send`.
unsafe impl Send for HeapBlock {}
// SAFETY: `&HeapBlock` gives nothing.
unsafe impl Sync for HeapBlock {}

impl HeapBlock {
    /// Takes over a vector's memory where it is, and tells how long the vector was. Fills the spare capacity with zeros: a
    /// `Vec` may leave it uninitialised, and a block is initialised as a whole.
    ///
    /// # Errors
    ///
    /// Gives the vector back, untouched, if its capacity is above [`MAX_CAPACITY`].
    pub(crate) fn from_vec(mut vec: Vec<u8>) -> Result<(Self, usize), Vec<u8>> {
        let (len, cap) = (vec.len(), vec.capacity());
        if cap > MAX_CAPACITY {
            return Err(vec);
        }
        vec.resize(cap, 0);
        // A full vector becomes a box where it is.
        let bytes = Box::leak(vec.into_boxed_slice());
        let ptr = NonNull::from(bytes).cast();
        let cap = narrow(cap);
        Ok((Self { ptr, cap }, len))
    }

    /// No bytes: what an empty `Box<[u8]>` is made of.
    pub(crate) fn nothing() -> Self {
        Self {
            ptr: NonNull::dangling(),
            cap: 0,
        }
    }

    /// The vector again, in the same memory, `cap` bytes long.
    pub(crate) fn into_vec(self) -> Vec<u8> {
        let mut block = ManuallyDrop::new(self);
        // SAFETY: the block is neither used nor dropped after this.
        unsafe { block.take() }.into_vec()
    }

    /// The words of this block, which is given up.
    pub(crate) fn into_raw(self) -> (NonNull<u8>, u32) {
        let block = ManuallyDrop::new(self);
        (block.ptr, block.cap)
    }

    /// Makes the block of [`into_raw`](Self::into_raw) again.
    ///
    /// # Safety
    ///
    /// The words come from `into_raw`, and of all blocks made of them one at most is not forgotten.
    #[inline]
    pub(crate) unsafe fn from_raw(ptr: NonNull<u8>, cap: u32) -> Self {
        Self { ptr, cap }
    }

    /// The box that this block is made of.
    ///
    /// # Safety
    ///
    /// The block is neither used nor dropped after this.
    unsafe fn take(&mut self) -> Box<[u8]> {
        let bytes = NonNull::slice_from_raw_parts(self.ptr, self.cap as usize);
        // SAFETY: validity: address and length of a box that was given up (BLOCK-1). Aliasing: the block was its only owner
        // (BLOCK-1), and ends here, by the caller's promise.
        unsafe { Box::from_raw(bytes.as_ptr()) }
    }
}

impl Drop for HeapBlock {
    fn drop(&mut self) {
        // SAFETY: the block is being dropped.
        drop(unsafe { self.take() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn a_vector_makes_the_round_trip_in_place() {
        let mut vec = Vec::with_capacity(100);
        vec.extend_from_slice(b"payload");
        let (address, cap) = (vec.as_ptr(), vec.capacity());
        let (block, len) = HeapBlock::from_vec(vec).expect("100 bytes");
        let words = block.into_raw();
        assert_eq!((len, words.1 as usize), (7, cap));
        // SAFETY: the words of the block just given up, used once.
        let vec = unsafe { HeapBlock::from_raw(words.0, words.1) }.into_vec();
        assert_eq!(
            (vec.as_ptr(), vec.len(), vec.capacity()),
            (address, cap, cap)
        );
        assert_eq!(&vec[..7], b"payload");
        assert!(vec[7..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn an_empty_vector_is_a_block_of_nothing() {
        let (block, len) = HeapBlock::from_vec(Vec::new()).expect("no bytes");
        assert_eq!(len, 0);
        assert_eq!(block.into_vec(), vec![]);
    }

    #[test]
    fn nothing_is_an_empty_vector() {
        assert_eq!(HeapBlock::nothing().into_vec(), vec![]);
    }

    #[test]
    fn a_dropped_block_frees_its_memory() {
        let (block, _) = HeapBlock::from_vec(vec![1; 1000]).expect("1000 bytes");
        drop(block); // a leak or a double free shows under Miri and the sanitizers
    }
}
