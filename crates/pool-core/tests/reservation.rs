//! Reservations: all or nothing, good for what they promise, given back whole.

mod pools;
mod together;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use pool_core::{Lease, Pool, Scrub};
use pools::{assert_every_slot_once, pool};
use together::at_once;

/// Without caches, and with.
const SIZES: [usize; 2] = [5, 64];
const ROUNDS: usize = if cfg!(miri) { 10 } else { 2_000 };

#[test]
fn it_has_all_that_was_asked_for_or_is_none() {
    for slots in SIZES {
        let pool = pool(slots);
        let held = pool.alloc();
        for too_many in [slots, slots + 1, usize::MAX] {
            assert!(pool.reserve(too_many).is_none());
            assert!(!pool.alloc_many_exact(too_many, &mut Vec::new()));
            assert_eq!(pool.in_use(), 1, "nothing was kept");
        }
        let mut reserved = pool.reserve(slots - 1).expect("as many are free");
        assert_eq!((pool.free_count(), reserved.remaining()), (0, slots - 1));
        assert!(pool.alloc().is_none(), "the rest is promised");
        let leases: Vec<_> = std::iter::from_fn(|| reserved.alloc()).collect();
        assert_eq!((leases.len(), reserved.remaining()), (slots - 1, 0));
        drop(leases);
        assert!(reserved.alloc().is_none(), "used up, though slots are free");
        assert_eq!(pool.reserve(0).map(|none| none.remaining()), Some(0));
        drop((held, reserved));
        assert_every_slot_once(&pool);
    }
}

#[test]
fn what_is_left_comes_home() {
    for slots in SIZES {
        let pool = pool(slots);
        let mut reserved = pool.reserve(3).expect("as many are free");
        let lease = reserved.alloc();
        drop(reserved);
        assert_eq!(pool.in_use(), 1);
        drop(lease);
        assert_every_slot_once(&pool);
    }
}

#[test]
fn it_outlives_a_close_and_every_handle() {
    for slots in SIZES {
        let pool = pool(slots);
        let mut reserved = pool.reserve(3).expect("as many are free");
        pool.close();
        assert!(pool.reserve(1).is_none());
        drop(pool);
        let mut lease = reserved.alloc().expect("promised");
        lease.fill(7);
        assert_eq!(reserved.pool().in_use(), 3);
        drop(reserved);
        assert!(lease.iter().all(|byte| *byte == 7));
    }
}

#[test]
fn its_slots_are_as_the_policy_wants_them() {
    let builder = Pool::builder().slots(2).slot_bytes(64);
    let pool = builder.scrub(Scrub::OnAlloc).build().expect("128 bytes");
    pool.alloc().expect("two are free").fill(7);
    let mut reserved = pool.reserve(2).expect("two are free");
    while let Some(lease) = reserved.alloc() {
        assert!(lease.iter().all(|byte| *byte == 0));
    }
}

#[test]
fn a_panic_of_who_takes_many_gives_the_rest_back() {
    struct Clumsy(Vec<Lease>);
    impl Extend<Lease> for Clumsy {
        fn extend<T: IntoIterator<Item = Lease>>(&mut self, leases: T) {
            self.0.extend(leases.into_iter().take(2));
            panic!("enough");
        }
    }
    let (pool, mut clumsy) = (pool(5), Clumsy(Vec::new()));
    let run = AssertUnwindSafe(|| pool.alloc_many_exact(4, &mut clumsy));
    assert!(catch_unwind(run).is_err());
    assert_eq!((clumsy.0.len(), pool.in_use()), (2, 2));
    drop(clumsy);
    assert_every_slot_once(&pool);
}

/// Three want a third of the pool each, on and on: there is always enough, so nobody is ever refused; and a reservation may go to another thread.
#[test]
fn who_asks_for_what_is_there_is_never_refused() {
    for slots in [6, 66] {
        let pool = pool(slots);
        at_once(3, {
            let pool = pool.clone();
            move |_| {
                for _ in 0..ROUNDS {
                    let mut reserved = pool.reserve(slots / 3).expect("there is always enough");
                    for _ in 0..slots / 6 {
                        let mut lease = reserved.alloc().expect("promised");
                        lease.fill(1);
                    }
                    assert_eq!(reserved.remaining(), slots / 6);
                }
            }
        });
        let reserved = pool.reserve(slots).expect("all are free");
        thread::spawn(move || drop(reserved))
            .join()
            .expect("no panic");
        assert_every_slot_once(&pool);
    }
}

#[test]
fn a_closed_pool_reserves_nothing_not_even_none() {
    for slots in SIZES {
        let pool = pool(slots);
        pool.close();
        assert!(pool.reserve(0).is_none());
        assert!(!pool.alloc_many_exact(0, &mut Vec::new()));
    }
}
