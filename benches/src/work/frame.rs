//! Frames: bytes copied into a buffer of their own.

use std::hint::black_box;

use crate::case::{Case, use_and_drop};

/// Whatever a packet can be copied into.
pub trait Frames: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// A copy; dropping it frees its memory.
    type Frame<'a>: AsRef<[u8]>
    where
        Self: 'a;

    /// With room for frames of up to 2 KiB.
    fn new() -> Self;

    /// Copies `data`.
    fn copy(&mut self, data: &[u8]) -> Self::Frame<'_>;
}

/// Copies `BYTES` bytes in and drops the frame.
pub fn from_pool<F: Frames, const BYTES: usize>(case: &mut Case<'_>) {
    case.time(F::NAME, check::<F, BYTES>, F::new, |bencher, frames| {
        let data = vec![7; BYTES];
        bencher.iter(|| use_and_drop(frames.copy(black_box(&data))));
    });
}

fn check<F: Frames, const BYTES: usize>() -> Result<(), String> {
    let data: Vec<u8> = (0..BYTES).map(|at| (at % 251) as u8).collect();
    let mut frames = F::new();
    for _ in 0..100 {
        if frames.copy(&data).as_ref() != data {
            return Err("the copy differs".into());
        }
    }
    Ok(())
}
