//! percore-slab: a page on its own core, and one that another core gives back.

use percore_slab::{CoreSlab, Page, RemotePage};

use crate::work::slab::{LocalPages, PAGE_BYTES, PAGES, Pages};
use crate::work::{LINE_BYTES, Line, Memory, Writable};

/// The pages of the calling thread.
pub struct PercoreSlab(CoreSlab);

const NAME: &str = "percore-slab";

fn slab() -> CoreSlab {
    let slab = CoreSlab::new(0, PAGE_BYTES, PAGES).expect("32 megabytes");
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
