//! opool: boxes in an `ArrayQueue`, handed out as guards that borrow the pool.

use opool::{Pool, PoolAllocator, RefGuard};

use crate::work::pool::{SLOT_BYTES, SlotPool};
use crate::work::{LINE_BYTES, Line, Memory, Writable};

type Block = Box<[u8; SLOT_BYTES]>;

/// Makes the pool's objects.
pub struct Blocks;

impl PoolAllocator<Block> for Blocks {
    #[inline]
    fn allocate(&self) -> Block {
        let block = vec![1; SLOT_BYTES].into_boxed_slice();
        block.try_into().expect("as many bytes as were asked for")
    }
}

/// The pool, full from the beginning.
pub struct Opool(Pool<Blocks, Block>);

impl SlotPool for Opool {
    const NAME: &'static str = "opool";

    type Slot<'a> = RefGuard<'a, Blocks, Block>;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        Self(Pool::new_prefilled(slots, Blocks))
    }

    #[inline]
    fn take(&self) -> Option<Self::Slot<'_>> {
        self.0.try_get()
    }
}

impl Memory for RefGuard<'_, Blocks, Block> {
    #[inline]
    fn start(&self) -> *const u8 {
        self.as_ptr()
    }
}

impl Writable for RefGuard<'_, Blocks, Block> {
    #[inline]
    fn touch(&mut self, line: &Line) {
        self[..LINE_BYTES].copy_from_slice(line);
    }
}
