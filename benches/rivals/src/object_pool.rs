//! object-pool: a vector behind a lock, and guards that borrow the pool.

use benches::work::pool::{self, SlotPool};
use benches::work::{LINE_BYTES, Line, Memory, Writable};
use object_pool::{Pool, Reusable};

use crate::boxes::{Block, block};

crate::submit! {
    "pool/pair" => pool::pair::<ObjectPool>,
    "pool/held32" => pool::held32::<ObjectPool>,
    "pool/shared-2t" => pool::shared_2t::<ObjectPool>,
    "pool/cross" => pool::cross::<ObjectPool>,
}

/// The pool, full from the beginning.
struct ObjectPool(Pool<Block>);

/// An object, until it is dropped.
struct Slot<'a>(Reusable<'a, Block>);

impl SlotPool for ObjectPool {
    const NAME: &'static str = "object-pool";

    type Slot<'a> = Slot<'a>;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        Self(Pool::new(slots, block))
    }

    #[inline]
    fn take(&self) -> Option<Slot<'_>> {
        self.0.try_pull().map(Slot)
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
