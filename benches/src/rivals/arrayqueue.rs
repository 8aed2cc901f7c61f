//! The pool that many build themselves: boxes in a crossbeam-queue `ArrayQueue`.

use std::sync::Arc;

use crossbeam_queue::ArrayQueue;

use crate::work::pool::{SLOT_BYTES, SlotPool};
use crate::work::slab::{PAGE_BYTES, PAGES, Pages};
use crate::work::{LINE_BYTES, Line, Memory, Writable};

const NAME: &str = "arrayqueue";

type Block<const BYTES: usize> = Box<[u8; BYTES]>;

/// Slots in a queue.
pub struct SlotQueue(ArrayQueue<Block<SLOT_BYTES>>);

/// A slot, and where it goes back.
pub struct Slot<'a> {
    queue: &'a ArrayQueue<Block<SLOT_BYTES>>,
    /// `Some` until it is dropped.
    block: Option<Block<SLOT_BYTES>>,
}

/// Pages in a queue that the other core can reach too.
pub struct PageQueue(Arc<ArrayQueue<Block<PAGE_BYTES>>>);

/// A page, and where it goes back.
pub struct Page {
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
