//! percore-slab: a page on its own core, and one that another core gives back.

use percore_slab::{Bridge, Consumer, CoreSlab, Page, Producer, PushError, RemotePage};

use crate::work::slab::{LocalPages, Messages, PAGE_BYTES, PAGES, Pages, PopEnd, PushEnd};
use crate::work::{LINE_BYTES, Line, Memory, Writable};

/// The pages of the calling thread.
pub struct PercoreSlab(CoreSlab);

const NAME: &str = "percore-slab";

fn slab() -> CoreSlab {
    slab_of(PAGE_BYTES)
}

fn slab_of(page_bytes: usize) -> CoreSlab {
    let slab = CoreSlab::new(0, page_bytes, PAGES).expect("32 megabytes at most");
    let all: Vec<Page> = (0..PAGES)
        .map_while(|_| slab.alloc(&[1; LINE_BYTES]))
        .collect();
    drop(all);
    slab
}

impl LocalPages for PercoreSlab {
    const NAME: &'static str = NAME;

    type Page<'a> = Page;

    #[inline]
    fn new() -> Self {
        Self(slab())
    }

    #[inline]
    fn take(&self, line: &Line) -> Option<Page> {
        self.0.alloc_with(PAGE_BYTES, |bytes| {
            bytes[..LINE_BYTES].copy_from_slice(line);
        })
    }
}

impl Pages for PercoreSlab {
    const NAME: &'static str = NAME;

    type Page = RemotePage;

    #[inline]
    fn new() -> Self {
        Self(slab())
    }

    #[inline]
    fn take(&self) -> Option<RemotePage> {
        let page = self.0.alloc_with(PAGE_BYTES, |_| {})?;
        Some(page.into_remote())
    }
}

/// Messages in pages of `BYTES`.
pub struct MessagesInPages<const BYTES: usize>(CoreSlab);

impl<const BYTES: usize> Messages for MessagesInPages<BYTES> {
    const NAME: &'static str = NAME;

    type Message = RemotePage;
    type There = Producer<RemotePage>;
    type Arrivals = Consumer<RemotePage>;

    #[inline]
    fn bridge(capacity: usize) -> (Self::There, Self::Arrivals) {
        Bridge::new(capacity).expect("a few kilobytes")
    }

    #[inline]
    fn new() -> Self {
        Self(slab_of(BYTES))
    }

    #[inline]
    fn make(&self, line: &Line) -> Option<RemotePage> {
        Some(self.0.alloc(line)?.into_remote())
    }
}

impl<T: Send> PushEnd<T> for Producer<T> {
    #[inline]
    fn try_push(&mut self, message: T) -> Result<(), T> {
        Producer::try_push(self, message).map_err(PushError::into_value)
    }
}

impl<T: Send> PopEnd<T> for Consumer<T> {
    #[inline]
    fn try_pop(&mut self) -> Option<T> {
        Consumer::try_pop(self).ok()
    }
}

impl Memory for Page {
    #[inline]
    fn start(&self) -> *const u8 {
        self.as_ptr()
    }
}

impl Writable for Page {
    #[inline]
    fn touch(&mut self, line: &Line) {
        self[..LINE_BYTES].copy_from_slice(line);
    }
}

impl Memory for RemotePage {
    #[inline]
    fn start(&self) -> *const u8 {
        self.as_ptr()
    }
}
