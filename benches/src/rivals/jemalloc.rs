//! jemalloc, asked as directly as Rust can. It is not the allocator of this program: only what is asked for here comes from it.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::NonNull;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use tikv_jemallocator::Jemalloc;

use crate::work::slab::{LocalPages, Messages, PAGE_BYTES, Pages};
use crate::work::{LINE_BYTES, Line, Memory, Writable};

/// Pages with no pool at all.
pub struct JemallocPages;

/// What `Arc<[u8]>` is on jemalloc: the standard library lets no `Arc` choose its allocator yet.
pub struct JemallocArcs;

/// A page straight from jemalloc; dropping it frees it.
///
/// - **BLOCK-1** `start` is the beginning of a live allocation of `layout`, which has at least [`LINE_BYTES`] bytes, and this value alone knows it.
pub struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: it owns its memory (BLOCK-1), and jemalloc frees on any thread.
unsafe impl Send for Block {}

impl Block {
    fn new(bytes: usize) -> Option<Self> {
        let layout = Layout::from_size_align(bytes.max(LINE_BYTES), 16).ok()?;
        // SAFETY: the layout's size is not 0.
        let start = unsafe { Jemalloc.alloc(layout) };
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
        unsafe { Jemalloc.dealloc(self.start.as_ptr(), self.layout) }
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
        // SAFETY: validity: the allocation has room for a line, which has no alignment (BLOCK-1). Aliasing: nobody else knows it, and `&mut self`
        // excludes ourselves.
        unsafe { self.start.cast::<Line>().write(*line) }
    }
}

impl LocalPages for JemallocPages {
    const NAME: &'static str = "jemalloc";

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

impl Pages for JemallocPages {
    const NAME: &'static str = "jemalloc";

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

/// The two counts and the bytes, as the standard library lays them out.
#[repr(C)]
struct Counted {
    strong: AtomicUsize,
    weak: AtomicUsize,
    line: Line,
}

/// An `Arc<[u8]>` of a line: two words.
///
/// - **ARC-1** `counted` is a live allocation of jemalloc, initialised; each value is one of its `strong`.
pub struct LineArc {
    counted: NonNull<Counted>,
    len: usize,
}

// SAFETY: the bytes are only read, the counts are atomic, and jemalloc frees on any thread (ARC-1).
unsafe impl Send for LineArc {}

impl LineArc {
    const LAYOUT: Layout = Layout::new::<Counted>();

    #[inline]
    fn new(line: &Line) -> Self {
        // SAFETY: the layout's size is not 0.
        let start = unsafe { Jemalloc.alloc(Self::LAYOUT) };
        let counted = NonNull::new(start.cast::<Counted>()).expect("a line's memory");
        let new = Counted {
            strong: AtomicUsize::new(1),
            weak: AtomicUsize::new(1),
            line: *line,
        };
        // SAFETY: validity: an allocation of this layout. Aliasing: nobody else knows it.
        unsafe { counted.write(new) };
        let len = line.len();
        Self { counted, len }
    }

    #[inline]
    fn counted(&self) -> &Counted {
        // SAFETY: validity: live and initialised. Aliasing: only shared references exist until the last value is gone (ARC-1).
        unsafe { self.counted.as_ref() }
    }
}

impl AsRef<[u8]> for LineArc {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.counted().line[..self.len]
    }
}

impl Drop for LineArc {
    #[inline]
    fn drop(&mut self) {
        // [ARC-DROP] Release: our use happens before the end. Pairs with [ARC-LAST].
        if self.counted().strong.fetch_sub(1, Release) != 1 {
            return;
        }
        // [ARC-LAST] Acquire: every other use happened. Pairs with [ARC-DROP].
        self.counted().strong.load(Acquire);
        // Relaxed: nobody here makes weak ones; the standard library counts them all the same.
        if self.counted().weak.fetch_sub(1, Relaxed) == 1 {
            // SAFETY: validity: allocated with this layout by this allocator. Aliasing: the last value is ours, and ends here (ARC-1).
            unsafe { Jemalloc.dealloc(self.counted.as_ptr().cast(), Self::LAYOUT) }
        }
    }
}

impl Messages for JemallocArcs {
    const NAME: &'static str = "jemalloc";

    type Message = LineArc;
    type There = rtrb::Producer<LineArc>;
    type Arrivals = rtrb::Consumer<LineArc>;

    #[inline]
    fn bridge(capacity: usize) -> (Self::There, Self::Arrivals) {
        rtrb::RingBuffer::new(capacity)
    }

    #[inline]
    fn new() -> Self {
        Self
    }

    #[inline]
    fn make(&self, line: &Line) -> Option<LineArc> {
        Some(LineArc::new(line))
    }
}
