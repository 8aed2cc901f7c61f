//! Shared immutable bytes.

use std::hint::black_box;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::case::{Case, each_of, in_bulk, use_and_drop};
use crate::threads::{Apart, Gate, need_two_cores, together};
use crate::work::packet::Packet;

/// How many bytes a message has: what a slot has.
const MESSAGE_BYTES: usize = 2048;
/// Where a slice begins and ends.
const MIDDLE: Range<usize> = 100..1500;
/// How many clones are alive at once.
const HELD: usize = 32;
/// How many subscribers a frozen message goes to.
const READERS: usize = 4;

/// Bytes that are shared by counting.
pub trait SharedBytes: Clone + 'static {
    /// Its name in tables.
    const NAME: &'static str;

    /// Shares a copy of `bytes`.
    fn of(bytes: &[u8]) -> Self;

    /// The bytes.
    fn bytes(&self) -> &[u8];
}

/// Shared bytes of which two threads can have clones.
pub trait AcrossThreads: SharedBytes {
    /// What goes to the other thread.
    type Sent: Send + 'static;

    /// Two copies of `bytes`, as much side by side as two messages that arrive one after the other.
    fn neighbours(bytes: &[u8]) -> [Self; 2];

    /// A right of its own for another thread.
    fn send(&self) -> Self::Sent;

    /// The bytes again, on the thread that clones them from now on.
    fn arrive(sent: Self::Sent) -> Self;
}

/// Shared bytes that can be cut in two.
pub trait Splits: SharedBytes {
    /// Cuts off the first `at` bytes.
    fn split_to(&mut self, at: usize) -> Self;
}

/// Bytes of which a part can be shared.
pub trait Sliceable: SharedBytes {
    /// Shares a part of them.
    fn part(&self, range: Range<usize>) -> Self;
}

/// Bytes that may be part of the program.
pub trait MaybeStatic: SharedBytes {
    /// Shares bytes that are never freed.
    fn of_static(bytes: &'static [u8]) -> Self;
}

/// Whatever is filled first and shared afterwards, again and again.
pub trait Freezes: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// What it becomes.
    type Frozen: SharedBytes;

    /// With room for messages of up to 2 KiB.
    fn new() -> Self;

    /// Copies `bytes` into a buffer and makes that shared.
    fn freeze(&mut self, bytes: &[u8]) -> Self::Frozen;
}

/// Whatever can be digested.
pub trait Digests: Sized {
    /// Its name in tables.
    const NAME: &'static str;

    /// Holds a copy of `bytes`, of which no digest is known, nor will be kept.
    fn of(bytes: &[u8]) -> Self;

    /// Their SHA-256.
    fn sha256(&self) -> [u8; 32];
}

/// Clones and drops the clone.
pub fn clone<S: SharedBytes>(case: &mut Case<'_>) {
    let set_up = || S::of(&message());
    case.time(S::NAME, check_clone::<S>, set_up, |bencher, bytes| {
        bencher.iter(|| use_and_drop(black_box(&*bytes).clone()));
    });
}

/// Makes 32 clones, then drops them. Per clone.
pub fn held32<S: SharedBytes>(case: &mut Case<'_>) {
    let set_up = || S::of(&message());
    case.time(S::NAME, check_clone::<S>, set_up, |bencher, bytes| {
        let mut held = Vec::with_capacity(HELD);
        each_of(bencher, HELD as u64, || {
            for _ in 0..HELD {
                held.push(black_box(&*bytes).clone());
            }
            black_box(&held);
            held.clear();
        });
    });
}

/// Shares a part and drops it.
pub fn slice<S: Sliceable>(case: &mut Case<'_>) {
    let check = || {
        let message = message();
        let part = S::of(&message).part(MIDDLE);
        same(part.bytes(), &message[MIDDLE])
    };
    let set_up = || S::of(&message());
    case.time(S::NAME, check, set_up, |bencher, bytes| {
        bencher.iter(|| use_and_drop(black_box(&*bytes).part(black_box(MIDDLE))));
    });
}

/// Two threads clone handles of one message, and drop the clones. Each thread's own time.
pub fn clone_2t<S: AcrossThreads>(case: &mut Case<'_>) {
    let set_up = || S::of(&message());
    case.time(S::NAME, check_2t::<S>, set_up, |bencher, bytes| {
        in_bulk(bencher, |times| {
            together(cloning::<S>(bytes, times), cloning::<S>(bytes, times))
        });
    });
}

/// Two threads clone handles of a message each, the two of which lie side by side.
pub fn clone_2t_distinct<S: AcrossThreads>(case: &mut Case<'_>) {
    let set_up = || S::neighbours(&message());
    case.time(S::NAME, check_2t::<S>, set_up, |bencher, [one, other]| {
        in_bulk(bencher, |times| {
            together(cloning::<S>(one, times), cloning::<S>(other, times))
        });
    });
}

fn cloning<S: AcrossThreads>(
    bytes: &S,
    times: u64,
) -> impl FnOnce(&Gate) -> Duration + Send + 'static {
    let sent = bytes.send();
    move |gate| {
        let bytes = Apart(S::arrive(sent));
        let start = gate.wait();
        for _ in 0..times {
            use_and_drop(black_box(&*bytes).clone());
        }
        start.elapsed()
    }
}

/// Cuts a byte off the only handle and drops it, again and again. Per cut; making the handles is not timed.
pub fn split<S: Splits>(case: &mut Case<'_>) {
    let check = || {
        let message = message();
        let mut rest = S::of(&message);
        same(rest.split_to(1).bytes(), &message[..1])?;
        same(rest.bytes(), &message[1..])
    };
    case.time(S::NAME, check, message, |bencher, message| {
        bencher.iter_custom(|iterations| {
            let (mut time, mut left) = (Duration::ZERO, iterations);
            while left > 0 {
                let cuts = left.min(MESSAGE_BYTES as u64 - 1);
                let mut rest = S::of(message);
                let start = Instant::now();
                for _ in 0..cuts {
                    use_and_drop(black_box(&mut rest).split_to(black_box(1)));
                }
                time += start.elapsed();
                left -= cuts;
            }
            time
        });
    });
}

/// Clones static bytes and drops the clone.
pub fn of_static<S: MaybeStatic>(case: &mut Case<'_>) {
    static GREETING: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let check = || same(S::of_static(GREETING).clone().bytes(), GREETING);
    let set_up = || S::of_static(GREETING);
    case.time(S::NAME, check, set_up, |bencher, bytes| {
        bencher.iter(|| use_and_drop(black_box(&*bytes).clone()));
    });
}

/// Fills 2 KiB, freezes, makes 4 clones, drops everything.
pub fn freeze<F: Freezes>(case: &mut Case<'_>) {
    let check = || {
        let mut source = F::new();
        let message = message();
        (0..100).try_for_each(|_| same(source.freeze(&message).bytes(), &message))
    };
    case.time(F::NAME, check, F::new, |bencher, source| {
        let message = message();
        let message = Packet::apart_from(source.freeze(&message).bytes().as_ptr(), &message);
        let message = &*message;
        bencher.iter(|| {
            let frozen = source.freeze(black_box(message));
            let clones: [F::Frozen; READERS] = std::array::from_fn(|_| frozen.clone());
            black_box(&clones);
        });
    });
}

/// The SHA-256 of `BYTES` bytes.
pub fn sha256<D: Digests, const BYTES: usize>(case: &mut Case<'_>) {
    /// What FIPS 180-2 gives for these three bytes, appendix B.1.
    const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let check = || {
        let digest = D::of(b"abc").sha256();
        let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        same(text.as_bytes(), OF_ABC.as_bytes())
    };
    let set_up = || D::of(&vec![7; BYTES]);
    case.time(D::NAME, check, set_up, |bencher, bytes| {
        bencher.iter(|| black_box(&*bytes).sha256());
    });
}

fn message() -> Vec<u8> {
    (0..MESSAGE_BYTES).map(|at| (at % 251) as u8).collect()
}

fn check_clone<S: SharedBytes>() -> Result<(), String> {
    let message = message();
    let first = S::of(&message);
    let second = first.clone();
    drop(first);
    same(second.bytes(), &message)
}

fn check_2t<S: AcrossThreads>() -> Result<(), String> {
    need_two_cores()?;
    check_clone::<S>()?;
    let message = message();
    let [one, other] = S::neighbours(&message);
    same(S::arrive(one.send()).bytes(), other.bytes())
}

fn same(have: &[u8], want: &[u8]) -> Result<(), String> {
    if have == want {
        Ok(())
    } else {
        Err("other bytes came out".into())
    }
}
