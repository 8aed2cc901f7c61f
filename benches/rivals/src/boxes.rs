//! The pool that many build themselves: boxes in a queue. Which queue is the rival's own.

use benches::threads::Pause;
use benches::work::pool::{SLOT_BYTES, SlotPool};
use benches::work::{LINE_BYTES, Line, Memory, Writable};

/// A slot's memory.
pub(crate) type Block<const BYTES: usize = SLOT_BYTES> = Box<[u8; BYTES]>;

/// Memory that has been written to, so that it exists.
pub(crate) fn block<const BYTES: usize>() -> Block<BYTES> {
    let block = vec![1; BYTES].into_boxed_slice();
    block.try_into().expect("as many bytes as were asked for")
}

/// A queue of blocks, used by many threads.
pub(crate) trait Blocks: Send + Sync + 'static {
    /// Its name in tables.
    const NAME: &'static str;

    /// An empty one with room for so many.
    fn with_room(blocks: usize) -> Self;

    /// Gives the block back if there is no room, or seems to be none.
    fn put(&self, block: Block) -> Result<(), Block>;

    /// The oldest, if there is one.
    fn get(&self) -> Option<Block>;
}

/// A pool of boxes.
pub(crate) struct Queued<Q>(Q);

/// A slot, and where it goes back.
pub(crate) struct Slot<'a, Q: Blocks> {
    queue: &'a Q,
    /// `Some` until it is dropped.
    block: Option<Block>,
}

impl<Q: Blocks> SlotPool for Queued<Q> {
    const NAME: &'static str = Q::NAME;

    type Slot<'a> = Slot<'a, Q>;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        let queue = Q::with_room(slots);
        for _ in 0..slots {
            give_back(&queue, Some(block()));
        }
        Self(queue)
    }

    #[inline]
    fn take(&self) -> Option<Slot<'_, Q>> {
        let block = Some(self.0.get()?);
        Some(Slot {
            queue: &self.0,
            block,
        })
    }
}

/// Each block has a place; but some queues say that they are full while another thread is about to free it.
#[inline]
fn give_back<Q: Blocks>(queue: &Q, mut block: Option<Block>) {
    let mut pause = Pause::default();
    while let Some(held) = block {
        block = queue.put(held).err();
        if block.is_some() {
            pause.once();
        }
    }
}

impl<Q: Blocks> Drop for Slot<'_, Q> {
    #[inline]
    fn drop(&mut self) {
        give_back(self.queue, self.block.take());
    }
}

impl<Q: Blocks> Memory for Slot<'_, Q> {
    #[inline]
    fn start(&self) -> *const u8 {
        let block = self.block.as_ref().expect("not dropped yet");
        block.as_ptr()
    }
}

impl<Q: Blocks> Writable for Slot<'_, Q> {
    #[inline]
    fn touch(&mut self, line: &Line) {
        let block = self.block.as_mut().expect("not dropped yet");
        block[..LINE_BYTES].copy_from_slice(line);
    }
}
