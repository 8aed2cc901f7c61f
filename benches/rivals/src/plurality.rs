//! plurality: values in chunks, a free list in the chunks. Its pool is for one thread at a time: where several take slots it stands behind a lock, as its
//! documentation says, and only taking waits for that.

use std::mem::MaybeUninit;
use std::sync::{Mutex, PoisonError};

use benches::work::pool::{self, SLOT_BYTES, SlotPool};
use benches::work::slab::{self, LocalPages, PAGE_BYTES, PAGES};
use benches::work::{Line, Memory, Writable};
use plurality::{Alloc, Box, Pool};

const NAME: &str = "plurality";

crate::submit! {
    "pool/pair" => pool::pair::<Locked>,
    "pool/held32" => pool::held32::<Locked>,
    "pool/shared-2t" => pool::shared_2t::<Locked>,
    "pool/cross" => pool::cross::<Locked>,
    "slab/local" => slab::local::<Local>,
}

/// Memory that nobody writes to before its holder does.
type Bytes<const BYTES: usize> = [MaybeUninit<u8>; BYTES];

/// A pool that has made its slots already; new ones are not written to.
fn full<const BYTES: usize>(slots: usize) -> Pool<Bytes<BYTES>> {
    let pool = Pool::new();
    let take = |_| pool.alloc_with(|| [MaybeUninit::new(1); BYTES]);
    let all: Vec<_> = (0..slots).map(take).collect();
    drop(all);
    pool
}

/// Slots for several threads.
struct Locked(Mutex<Pool<Bytes<SLOT_BYTES>>>);

struct Slot(Box<Bytes<SLOT_BYTES>>);

impl SlotPool for Locked {
    const NAME: &'static str = NAME;

    type Slot<'a> = Slot;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        Self(Mutex::new(full(slots)))
    }

    #[inline]
    fn take(&self) -> Option<Slot> {
        let pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = pool.try_alloc_box_with(|| [MaybeUninit::uninit(); SLOT_BYTES]);
        taken.ok().map(Slot)
    }
}

impl Memory for Slot {
    #[inline]
    fn start(&self) -> *const u8 {
        self.0.as_ptr().cast()
    }
}

impl Writable for Slot {
    #[inline]
    fn touch(&mut self, line: &Line) {
        write(&mut self.0[..], line);
    }
}

/// Pages for one thread.
struct Local(Pool<Bytes<PAGE_BYTES>>);

struct Page<'a>(Alloc<'a, Bytes<PAGE_BYTES>>);

impl LocalPages for Local {
    const NAME: &'static str = NAME;

    type Page<'a> = Page<'a>;

    #[inline]
    fn new() -> Self {
        Self(full(PAGES))
    }

    #[inline]
    fn take(&self, line: &Line) -> Option<Page<'_>> {
        let taken = self
            .0
            .try_alloc_with(|| [MaybeUninit::uninit(); PAGE_BYTES]);
        let mut page = taken.ok()?;
        write(&mut page[..], line);
        Some(Page(page))
    }
}

impl Memory for Page<'_> {
    #[inline]
    fn start(&self) -> *const u8 {
        self.0.as_ptr().cast()
    }
}

#[inline]
fn write(bytes: &mut [MaybeUninit<u8>], line: &Line) {
    for (byte, value) in bytes.iter_mut().zip(line) {
        byte.write(*value);
    }
}
