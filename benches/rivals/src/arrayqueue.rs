//! crossbeam-queue's `ArrayQueue`, of boxes.

use std::sync::Arc;

use benches::work::scale::threads;
use benches::work::slab::{self, PAGE_BYTES, PAGES, Pages};
use benches::work::{Memory, pool};
use crossbeam_queue::ArrayQueue;

use crate::boxes::{Block, Blocks, Queued, block};

const NAME: &str = "arrayqueue";

type SlotQueue = Queued<ArrayQueue<Block>>;

crate::submit! {
    "pool/pair" => pool::pair::<SlotQueue>,
    "pool/held32" => pool::held32::<SlotQueue>,
    "pool/shared-2t" => pool::shared_2t::<SlotQueue>,
    "pool/cross" => pool::cross::<SlotQueue>,
    "slab/return" => slab::round_trip::<PageQueue>,
    "scale/threads-1" => threads::<SlotQueue, 1>,
    "scale/threads-2" => threads::<SlotQueue, 2>,
    "scale/threads-4" => threads::<SlotQueue, 4>,
    "scale/threads-8" => threads::<SlotQueue, 8>,
}

impl Blocks for ArrayQueue<Block> {
    const NAME: &'static str = NAME;

    #[inline]
    fn with_room(blocks: usize) -> Self {
        Self::new(blocks)
    }

    #[inline]
    fn put(&self, block: Block) -> Result<(), Block> {
        self.push(block)
    }

    #[inline]
    fn get(&self) -> Option<Block> {
        self.pop()
    }
}

/// Pages in a queue that the other core can reach too.
struct PageQueue(Arc<ArrayQueue<Block<PAGE_BYTES>>>);

/// A page, and where it goes back.
struct Page {
    queue: Arc<ArrayQueue<Block<PAGE_BYTES>>>,
    /// `Some` until it is dropped.
    block: Option<Block<PAGE_BYTES>>,
}

impl Pages for PageQueue {
    const NAME: &'static str = NAME;

    type Page = Page;

    #[inline]
    fn new() -> Self {
        let queue = ArrayQueue::new(PAGES);
        for _ in 0..PAGES {
            give_back(&queue, Some(block()));
        }
        Self(Arc::new(queue))
    }

    #[inline]
    fn take(&self) -> Option<Page> {
        let block = Some(self.0.pop()?);
        let queue = self.0.clone();
        Some(Page { queue, block })
    }
}

#[inline]
fn give_back(queue: &ArrayQueue<Block<PAGE_BYTES>>, block: Option<Block<PAGE_BYTES>>) {
    let refused = block.and_then(|block| queue.push(block).err());
    assert!(refused.is_none(), "there is a place for each page");
}

impl Drop for Page {
    #[inline]
    fn drop(&mut self) {
        give_back(&self.queue, self.block.take());
    }
}

impl Memory for Page {
    #[inline]
    fn start(&self) -> *const u8 {
        let block = self.block.as_ref().expect("not dropped yet");
        block.as_ptr()
    }
}
