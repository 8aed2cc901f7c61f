//! What the machine itself takes: no subject that does the same can be faster.

use std::hint::black_box;
use std::os::unix::process::parent_id;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crate::case::{Case, in_bulk};
use crate::threads::{Apart, Gate, need_two_cores, together};

/// Its name in tables.
const NAME: &str = "machine";

/// A load from the first-level cache, whose address the load before it gave.
pub fn l1_load(case: &mut Case<'_>) {
    // Each entry names the next one, and the last the first.
    let ring = || -> Box<[u8; 256]> { Box::new(std::array::from_fn(|at| (at + 1) as u8)) };
    case.time(
        NAME,
        || Ok(()),
        ring,
        |bencher, ring| {
            let ring = black_box(&**ring);
            let mut at = 0;
            bencher.iter(|| at = ring[usize::from(at)]);
            black_box(at);
        },
    );
}

/// A compare-and-swap on a word that nobody else uses.
pub fn cas(case: &mut Case<'_>) {
    let word = || Box::new(Apart(AtomicU64::new(0)));
    case.time(
        NAME,
        || Ok(()),
        word,
        |bencher, word| {
            // Relaxed: nothing travels but the number.
            bencher.iter(|| word.compare_exchange(0, 0, Relaxed, Relaxed));
        },
    );
}

/// An addition to a word that another core adds to all the time. Each core's own time.
pub fn contended_add(case: &mut Case<'_>) {
    let word = || Arc::new(Apart(AtomicU64::new(0)));
    case.time(NAME, need_two_cores, word, |bencher, word| {
        in_bulk(bencher, |times| {
            let part = |word: Arc<Apart<AtomicU64>>| {
                move |gate: &Gate| {
                    let start = gate.wait();
                    for _ in 0..times {
                        // Relaxed: nothing travels but the number.
                        word.fetch_add(1, Relaxed);
                    }
                    start.elapsed()
                }
            };
            together(part(word.clone()), part(word.clone()))
        });
    });
}

/// A copy of `BYTES` bytes from one place to another, both always the same.
pub fn memcpy<const BYTES: usize>(case: &mut Case<'_>) {
    let buffers = || (vec![7_u8; BYTES], vec![0_u8; BYTES]);
    case.time(
        NAME,
        || Ok(()),
        buffers,
        |bencher, (from, to)| {
            bencher.iter(|| {
                to.copy_from_slice(black_box(from));
                black_box(&to);
            });
        },
    );
}

/// `BYTES` bytes set to one value, always the same bytes.
pub fn memset<const BYTES: usize>(case: &mut Case<'_>) {
    let buffer = || vec![0_u8; BYTES];
    case.time(
        NAME,
        || Ok(()),
        buffer,
        |bencher, buffer| {
            bencher.iter(|| {
                buffer.fill(black_box(7));
                black_box(&buffer);
            });
        },
    );
}

/// The cheapest system call: who the parent process is.
pub fn system_call(case: &mut Case<'_>) {
    case.time(
        NAME,
        || Ok(()),
        || (),
        |bencher, ()| bencher.iter(parent_id),
    );
}
