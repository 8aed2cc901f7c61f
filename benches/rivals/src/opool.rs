//! opool: boxes in an `ArrayQueue`, handed out as guards that borrow the pool.

use opool::{Pool, PoolAllocator, RefGuard};

use benches::work::pool::{self, SlotPool};
use benches::work::scale::threads;
use benches::work::{LINE_BYTES, Line, Memory, Writable};

use crate::boxes::{Block, block};

crate::submit! {
    "pool/pair" => pool::pair::<Opool>,
    "pool/held32" => pool::held32::<Opool>,
    "pool/shared-2t" => pool::shared_2t::<Opool>,
    "pool/cross" => pool::cross::<Opool>,
    "scale/threads-1" => threads::<Opool, 1>,
    "scale/threads-2" => threads::<Opool, 2>,
    "scale/threads-4" => threads::<Opool, 4>,
    "scale/threads-8" => threads::<Opool, 8>,
}

/// Makes the pool's objects.
struct Blocks;

impl PoolAllocator<Block> for Blocks {
    #[inline]
    fn allocate(&self) -> Block {
        block()
    }
}

/// The pool, full from the beginning.
struct Opool(Pool<Blocks, Block>);

/// An object, until it is dropped.
struct Slot<'a>(RefGuard<'a, Blocks, Block>);

impl SlotPool for Opool {
    const NAME: &'static str = "opool";

    type Slot<'a> = Slot<'a>;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        Self(Pool::new_prefilled(slots, Blocks))
    }

    #[inline]
    fn take(&self) -> Option<Slot<'_>> {
        self.0.try_get().map(Slot)
    }
}

impl Memory for Slot<'_> {
    #[inline]
    fn start(&self) -> *const u8 {
        self.0.as_ptr()
    }
}

impl Writable for Slot<'_> {
    #[inline]
    fn touch(&mut self, line: &Line) {
        self.0[..LINE_BYTES].copy_from_slice(line);
    }
}
