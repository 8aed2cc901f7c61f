//! Buffers of a size that is known only when one is needed.

use std::hint::black_box;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, LogNormal};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::case::{Case, in_bulk, use_and_drop};
use crate::threads::{Gate, need_two_cores, together};
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

/// Acquires a buffer of `BYTES` bytes and drops it, on two cores at the same time. Nothing is written.
pub fn untouched_2t<B, const BYTES: usize>(case: &mut Case<'_>)
where
    B: Buffers + Sync + 'static,
{
    let check = || need_two_cores().and_then(|()| check::<B, BYTES>());
    let set_up = || -> &'static B { Box::leak(Box::new(B::new())) };
    case.time(B::NAME, check, set_up, |bencher, buffers| {
        let buffers: &'static B = buffers;
        in_bulk(bencher, |times| {
            let part = move |gate: &Gate| {
                use_and_drop(buffers.acquire(BYTES));
                let start = gate.wait();
                for _ in 0..times {
                    use_and_drop(buffers.acquire(black_box(BYTES)));
                }
                start.elapsed()
            };
            together(part, part)
        });
    });
}

/// Two threads acquire buffers of mixed sizes, touch their first line, and keep each for a while. Every second one goes to the other thread, which drops it. Per buffer and thread.
pub fn mixed_2t<B>(case: &mut Case<'_>)
where
    B: Buffers + Sync + 'static,
    B::Buffer<'static>: Send,
{
    let check = || need_two_cores().and_then(|()| check::<B, 4096>());
    let set_up = || -> &'static B { Box::leak(Box::new(B::new())) };
    case.time(B::NAME, check, set_up, |bencher, buffers| {
        let buffers: &'static B = buffers;
        in_bulk(bencher, |times| {
            let ((there, arrivals), (back, returns)) =
                (RingBuffer::new(KEPT), RingBuffer::new(KEPT));
            together(
                move |gate| mix(gate, buffers, trace(1), (there, returns), times),
                move |gate| mix(gate, buffers, trace(2), (back, arrivals), times),
            )
        });
    });
}

/// How many buffers a thread keeps, and how many are on their way to the other.
const KEPT: usize = 64;
/// The largest size in a trace.
pub const LARGEST: usize = 4 << 20;

type Ends<T> = (Producer<T>, Consumer<T>);

fn mix<B: Buffers>(
    gate: &Gate,
    buffers: &'static B,
    trace: Vec<Step>,
    (mut there, mut arrivals): Ends<B::Buffer<'static>>,
    times: u64,
) -> Duration {
    let mut kept: Vec<Option<B::Buffer<'static>>> = (0..KEPT).map(|_| None).collect();
    let mut run = |steps: &mut dyn Iterator<Item = &Step>| {
        for step in steps {
            let mut buffer = buffers.acquire(step.bytes);
            buffer.touch(&[1; LINE_BYTES]);
            if step.goes_to_the_other {
                // One that the ring has no room for stays here, and is dropped.
                drop(there.push(buffer));
            } else {
                kept[step.place] = Some(buffer);
            }
            drop(arrivals.pop());
        }
    };
    run(&mut trace.iter());
    let start = gate.wait();
    let times = usize::try_from(times).expect("as many as there is time for");
    run(&mut trace.iter().cycle().take(times));
    start.elapsed()
}

/// What a thread does with one buffer.
struct Step {
    bytes: usize,
    goes_to_the_other: bool,
    /// Where it is kept, instead of the one that was there.
    place: usize,
}

/// Log-normal sizes around 8 KiB, from one byte to [`LARGEST`]; the same for each subject.
fn trace(seed: u64) -> Vec<Step> {
    const STEPS: usize = 4096;
    let sizes = LogNormal::new(8192_f64.ln(), 2.0).expect("a finite deviation");
    let mut random = SmallRng::seed_from_u64(seed);
    let step = |_| Step {
        bytes: (sizes.sample(&mut random) as usize).clamp(1, LARGEST),
        goes_to_the_other: random.random_bool(0.5),
        place: random.random_range(..KEPT),
    };
    (0..STEPS).map(step).collect()
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
