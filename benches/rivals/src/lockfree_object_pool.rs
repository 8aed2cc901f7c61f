//! lockfree-object-pool: bitmaps of 64 objects in a list. It grows when it is empty, so it makes the objects that a case asks for.

use lockfree_object_pool::{LinearObjectPool, LinearReusable};

use benches::work::pool::{self, SlotPool};
use benches::work::{LINE_BYTES, Line, Memory, Writable};

use crate::boxes::{Block, block};

crate::submit! {
    "pool/pair" => pool::pair::<LockfreeObjectPool>,
    "pool/held32" => pool::held32::<LockfreeObjectPool>,
    "pool/shared-2t" => pool::shared_2t::<LockfreeObjectPool>,
    "pool/cross" => pool::cross::<LockfreeObjectPool>,
}

/// The pool, which has made its objects already.
struct LockfreeObjectPool(LinearObjectPool<Block>);

/// An object, until it is dropped.
struct Slot<'a>(LinearReusable<'a, Block>);

impl SlotPool for LockfreeObjectPool {
    const NAME: &'static str = "lockfree-object-pool";

    type Slot<'a> = Slot<'a>;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        let pool = LinearObjectPool::<Block>::new(block, |_| {});
        let all: Vec<_> = (0..slots).map(|_| pool.pull()).collect();
        drop(all);
        Self(pool)
    }

    #[inline]
    fn take(&self) -> Option<Slot<'_>> {
        Some(Slot(self.0.pull()))
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
