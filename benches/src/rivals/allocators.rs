//! Allocators beside the system's, asked as directly as Rust can; this program's own allocations are not theirs.

use std::alloc::{GlobalAlloc, Layout};
use std::marker::PhantomData;
use std::ptr::NonNull;

use mimalloc::MiMalloc;
use tikv_jemallocator::Jemalloc as JemallocCrate;

use crate::work::class::Buffers;
use crate::work::{LINE_BYTES, Line, Memory, Writable};

/// What both give without being asked.
const ALIGN: usize = 16;

/// An allocator that is one value for all.
pub trait Allocator: GlobalAlloc + Send + Sync + 'static {
    /// The value.
    const IT: Self;
    /// Its name in tables.
    const NAME: &'static str;
}

impl Allocator for JemallocCrate {
    const IT: Self = Self;
    const NAME: &'static str = "jemalloc";
}

impl Allocator for MiMalloc {
    const IT: Self = Self;
    const NAME: &'static str = "mimalloc";
}

/// jemalloc, 5.3.
pub type Jemalloc = Allocating<JemallocCrate>;
/// mimalloc.
pub type Mimalloc = Allocating<MiMalloc>;

/// No pool at all.
pub struct Allocating<A>(PhantomData<A>);

/// Memory straight from the allocator; dropping it frees it.
///
/// - **BLOCK-1** `start` is the beginning of a live allocation of `A` with this layout, which has at least [`LINE_BYTES`] bytes, and this value alone
///   knows it.
pub struct Block<A: Allocator> {
    start: NonNull<u8>,
    layout: Layout,
    allocator: PhantomData<A>,
}

// SAFETY: it owns its memory (BLOCK-1), which may be freed on any thread.
unsafe impl<A: Allocator> Send for Block<A> {}

impl<A: Allocator> Buffers for Allocating<A> {
    const NAME: &'static str = A::NAME;

    type Buffer<'a> = Block<A>;

    #[inline]
    fn new() -> Self {
        Self(PhantomData)
    }

    #[inline]
    fn acquire(&self, bytes: usize) -> Block<A> {
        let layout = Layout::from_size_align(bytes.max(LINE_BYTES), ALIGN);
        let layout = layout.expect("a few megabytes at most");
        // SAFETY: the layout's size is not 0.
        let start = unsafe { A::IT.alloc(layout) };
        Block {
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
