//! Allocators asked as directly as Rust can: no pool at all. Only what is asked for here comes from them, not what the program itself allocates.

use std::alloc::{GlobalAlloc, Layout};
use std::marker::PhantomData;
use std::ptr::NonNull;

use benches::work::class::Buffers;
use benches::work::pool::{SLOT_BYTES, SlotPool};
use benches::work::slab::{LocalPages, PAGE_BYTES, Pages};
use benches::work::{LINE_BYTES, Line, Memory, Writable};

/// What all of them give without being asked.
const ALIGN: usize = 16;

/// An allocator that is one value for all.
pub(crate) trait Allocator: GlobalAlloc + Send + Sync + 'static {
    /// The value.
    const IT: Self;
    /// Its name in tables.
    const NAME: &'static str;
}

/// Hands out what the allocator gives.
pub(crate) struct Allocating<A>(PhantomData<A>);

/// Memory straight from the allocator; dropping it frees it.
///
/// - **BLOCK-1** `start` is the beginning of a live allocation of `A` with this layout, which has at least [`LINE_BYTES`] bytes, and this value alone
///   knows it.
pub(crate) struct Block<A: Allocator> {
    start: NonNull<u8>,
    layout: Layout,
    allocator: PhantomData<A>,
}

// SAFETY: it owns its memory (BLOCK-1), which may be freed on any thread.
unsafe impl<A: Allocator> Send for Block<A> {}

impl<A: Allocator> Block<A> {
    #[inline]
    pub(crate) fn new(bytes: usize) -> Self {
        let layout = Layout::from_size_align(bytes.max(LINE_BYTES), ALIGN);
        let layout = layout.expect("a few megabytes at most");
        // SAFETY: the layout's size is not 0.
        let start = unsafe { A::IT.alloc(layout) };
        Self {
            start: NonNull::new(start).expect("a few megabytes at most"),
            layout,
            allocator: PhantomData,
        }
    }
}

impl<A: Allocator> Drop for Block<A> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: validity: allocated with this layout by this allocator. Aliasing: nobody else knows it (BLOCK-1).
        unsafe { A::IT.dealloc(self.start.as_ptr(), self.layout) }
    }
}

impl<A: Allocator> Memory for Block<A> {
    #[inline]
    fn start(&self) -> *const u8 {
        self.start.as_ptr()
    }
}

impl<A: Allocator> Writable for Block<A> {
    #[inline]
    fn touch(&mut self, line: &Line) {
        // SAFETY: validity: the allocation has room for a line, which has no alignment (BLOCK-1). Aliasing: nobody else knows it,
        // and `&mut self` excludes ourselves.
        unsafe { self.start.cast::<Line>().write(*line) }
    }
}

impl<A: Allocator> Buffers for Allocating<A> {
    const NAME: &'static str = A::NAME;

    type Buffer<'a> = Block<A>;

    #[inline]
    fn new() -> Self {
        Self(PhantomData)
    }

    #[inline]
    fn acquire(&self, bytes: usize) -> Block<A> {
        Block::new(bytes)
    }
}

impl<A: Allocator> SlotPool for Allocating<A> {
    const NAME: &'static str = A::NAME;

    type Slot<'a> = Block<A>;

    #[inline]
    fn with_slots(_: usize) -> Self {
        Self(PhantomData)
    }

    #[inline]
    fn take(&self) -> Option<Block<A>> {
        Some(Block::new(SLOT_BYTES))
    }
}

impl<A: Allocator> LocalPages for Allocating<A> {
    const NAME: &'static str = A::NAME;

    type Page<'a> = Block<A>;

    #[inline]
    fn new() -> Self {
        Self(PhantomData)
    }

    #[inline]
    fn take(&self, line: &Line) -> Option<Block<A>> {
        let mut block = Block::new(PAGE_BYTES);
        block.touch(line);
        Some(block)
    }
}

impl<A: Allocator> Pages for Allocating<A> {
    const NAME: &'static str = A::NAME;

    type Page = Block<A>;

    #[inline]
    fn new() -> Self {
        Self(PhantomData)
    }

    #[inline]
    fn take(&self) -> Option<Block<A>> {
        Some(Block::new(PAGE_BYTES))
    }
}
