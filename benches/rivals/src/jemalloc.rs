//! jemalloc. It is not the allocator of this program: only what is asked for here comes from it.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr::NonNull;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use benches::work::Line;
use benches::work::class::{mixed_2t, untouched, untouched_2t};
use benches::work::slab::{self, Messages};
use tikv_jemallocator::Jemalloc;

use crate::allocator::{Allocating, Allocator};

const NAME: &str = "jemalloc";
const KIB: usize = 1024;

type Direct = Allocating<Jemalloc>;

crate::submit! {
    "class/4k" => untouched::<Direct, { 4 * KIB }>,
    "class/64k" => untouched::<Direct, { 64 * KIB }>,
    "class/64k-2t" => untouched_2t::<Direct, { 64 * KIB }>,
    "class/1m" => untouched::<Direct, { KIB * KIB }>,
    "class/mixed-2t" => mixed_2t::<Direct>,
    "slab/local" => slab::local::<Direct>,
    "slab/return" => slab::round_trip::<Direct>,
    "slab/cross" => slab::cross::<Arcs>,
    "slab/cross-64k" => slab::cross::<Arcs>,
}

impl Allocator for Jemalloc {
    const IT: Self = Self;
    const NAME: &'static str = NAME;
}

/// What `Arc<[u8]>` is on jemalloc: the standard library lets no `Arc` choose its allocator yet.
struct Arcs;

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
struct LineArc {
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

impl Messages for Arcs {
    const NAME: &'static str = NAME;

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
