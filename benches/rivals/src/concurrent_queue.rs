//! concurrent-queue, of boxes: smol's.

use benches::work::pool;
use concurrent_queue::{ConcurrentQueue, PushError};

use crate::boxes::{Block, Blocks, Queued};

type SlotQueue = Queued<ConcurrentQueue<Block>>;

crate::submit! {
    "pool/pair" => pool::pair::<SlotQueue>,
    "pool/held32" => pool::held32::<SlotQueue>,
    "pool/shared-2t" => pool::shared_2t::<SlotQueue>,
    "pool/cross" => pool::cross::<SlotQueue>,
}

impl Blocks for ConcurrentQueue<Block> {
    const NAME: &'static str = "concurrent-queue";

    #[inline]
    fn with_room(blocks: usize) -> Self {
        Self::bounded(blocks)
    }

    #[inline]
    fn put(&self, block: Block) -> Result<(), Block> {
        self.push(block).map_err(PushError::into_inner)
    }

    #[inline]
    fn get(&self) -> Option<Block> {
        self.pop().ok()
    }
}
