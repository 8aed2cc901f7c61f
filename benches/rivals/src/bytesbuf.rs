//! bytesbuf: sequences of blocks from a pool, of which views are made.

use std::ops::Range;

use benches::work::frame::{Frames, from_pool};
use benches::work::view::{self, AcrossThreads, Freezes, SharedBytes, Sliceable};
use bytesbuf::BytesView;
use bytesbuf::mem::GlobalPool;

const NAME: &str = "bytesbuf";

crate::submit! {
    "frame/from_pool-64" => from_pool::<Blocks, 64, 256>,
    "frame/from_pool-1500" => from_pool::<Blocks, 1500, 256>,
    "view/clone" => view::clone::<Shared>,
    "view/slice" => view::slice::<Shared>,
    "view/held32" => view::held32::<Shared>,
    "view/clone-2t" => view::clone_2t::<Shared>,
    "view/clone-2t-distinct" => view::clone_2t_distinct::<Shared>,
    "view/freeze-pooled" => view::freeze::<Blocks>,
}

/// A view of bytes that lie in one block.
#[derive(Clone)]
struct Shared(BytesView);

/// Its pool, which makes blocks when it has none.
#[derive(Clone)]
struct Blocks(GlobalPool);

impl SharedBytes for Shared {
    const NAME: &'static str = NAME;

    #[inline]
    fn of(bytes: &[u8]) -> Self {
        Self(BytesView::copied_from_slice(bytes, &GlobalPool::new()))
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        self.0.first_slice()
    }
}

impl Sliceable for Shared {
    #[inline]
    fn part(&self, range: Range<usize>) -> Self {
        Self(self.0.range(range))
    }
}

impl AcrossThreads for Shared {
    type Sent = Self;

    #[inline]
    fn neighbours(bytes: &[u8]) -> [Self; 2] {
        let pool = GlobalPool::new();
        [(); 2].map(|()| Self(BytesView::copied_from_slice(bytes, &pool)))
    }

    #[inline]
    fn send(&self) -> Self {
        self.clone()
    }

    #[inline]
    fn arrive(sent: Self) -> Self {
        sent
    }
}

impl Freezes for Blocks {
    const NAME: &'static str = NAME;

    type Frozen = Shared;

    #[inline]
    fn new() -> Self {
        Self(GlobalPool::new())
    }

    #[inline]
    fn freeze(&mut self, bytes: &[u8]) -> Shared {
        let mut buffer = self.0.reserve(2048);
        buffer.put_slice(bytes);
        Shared(buffer.consume_all())
    }
}

/// A copied message.
struct Copied(BytesView);

impl AsRef<[u8]> for Copied {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self.0.first_slice()
    }
}

impl Frames for Blocks {
    const NAME: &'static str = NAME;

    type Frame<'a> = Copied;

    #[inline]
    fn with_slots(_: usize) -> Self {
        Self(GlobalPool::new())
    }

    #[inline]
    fn copy(&mut self, data: &[u8]) -> Copied {
        Copied(BytesView::copied_from_slice(data, &self.0))
    }
}
