//! The pool that many build themselves: boxes in a crossbeam-queue `ArrayQueue`.

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

use benches::work::pool::{self, SLOT_BYTES, SlotPool};
use benches::work::scale::threads;
use benches::work::slab::{self, PAGE_BYTES, PAGES, Pages};
use benches::work::{LINE_BYTES, Line, Memory, Writable};

const NAME: &str = "arrayqueue";

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

type Block<const BYTES: usize> = Box<[u8; BYTES]>;

/// Slots in a queue.
struct SlotQueue(ArrayQueue<Block<SLOT_BYTES>>);

/// A slot, and where it goes back.
struct Slot<'a> {
    queue: &'a ArrayQueue<Block<SLOT_BYTES>>,
    /// `Some` until it is dropped.
    block: Option<Block<SLOT_BYTES>>,
}

/// Pages in a queue that the other core can reach too.
struct PageQueue(Arc<ArrayQueue<Block<PAGE_BYTES>>>);

/// A page, and where it goes back.
struct Page {
    queue: Arc<ArrayQueue<Block<PAGE_BYTES>>>,
    /// `Some` until it is dropped.
    block: Option<Block<PAGE_BYTES>>,
}

/// A queue with as many blocks as it has room for.
fn full<const BYTES: usize>(blocks: usize) -> ArrayQueue<Block<BYTES>> {
    let queue = ArrayQueue::new(blocks);
    for _ in 0..blocks {
        // One, not zero: written, so that the memory exists.
        let block = vec![1; BYTES].into_boxed_slice();
        let block = block.try_into().expect("as many bytes as were asked for");
        give_back(&queue, Some(block));
    }
    queue
}

fn give_back<const BYTES: usize>(queue: &ArrayQueue<Block<BYTES>>, block: Option<Block<BYTES>>) {
    let refused = block.and_then(|block| queue.push(block).err());
    assert!(refused.is_none(), "there is a place for each block");
}

impl SlotPool for SlotQueue {
    const NAME: &'static str = NAME;

    type Slot<'a> = Slot<'a>;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        Self(full(slots))
    }

    #[inline]
    fn take(&self) -> Option<Slot<'_>> {
        let block = Some(self.0.pop()?);
        Some(Slot {
            queue: &self.0,
            block,
        })
    }
}

impl Drop for Slot<'_> {
    #[inline]
    fn drop(&mut self) {
        give_back(self.queue, self.block.take());
    }
}

impl Memory for Slot<'_> {
    #[inline]
    fn start(&self) -> *const u8 {
        let block = self.block.as_ref().expect("not dropped yet");
        block.as_ptr()
    }
}

impl Writable for Slot<'_> {
    #[inline]
    fn touch(&mut self, line: &Line) {
        let block = self.block.as_mut().expect("not dropped yet");
        block[..LINE_BYTES].copy_from_slice(line);
    }
}

impl Pages for PageQueue {
    const NAME: &'static str = NAME;

    type Page = Page;

    #[inline]
    fn new() -> Self {
        Self(Arc::new(full(PAGES)))
    }

    #[inline]
    fn take(&self) -> Option<Page> {
        let block = Some(self.0.pop()?);
        let queue = self.0.clone();
        Some(Page { queue, block })
    }
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
