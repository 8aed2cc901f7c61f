//! lockfree-object-pool: bitmaps of 64 objects in a list. It grows when it is empty, so it makes the objects that a case asks for.

use lockfree_object_pool::{LinearObjectPool, LinearReusable};

use crate::work::pool::{SLOT_BYTES, SlotPool};
use crate::work::{LINE_BYTES, Line, Memory, Writable};

type Block = Box<[u8; SLOT_BYTES]>;

/// The pool, which has made its objects already.
pub struct LockfreeObjectPool(LinearObjectPool<Block>);

impl SlotPool for LockfreeObjectPool {
    const NAME: &'static str = "lockfree-object-pool";

    type Slot<'a> = LinearReusable<'a, Block>;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        let make = || {
            let block = vec![1; SLOT_BYTES].into_boxed_slice();
            block.try_into().expect("as many bytes as were asked for")
        };
        let pool = LinearObjectPool::<Block>::new(make, |_| {});
        let all: Vec<_> = (0..slots).map(|_| pool.pull()).collect();
        drop(all);
        Self(pool)
    }

    #[inline]
    fn take(&self) -> Option<Self::Slot<'_>> {
        Some(self.0.pull())
    }
}

impl Memory for LinearReusable<'_, Block> {
    #[inline]
    fn start(&self) -> *const u8 {
        self.as_ptr()
    }
}

impl Writable for LinearReusable<'_, Block> {
    #[inline]
    fn touch(&mut self, line: &Line) {
        self[..LINE_BYTES].copy_from_slice(line);
    }
}
