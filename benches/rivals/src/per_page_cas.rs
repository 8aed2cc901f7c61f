//! The list of returned pages that many build themselves: a compare-exchange for each page that comes home, and one exchange by which the owner takes
//! them all.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use benches::threads::Apart;
use benches::work::Memory;
use benches::work::slab::{self, PAGE_BYTES, PAGES, Pages};

crate::submit! {
    "slab/return" => slab::round_trip::<PerPageCas>,
}

/// No page has this number.
const NONE: u32 = u32::MAX;

/// The owner's side: what it took home.
struct PerPageCas {
    list: &'static List,
    at_hand: RefCell<Vec<u32>>,
}

/// A page by its number.
struct Page {
    list: &'static List,
    number: u32,
}

struct List {
    head: Apart<AtomicU32>,
    /// Of each page, the number of the one below.
    links: Box<[AtomicU32]>,
    memory: Box<[u8]>,
}

impl List {
    fn full() -> Self {
        let pages = u32::try_from(PAGES).expect("few pages");
        let list = Self {
            head: Apart(AtomicU32::new(NONE)),
            links: (0..pages).map(|_| AtomicU32::new(NONE)).collect(),
            // One, not zero: written, so that the memory exists.
            memory: vec![1; PAGES * PAGE_BYTES].into_boxed_slice(),
        };
        (0..pages).for_each(|page| list.push(page));
        list
    }

    #[inline]
    fn push(&self, page: u32) {
        // Relaxed: only compared and stored.
        let mut seen = self.head.load(Relaxed);
        loop {
            // Relaxed: published by the exchange below.
            self.links[page as usize].store(seen, Relaxed);
            // [LIST-PUSH] Release: the link, and what was done to the page. Pairs with [LIST-TAKE].
            match self
                .head
                .compare_exchange_weak(seen, page, Release, Relaxed)
            {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    fn take_all(&self, into: &mut Vec<u32>) {
        // [LIST-TAKE] Acquire: the links of all that hangs here. Pairs with [LIST-PUSH].
        let mut page = self.head.swap(NONE, Acquire);
        while page != NONE {
            into.push(page);
            // Relaxed: ordered by the exchange.
            page = self.links[page as usize].load(Relaxed);
        }
    }
}

impl Pages for PerPageCas {
    const NAME: &'static str = "per-page-cas";

    type Page = Page;

    /// One list for all: who had it before is gone, and has sent every page home.
    fn new() -> Self {
        static LIST: OnceLock<List> = OnceLock::new();
        let list = LIST.get_or_init(List::full);
        let at_hand = RefCell::new(Vec::with_capacity(PAGES));
        Self { list, at_hand }
    }

    #[inline]
    fn take(&self) -> Option<Page> {
        let mut at_hand = self.at_hand.borrow_mut();
        if at_hand.is_empty() {
            self.list.take_all(&mut at_hand);
        }
        let number = at_hand.pop()?;
        Some(Page {
            list: self.list,
            number,
        })
    }
}

impl Drop for PerPageCas {
    fn drop(&mut self) {
        self.at_hand
            .borrow_mut()
            .drain(..)
            .for_each(|page| self.list.push(page));
    }
}

impl Drop for Page {
    #[inline]
    fn drop(&mut self) {
        self.list.push(self.number);
    }
}

impl Memory for Page {
    #[inline]
    fn start(&self) -> *const u8 {
        self.list.memory[self.number as usize * PAGE_BYTES..].as_ptr()
    }
}
