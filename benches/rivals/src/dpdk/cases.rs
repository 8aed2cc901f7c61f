//! The cases: the preparations are everybody's, the loops its own.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Bencher;

use super::mempool::{self, Mempool};
use benches::threads::{Gate, together};
use benches::work::LINE_BYTES;
use benches::work::pool::{
    BATCH_SLOTS, CROSS_SLOTS, Company, HELD, MANY_SLOTS, Neighbour, RING, SLOTS, Shared, SlotPool,
    check, check_2t, in_chunks, pool,
};
use benches::{Case, in_bulk};

const NAME: &str = Mempool::NAME;

/// `work::pool::pair`.
pub(super) fn pair(case: &mut Case<'_>) {
    case.time(
        NAME,
        check_started,
        in_company,
        |bencher, (_, neighbour)| {
            let pool: &Mempool = &neighbour.pool;
            timed(bencher, 1, |times| pool.pairs(times));
        },
    );
}

/// `work::pool::pair_explicit`, through a cache of the caller's own.
pub(super) fn pair_explicit(case: &mut Case<'_>) {
    case.time(
        NAME,
        check_started,
        in_company,
        |bencher, (_, neighbour)| {
            let pool: &Mempool = &neighbour.pool;
            let mut cache = pool.cache();
            timed(bencher, 1, |times| cache.pairs(times));
        },
    );
}

/// `work::pool::held32`.
pub(super) fn held32(case: &mut Case<'_>) {
    let set_up = || pool::<Mempool>(MANY_SLOTS);
    case.time(NAME, check_started, set_up, |bencher, pool| {
        let line = black_box([7; LINE_BYTES]);
        timed(bencher, HELD as u64, |rounds| pool.held32(rounds, &line));
    });
}

/// `work::pool::bulk32`, and `work::pool::batch32`: its batches are arrays.
pub(super) fn bulk32(case: &mut Case<'_>) {
    let set_up = || pool::<Mempool>(BATCH_SLOTS);
    case.time(NAME, check_started, set_up, |bencher, pool| {
        timed(bencher, HELD as u64, |rounds| pool.bulk32(rounds));
    });
}

/// `work::pool::shared_2t`.
pub(super) fn shared_2t(case: &mut Case<'_>) {
    let set_up = || pool::<Mempool>(SLOTS);
    case.time(NAME, check_started_2t, set_up, |bencher, pool| {
        in_bulk(bencher, |times| {
            let part = |pool: Shared<Mempool>| {
                move |gate: &Gate| {
                    mempool::enter_thread();
                    let pool: &Mempool = &pool;
                    let start = gate.wait();
                    pool.pairs(times);
                    start.elapsed()
                }
            };
            together(part(pool.clone()), part(pool.clone()))
        });
    });
}

/// `work::pool::cross`.
pub(super) fn cross(case: &mut Case<'_>) {
    let set_up = || pool::<Mempool>(CROSS_SLOTS);
    case.time(NAME, check_started_2t, set_up, |bencher, pool| {
        in_chunks(bencher, |chunks| {
            let (mut sender, mut receiver) = mempool::ring(pool, RING);
            together(
                move |gate| on_two(gate, || sender.send(chunks)),
                move |gate| on_two(gate, || receiver.receive(chunks)),
            )
        });
    });
}

fn on_two(gate: &Gate, work: impl FnOnce()) -> Duration {
    mempool::enter_thread();
    let start = gate.wait();
    work();
    start.elapsed()
}

fn in_company() -> (Company<Mempool>, Neighbour<Mempool>) {
    (Company::default(), Neighbour::new(pool(SLOTS)))
}

/// Times a loop whose rounds work on `items` things; the time reported is that of one thing.
fn timed(bencher: &mut Bencher<'_>, items: u64, mut work: impl FnMut(u64)) {
    mempool::enter_thread();
    bencher.iter_custom(|iterations| {
        let rounds = iterations.div_ceil(items);
        let start = Instant::now();
        work(rounds);
        let share = iterations as f64 / (rounds * items) as f64;
        start.elapsed().mul_f64(share)
    });
}

fn check_started() -> Result<(), String> {
    mempool::start()?;
    check::<Mempool>()
}

fn check_started_2t() -> Result<(), String> {
    mempool::start()?;
    check_2t::<Mempool>()
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_was_sent_is_back_in_the_pool() {
        mempool::start().expect("an ordinary process may");
        let pool = pool::<Mempool>(CROSS_SLOTS);
        let (mut sender, mut receiver) = mempool::ring(&pool, RING);
        // Many times as many objects as there are: each comes back.
        let chunks = 4 * CROSS_SLOTS as u64;
        let theirs = thread::spawn(move || {
            mempool::enter_thread();
            receiver.receive(chunks);
        });
        sender.send(chunks);
        theirs.join().expect("C does not panic");
    }

    #[test]
    fn each_object_is_given_once() {
        assert_eq!(check_started(), Ok(()));
    }

    #[test]
    fn loops_get_every_object_they_ask_for() {
        mempool::start().expect("an ordinary process may");
        let pool = pool::<Mempool>(SLOTS);
        pool.pairs(1000);
        pool.cache().pairs(1000);
        pool.bulk32(1000);
        pool.held32(1000, &[3; LINE_BYTES]);
    }
}
