//! heapless' `mpmc::Queue`, of boxes. Its capacity is a constant, so it takes part where 1024 slots are enough. A thread that
//! stops in the midst of a call makes it full for the others.

use benches::work::pool;
use heapless::mpmc::Queue;

use crate::boxes::{Block, Blocks, Queued};

const CAPACITY: usize = 1024;

/// On the heap, as every pool that is built at run time.
struct OnHeap(Box<Queue<Block, CAPACITY>>);

type SlotQueue = Queued<OnHeap>;

crate::submit! {
    "pool/pair" => pool::pair::<SlotQueue>,
    "pool/shared-2t" => pool::shared_2t::<SlotQueue>,
    "pool/cross" => pool::cross::<SlotQueue>,
}

impl Blocks for OnHeap {
    const NAME: &'static str = "heapless";

    #[inline]
    fn with_room(blocks: usize) -> Self {
        assert!(blocks <= CAPACITY, "no case here has more");
        Self(Box::default())
    }

    #[inline]
    fn put(&self, block: Block) -> Result<(), Block> {
        self.0.enqueue(block)
    }

    #[inline]
    fn get(&self) -> Option<Block> {
        self.0.dequeue()
    }
}
