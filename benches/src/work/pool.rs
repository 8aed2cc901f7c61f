//! Pools of equal slots.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use crate::case::{Case, each_of, in_bulk, use_and_drop};
use crate::threads::{Apart, Gate, need_two_cores, together};
use crate::work::memory::check_apart;
use crate::work::{LINE_BYTES, Writable};

/// How many bytes a slot has.
pub const SLOT_BYTES: usize = 2048;
/// How many slots are out at once.
const HELD: usize = 32;
/// Few enough to stay in the second-level cache.
const SLOTS: usize = 256;
/// Many enough not to.
const MANY_SLOTS: usize = 8192;

/// A pool of slots of [`SLOT_BYTES`].
pub trait SlotPool: Send + Sync + Sized + 'static {
    /// Its name in tables.
    const NAME: &'static str;

    /// One slot; dropping it gives it back.
    type Slot<'a>: Writable;

    /// A pool with `slots` slots.
    fn with_slots(slots: usize) -> Self;

    /// Takes a slot.
    fn take(&self) -> Option<Self::Slot<'_>>;
}

/// Takes a slot and gives it back, with company: 8 other pools in use on the thread, and another thread that has used the pool.
pub fn pair<P: SlotPool>(case: &mut Case<'_>) {
    let set_up = || (Company::<P>::new(), Neighbour::new(pool::<P>(SLOTS)));
    case.time(P::NAME, check::<P>, set_up, |bencher, (_, neighbour)| {
        let pool: &P = &neighbour.pool;
        bencher.iter(|| use_and_drop(pool.take()));
    });
}

/// Takes 32 slots of many, writes 64 bytes into each, gives all back. Per slot.
pub fn held32<P: SlotPool>(case: &mut Case<'_>) {
    let set_up = || pool::<P>(MANY_SLOTS);
    case.time(P::NAME, check::<P>, set_up, |bencher, pool| {
        let pool: &P = pool;
        let line = black_box([7; LINE_BYTES]);
        let mut held = Vec::with_capacity(HELD);
        each_of(bencher, HELD as u64, || {
            for _ in 0..HELD {
                let mut slot = pool.take().expect("checked: there are enough");
                slot.touch(&line);
                held.push(slot);
            }
            black_box(&held);
            held.clear();
        });
    });
}

/// [`pair`] without company, on two cores at the same time, in one pool.
pub fn shared_2t<P: SlotPool>(case: &mut Case<'_>) {
    let check = || need_two_cores().and_then(|()| check::<P>());
    let set_up = || pool::<P>(SLOTS);
    case.time(P::NAME, check, set_up, |bencher, pool| {
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

/// A pool whose fields lie beside nothing else's.
type Shared<P> = Arc<Apart<P>>;

fn pool<P: SlotPool>(slots: usize) -> Shared<P> {
    Arc::new(Apart(P::with_slots(slots)))
}

fn check<P: SlotPool>() -> Result<(), String> {
    let pool = P::with_slots(2 * HELD);
    for _ in 0..2 {
        let mut slots: Vec<_> = (0..HELD).filter_map(|_| pool.take()).collect();
        if slots.len() < HELD {
            return Err(format!(
                "gave {} slots of {HELD}, having {}",
                slots.len(),
                2 * HELD
            ));
        }
        for slot in &mut slots {
            slot.touch(&[1; LINE_BYTES]);
        }
        check_apart(&slots, SLOT_BYTES)?;
    }
    Ok(())
}

/// Other pools that this thread has used.
struct Company<P> {
    _pools: Vec<P>,
}

impl<P: SlotPool> Company<P> {
    fn new() -> Self {
        let pools: Vec<P> = (0..8).map(|_| P::with_slots(HELD)).collect();
        for pool in &pools {
            use_and_drop(pool.take());
        }
        Self { _pools: pools }
    }
}

/// A thread that has taken and given back slots of the pool, and lives on: if there is a cache per thread, it has a warm one.
struct Neighbour<P> {
    pool: Shared<P>,
    /// Dropped to let the thread end.
    leash: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<P: SlotPool> Neighbour<P> {
    fn new(pool: Shared<P>) -> Self {
        let (leash, until) = channel::<()>();
        let (warm, warmed) = channel::<()>();
        let theirs = pool.clone();
        let thread = thread::spawn(move || {
            for _ in 0..4 {
                let slots: Vec<_> = (0..HELD).filter_map(|_| theirs.take()).collect();
                use_and_drop(slots);
            }
            drop(warm);
            // An error: the other end is gone, which is what is waited for.
            until.recv().unwrap_or_default();
        });
        // An error, as above.
        warmed.recv().unwrap_or_default();
        Self {
            pool,
            leash: Some(leash),
            thread: Some(thread),
        }
    }
}

impl<P> Drop for Neighbour<P> {
    fn drop(&mut self) {
        drop(self.leash.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it only waited");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ours::PoolCore;
    use crate::rivals::{Glibc, LockfreeObjectPool, Opool, SlotQueue};

    /// Has a quarter of the slots that it was asked for.
    struct Stingy(PoolCore);

    impl SlotPool for Stingy {
        const NAME: &'static str = "stingy";

        type Slot<'a> = <PoolCore as SlotPool>::Slot<'a>;

        fn with_slots(slots: usize) -> Self {
            Self(PoolCore::with_slots(slots / 4))
        }

        fn take(&self) -> Option<Self::Slot<'_>> {
            self.0.take()
        }
    }

    #[test]
    fn a_pool_without_enough_slots_is_found() {
        let why = check::<Stingy>().expect_err("16 of 32");
        assert_eq!(why, "gave 16 slots of 32, having 64");
    }

    #[test]
    fn every_pool_gives_each_slot_once() {
        let checks = [
            check::<PoolCore>,
            check::<SlotQueue>,
            check::<Opool>,
            check::<LockfreeObjectPool>,
            check::<Glibc>,
        ];
        assert!(checks.iter().all(|check| check().is_ok()));
    }
}
