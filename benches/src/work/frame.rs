//! Frames: bytes copied into a buffer of their own.

use std::hint::black_box;

use crate::case::{Case, in_bulk, use_and_drop};
use crate::threads::{Gate, need_two_cores, together};
use crate::work::packet::Packet;

/// Whatever a packet can be copied into.
pub trait Frames: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// A copy; dropping it frees its memory.
    type Frame<'a>: AsRef<[u8]>
    where
        Self: 'a;

    /// With room for so many frames of up to 2 KiB, if there is a number.
    fn with_slots(slots: usize) -> Self;

    /// Copies `data`.
    fn copy(&mut self, data: &[u8]) -> Self::Frame<'_>;
}

/// Copies `BYTES` bytes in and drops the frame, with `SLOTS` slots to choose from.
pub fn from_pool<F: Frames, const BYTES: usize, const SLOTS: usize>(case: &mut Case<'_>) {
    let set_up = || F::with_slots(SLOTS);
    case.time(F::NAME, check::<F, BYTES>, set_up, |bencher, frames| {
        let packet = packet::<F, BYTES>(frames);
        let packet = &*packet;
        bencher.iter(|| use_and_drop(frames.copy(black_box(packet))));
    });
}

/// The same on two cores at the same time, from one pool, of which each thread has a handle.
pub fn from_pool_2t<F, const BYTES: usize>(case: &mut Case<'_>)
where
    F: Frames + Clone + Send + 'static,
{
    let check = || need_two_cores().and_then(|()| check::<F, BYTES>());
    let set_up = || F::with_slots(256);
    case.time(F::NAME, check, set_up, |bencher, frames| {
        in_bulk(bencher, |times| {
            let part = |mut frames: F| {
                move |gate: &Gate| {
                    let packet = packet::<F, BYTES>(&mut frames);
                    let packet = &*packet;
                    let start = gate.wait();
                    for _ in 0..times {
                        use_and_drop(frames.copy(black_box(packet)));
                    }
                    start.elapsed()
                }
            };
            together(part(frames.clone()), part(frames.clone()))
        });
    });
}

/// What is copied, apart from where it is copied to.
fn packet<F: Frames, const BYTES: usize>(frames: &mut F) -> Packet {
    let bytes = [7; BYTES];
    let first = frames.copy(&bytes);
    Packet::apart_from(first.as_ref().as_ptr(), &bytes)
}

fn check<F: Frames, const BYTES: usize>() -> Result<(), String> {
    let data: Vec<u8> = (0..BYTES).map(|at| (at % 251) as u8).collect();
    let mut frames = F::with_slots(256);
    for _ in 0..100 {
        if frames.copy(&data).as_ref() != data {
            return Err("the copy differs".into());
        }
    }
    Ok(())
}
