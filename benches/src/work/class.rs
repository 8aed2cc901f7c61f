//! Buffers of a size that is known only when one is needed.

use std::hint::black_box;

use crate::case::{Case, use_and_drop};
use crate::work::memory::check_apart;
use crate::work::{LINE_BYTES, Writable};

/// Whatever hands out buffers of any size.
pub trait Buffers: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// A buffer; dropping it gives it back.
    type Buffer<'a>: Writable
    where
        Self: 'a;

    /// One that has handed out nothing yet.
    fn new() -> Self;

    /// A buffer of `bytes` bytes.
    fn acquire(&self, bytes: usize) -> Self::Buffer<'_>;
}

/// Acquires a buffer of `BYTES` bytes and drops it. Nothing is written.
pub fn untouched<B: Buffers, const BYTES: usize>(case: &mut Case<'_>) {
    let set_up = || {
        let buffers = B::new();
        use_and_drop(buffers.acquire(BYTES));
        buffers
    };
    case.time(B::NAME, check::<B, BYTES>, set_up, |bencher, buffers| {
        bencher.iter(|| use_and_drop(buffers.acquire(black_box(BYTES))));
    });
}

fn check<B: Buffers, const BYTES: usize>() -> Result<(), String> {
    let buffers = B::new();
    for _ in 0..2 {
        let mut held: Vec<_> = (0..4).map(|_| buffers.acquire(BYTES)).collect();
        for buffer in &mut held {
            buffer.touch(&[1; LINE_BYTES]);
        }
        check_apart(&held, BYTES)?;
    }
    Ok(())
}
