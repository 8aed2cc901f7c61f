//! zeropool: size classes, a cache per thread before a queue per class. Asked in its faster way, which writes no zeros.

use std::ptr;

use benches::work::class::{Buffers, mixed_2t, untouched, untouched_2t};
use benches::work::{Line, Memory, Writable};
use zeropool::{BufUninit, ZeroPool};

const KIB: usize = 1024;

crate::submit! {
    "class/4k" => untouched::<Pool, { 4 * KIB }>,
    "class/64k" => untouched::<Pool, { 64 * KIB }>,
    "class/64k-2t" => untouched_2t::<Pool, { 64 * KIB }>,
    "class/1m" => untouched::<Pool, { KIB * KIB }>,
    "class/mixed-2t" => mixed_2t::<Pool>,
}

/// As it is made by default.
struct Pool(ZeroPool);

/// A buffer, and where it begins, which it tells only who may write to it.
struct Buffer<'a> {
    bytes: BufUninit<'a>,
    start: usize,
}

impl Buffers for Pool {
    const NAME: &'static str = "zeropool";

    type Buffer<'a> = Buffer<'a>;

    #[inline]
    fn new() -> Self {
        Self(ZeroPool::new())
    }

    #[inline]
    fn acquire(&self, bytes: usize) -> Buffer<'_> {
        let mut bytes = self.0.alloc_uninit(bytes);
        let start = bytes.as_uninit_mut().as_ptr().addr();
        Buffer { bytes, start }
    }
}

impl Memory for Buffer<'_> {
    #[inline]
    fn start(&self) -> *const u8 {
        ptr::without_provenance(self.start)
    }
}

impl Writable for Buffer<'_> {
    #[inline]
    fn touch(&mut self, line: &Line) {
        for (byte, value) in self.bytes.as_uninit_mut().iter_mut().zip(line) {
            byte.write(*value);
        }
    }
}
