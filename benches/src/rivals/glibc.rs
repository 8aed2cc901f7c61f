//! The system's `malloc` and `free`, asked as directly as Rust can.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::NonNull;

use crate::work::class::Buffers;
use crate::work::frame::Frames;
use crate::work::pool::{SLOT_BYTES, SlotPool};
use crate::work::slab::{LocalPages, PAGE_BYTES, Pages};
use crate::work::{LINE_BYTES, Line, Memory, Writable};

const NAME: &str = "glibc";
/// What `malloc` gives without being asked.
const ALIGN: usize = 16;

/// No pool at all.
#[derive(Clone)]
pub struct Glibc;

/// Memory straight from `malloc`; dropping it calls `free`.
///
/// - **BLOCK-1** `start` is the beginning of a live allocation of `layout`, which has at least [`LINE_BYTES`] bytes, and this value alone
///   knows it.
pub struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: it owns its memory (BLOCK-1), and `free` may be called on any thread.
unsafe impl Send for Block {}

impl Block {
    fn new(bytes: usize) -> Option<Self> {
        let layout = Layout::from_size_align(bytes.max(LINE_BYTES), ALIGN).ok()?;
        // SAFETY: the layout's size is not 0.
        let start = unsafe { System.alloc(layout) };
        Some(Self {
            start: NonNull::new(start)?,
            layout,
        })
    }
}

impl Drop for Block {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: validity: allocated with this layout by this allocator. Aliasing: nobody else knows it (BLOCK-1).
        unsafe { System.dealloc(self.start.as_ptr(), self.layout) }
    }
}

impl Memory for Block {
    #[inline]
    fn start(&self) -> *const u8 {
        self.start.as_ptr()
    }
}

impl Writable for Block {
    #[inline]
    fn touch(&mut self, line: &Line) {
        // SAFETY: validity: the allocation has room for a line, which has no alignment (BLOCK-1). Aliasing: nobody else knows it,
        // and `&mut self` excludes ourselves.
        unsafe { self.start.cast::<Line>().write(*line) }
    }
}

impl SlotPool for Glibc {
    const NAME: &'static str = NAME;

    type Slot<'a> = Block;

    #[inline]
    fn with_slots(_: usize) -> Self {
        Self
    }

    #[inline]
    fn take(&self) -> Option<Block> {
        Block::new(SLOT_BYTES)
    }
}

impl Buffers for Glibc {
    const NAME: &'static str = NAME;

    type Buffer<'a> = Block;

    #[inline]
    fn new() -> Self {
        Self
    }

    #[inline]
    fn acquire(&self, bytes: usize) -> Block {
        Block::new(bytes).expect("a megabyte at most")
    }
}

impl LocalPages for Glibc {
    const NAME: &'static str = NAME;

    type Page<'a> = Block;

    #[inline]
    fn new() -> Self {
        Self
    }

    #[inline]
    fn take(&self, line: &Line) -> Option<Block> {
        let mut block = Block::new(PAGE_BYTES)?;
        block.touch(line);
        Some(block)
    }
}

impl Pages for Glibc {
    const NAME: &'static str = NAME;

    type Page = Block;

    #[inline]
    fn new() -> Self {
        Self
    }

    #[inline]
    fn take(&self) -> Option<Block> {
        Block::new(PAGE_BYTES)
    }
}

/// A `Vec`, which the default allocator takes from `malloc`.
impl Frames for Glibc {
    const NAME: &'static str = NAME;

    type Frame<'a> = Vec<u8>;

    #[inline]
    fn with_slots(_: usize) -> Self {
        Self
    }

    #[inline]
    fn copy(&mut self, data: &[u8]) -> Vec<u8> {
        Vec::from(data)
    }
}
