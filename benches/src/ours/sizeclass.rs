//! sizeclass: a buffer from the pool of its class.

use sizeclass::{BufferPool, Classes, PooledBuffer};

use crate::work::class::Buffers;
use crate::work::{LINE_BYTES, Line, Memory, Writable};

const KIB: usize = 1024;
const CLASSES: Classes = Classes::new([
    4 * KIB,
    8 * KIB,
    16 * KIB,
    32 * KIB,
    64 * KIB,
    128 * KIB,
    256 * KIB,
    512 * KIB,
    1024 * KIB,
    2048 * KIB,
    4096 * KIB,
]);

/// Eleven classes, from 4 KiB to 4 MiB, with 512 slots each.
pub struct Sizeclass(BufferPool);

impl Buffers for Sizeclass {
    const NAME: &'static str = "sizeclass";

    type Buffer<'a> = PooledBuffer;

    #[inline]
    fn new() -> Self {
        let builder = BufferPool::builder().classes(CLASSES);
        let built = builder.capacity_per_class(512).build();
        Self(built.expect("address space"))
    }

    #[inline]
    fn acquire(&self, bytes: usize) -> PooledBuffer {
        self.0.acquire(bytes)
    }
}

impl Memory for PooledBuffer {
    #[inline]
    fn start(&self) -> *const u8 {
        self.as_ptr()
    }
}

impl Writable for PooledBuffer {
    #[inline]
    fn touch(&mut self, line: &Line) {
        let touched = self.len().min(LINE_BYTES);
        self[..touched].copy_from_slice(&line[..touched]);
    }
}
