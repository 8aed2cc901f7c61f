//! The crate bytes.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use benches::work::frame::{Frames, from_pool, from_pool_2t};
use benches::work::view::{
    self, AcrossThreads, Freezes, MaybeStatic, SharedBytes, Sliceable, Splits,
};

const NAME: &str = "bytes";

crate::submit! {
    "frame/from_pool-64" => from_pool::<Buffers, 64, 256>,
    "frame/from_pool-1500" => from_pool::<Buffers, 1500, 256>,
    "frame/from_pool-2t" => from_pool_2t::<Buffers, 1500>,
    "view/clone" => view::clone::<Shared>,
    "view/slice" => view::slice::<Shared>,
    "view/held32" => view::held32::<Shared>,
    "view/static" => view::of_static::<Shared>,
    "view/split" => view::split::<Shared>,
    "view/clone-2t" => view::clone_2t::<Shared>,
    "view/clone-2t-distinct" => view::clone_2t_distinct::<Shared>,
    "view/local" => view::clone::<Shared>,
    "view/local-2t" => view::clone_2t::<Shared>,
    "view/freeze-pooled" => view::freeze::<Buffers>,
}

/// Bytes that are shared.
#[derive(Clone)]
struct Shared(Bytes);

/// A new buffer each time: the crate has no pool.
#[derive(Clone)]
struct Buffers;

impl SharedBytes for Shared {
    const NAME: &'static str = NAME;

    /// Counted from the start: a `Bytes` from a `Vec` would begin to count at its first clone only.
    #[inline]
    fn of(bytes: &[u8]) -> Self {
        let first = Bytes::from(bytes.to_vec());
        drop(first.clone());
        Self(first)
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Sliceable for Shared {
    #[inline]
    fn part(&self, range: Range<usize>) -> Self {
        Self(self.0.slice(range))
    }
}

impl AcrossThreads for Shared {
    type Sent = Self;

    #[inline]
    fn neighbours(bytes: &[u8]) -> [Self; 2] {
        [Self::of(bytes), Self::of(bytes)]
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

impl Splits for Shared {
    #[inline]
    fn split_to(&mut self, at: usize) -> Self {
        Self(self.0.split_to(at))
    }
}

impl MaybeStatic for Shared {
    #[inline]
    fn of_static(bytes: &'static [u8]) -> Self {
        Self(Bytes::from_static(bytes))
    }
}

impl Freezes for Buffers {
    const NAME: &'static str = NAME;

    type Frozen = Shared;

    #[inline]
    fn new() -> Self {
        Self
    }

    #[inline]
    fn freeze(&mut self, bytes: &[u8]) -> Shared {
        let mut buffer = BytesMut::with_capacity(2048);
        buffer.extend_from_slice(bytes);
        Shared(buffer.freeze())
    }
}

impl Frames for Buffers {
    const NAME: &'static str = NAME;

    type Frame<'a> = BytesMut;

    #[inline]
    fn with_slots(_: usize) -> Self {
        Self
    }

    #[inline]
    fn copy(&mut self, data: &[u8]) -> BytesMut {
        BytesMut::from(data)
    }
}
