//! Two threads on two cores at work on one pool.

use std::time::Duration;

use criterion::Bencher;
use rtrb::chunks::ChunkError;
use rtrb::{Consumer, Producer, RingBuffer};

use crate::case::{Case, in_bulk, use_and_drop};
use crate::threads::{Apart, Gate, Pause, need_two_cores, together};
use crate::work::pool::{CHUNK, CROSS_SLOTS, RING, SLOTS, Shared, SlotPool, check, pool};

/// What one thread does, without company, on two cores at the same time, in one pool.
pub fn shared_2t<P: SlotPool>(case: &mut Case<'_>) {
    let set_up = || pool::<P>(SLOTS);
    case.time(P::NAME, check_2t::<P>, set_up, |bencher, pool| {
        in_bulk(bencher, |times| {
            let part = |pool: Shared<P>| {
                move |gate: &Gate| {
                    let pool: &P = &pool;
                    let start = gate.wait();
                    for _ in 0..times {
                        use_and_drop(pool.take());
                    }
                    start.elapsed()
                }
            };
            together(part(pool.clone()), part(pool.clone()))
        });
    });
}

/// One thread takes slots, another drops them; between them is a ring, which they use in chunks of 64. Per slot.
pub fn cross<P>(case: &mut Case<'_>)
where
    P: SlotPool,
    P::Slot<'static>: Send,
{
    // Leaked, once per run: a slot in the ring borrows the pool, and nothing that the threads use may lie on this one's stack.
    let set_up = || -> &'static P { Box::leak(Box::new(Apart(P::with_slots(CROSS_SLOTS)))) };
    case.time(P::NAME, check_2t::<P>, set_up, |bencher, pool| {
        let pool: &'static P = pool;
        in_chunks(bencher, |chunks| {
            let (there, arrivals) = RingBuffer::new(RING);
            together(
                move |gate| send(gate, pool, there, chunks),
                move |gate| receive::<P>(gate, arrivals, chunks),
            )
        });
    });
}

/// Times work that is done on chunks: it is told how many; the time reported is that of one thing in a chunk.
pub fn in_chunks(bencher: &mut Bencher<'_>, mut work: impl FnMut(u64) -> Duration) {
    in_bulk(bencher, |times| {
        let chunks = times.div_ceil(CHUNK as u64);
        let share = times as f64 / (chunks * CHUNK as u64) as f64;
        work(chunks).mul_f64(share)
    });
}

fn send<P: SlotPool>(
    gate: &Gate,
    pool: &'static P,
    mut ring: Producer<P::Slot<'static>>,
    chunks: u64,
) -> Duration {
    let start = gate.wait();
    for _ in 0..chunks {
        let mut pause = Pause::default();
        let chunk = loop {
            match ring.write_chunk_uninit(CHUNK) {
                Ok(chunk) => break chunk,
                Err(ChunkError::TooFewSlots(_)) => pause.once(),
            }
        };
        chunk.fill_from_iter((0..CHUNK).map(|_| take(pool)));
    }
    start.elapsed()
}

fn take<P: SlotPool>(pool: &P) -> P::Slot<'_> {
    let mut pause = Pause::default();
    loop {
        match pool.take() {
            Some(slot) => return slot,
            None => pause.once(),
        }
    }
}

fn receive<P: SlotPool>(
    gate: &Gate,
    mut ring: Consumer<P::Slot<'static>>,
    chunks: u64,
) -> Duration {
    let start = gate.wait();
    for _ in 0..chunks {
        let mut pause = Pause::default();
        let chunk = loop {
            match ring.read_chunk(CHUNK) {
                Ok(chunk) => break chunk,
                Err(ChunkError::TooFewSlots(_)) => pause.once(),
            }
        };
        chunk.into_iter().for_each(use_and_drop);
    }
    start.elapsed()
}

/// [`check`], where there are two cores.
pub fn check_2t<P: SlotPool>() -> Result<(), String> {
    need_two_cores().and_then(|()| check::<P>())
}
