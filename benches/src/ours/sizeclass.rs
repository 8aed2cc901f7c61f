//! sizeclass: a buffer from the pool of its class.

use sizeclass::{BufferPool, PooledBuffer};

use crate::work::class::Buffers;
use crate::work::{LINE_BYTES, Line, Memory, Writable};

/// Nine classes with 64 slots each.
pub struct Sizeclass(BufferPool);

impl Buffers for Sizeclass {
    const NAME: &'static str = "sizeclass";

    type Buffer<'a> = PooledBuffer;

    #[inline]
    fn new() -> Self {
        Self(BufferPool::new(64))
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
        self[..LINE_BYTES].copy_from_slice(line);
    }
}
