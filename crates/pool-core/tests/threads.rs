//! Real threads from a barrier: nothing lost, nothing doubled, nobody refused while a slot is free.
//!
//! What the models prove for two or three steps is tried here for many, on a real machine; and these are the programs for
//! Miri's many schedules and for the thread sanitizer.

mod pools;
mod together;

use std::sync::{Arc, Mutex};
use std::thread;

use fastrand::Rng;
use pool_core::{Lease, Pool, Shared, SlotId};
use pools::{assert_every_slot_once, pool};
use together::{at_once, lock};

const THREADS: usize = 4;

/// As many as a debug build does in a second or so; Miri takes a thousand times as long for each.
const ROUNDS: usize = if cfg!(miri) { 20 } else { 20_000 };

/// A mark that no other owner of any slot uses at the time.
fn mark(thread: usize, round: usize) -> [u8; 8] {
    (thread as u64 + 1 + THREADS as u64 * round as u64).to_le_bytes()
}

fn write(lease: &mut Lease, mark: [u8; 8]) {
    lease[..8].copy_from_slice(&mark);
    lease[56..].copy_from_slice(&mark);
}

fn assert_mark(bytes: &[u8], mark: [u8; 8]) {
    assert_eq!(
        (&bytes[..8], &bytes[56..]),
        (&mark[..], &mark[..]),
        "another owner wrote"
    );
}

#[test]
fn holders_of_one_of_64_slots_are_never_refused() {
    let pool = pool(64);
    at_once(THREADS, {
        let pool = pool.clone();
        move |thread| {
            for round in 0..ROUNDS {
                let mut lease = pool.alloc().expect("60 slots are free");
                write(&mut lease, mark(thread, round));
                assert_mark(&lease, mark(thread, round));
            }
        }
    });
    assert_eq!(pool.stats().exhausted, 0);
    assert_every_slot_once(&pool);
}

/// Fewer slots than threads want, so that the list is empty now and then.
#[test]
fn a_contended_slot_has_one_owner() {
    let pool = pool(3);
    let served: Vec<usize> = at_once(THREADS, {
        let pool = pool.clone();
        move |thread| {
            let mut served = 0;
            for round in 0..ROUNDS {
                if let Some(mut lease) = pool.alloc() {
                    write(&mut lease, mark(thread, round));
                    served += 1;
                    assert_mark(&lease, mark(thread, round));
                }
            }
            served
        }
    });
    let refused = (THREADS * ROUNDS - served.iter().sum::<usize>()) as u64;
    assert_eq!(pool.stats().exhausted, refused);
    assert_every_slot_once(&pool);
}

/// A right on its way between threads, with what its slot's bytes say.
enum Parcel {
    Lease(Lease, [u8; 8]),
    Shared(Shared, [u8; 8]),
    Id(SlotId, [u8; 8]),
}

/// Every kind of right crosses between threads: the giver is seldom the taker.
#[test]
fn rights_that_cross_threads_are_neither_lost_nor_doubled() {
    let pool = pool(13);
    let counter = Arc::new(Mutex::new(Vec::new()));
    at_once(THREADS, {
        let (pool, counter) = (pool.clone(), Arc::clone(&counter));
        move |thread| {
            let mut dice = Rng::with_seed(thread as u64);
            for round in 0..ROUNDS / 4 {
                let mut run = Vec::new();
                pool.alloc_many(1 + dice.usize(..4), &mut run);
                for (piece, mut lease) in run.into_iter().enumerate() {
                    let mark = mark(thread, 8 * round + piece);
                    write(&mut lease, mark);
                    let parcel = match dice.u8(..3) {
                        0 => Parcel::Lease(lease, mark),
                        1 => {
                            let share = lease.share();
                            push(&counter, Parcel::Shared(share.clone(), mark));
                            Parcel::Shared(share, mark)
                        }
                        _ => Parcel::Id(lease.into_id(), mark),
                    };
                    push(&counter, parcel);
                }
                for _ in 0..dice.u8(..6) {
                    let parcel = lock(&counter).pop();
                    if let Some(parcel) = parcel {
                        open(&pool, parcel);
                    }
                }
            }
        }
    });
    let rest = std::mem::take(&mut *lock(&counter));
    rest.into_iter().for_each(|parcel| open(&pool, parcel));
    assert_every_slot_once(&pool);
}

fn push(counter: &Mutex<Vec<Parcel>>, parcel: Parcel) {
    lock(counter).push(parcel);
}

/// The receiver's end: the bytes are what the sender wrote; then the right goes.
fn open(pool: &Pool, parcel: Parcel) {
    match parcel {
        Parcel::Lease(lease, mark) => assert_mark(&lease, mark),
        Parcel::Shared(share, mark) => {
            assert_mark(&share, mark);
            if let Ok(mut lease) = share.try_unshare() {
                lease.fill(0xdd);
            }
        }
        Parcel::Id(id, mark) => {
            let lease = pool.redeem(id).expect("presented once");
            assert_mark(&lease, mark);
            assert!(pool.redeem(id).is_err(), "presented twice");
        }
    }
}

/// The end of a pool, many times: leases, shares and handles go at once, on all threads.
#[test]
fn whoever_is_last_ends_the_pool() {
    let stock = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..ROUNDS / 20 {
        let pool = pool(THREADS);
        let share = pool.alloc().expect("a fresh pool").share();
        for thread in 0..THREADS {
            let lease = pool.alloc();
            let handle = (thread % 2 == 0).then(|| pool.clone());
            push_rights(&stock, (lease, share.clone(), handle));
        }
        drop((pool, share));
        at_once(THREADS, {
            let stock = Arc::clone(&stock);
            move |thread| {
                let rights = lock(&stock).pop();
                let (mut lease, share, handle) = rights.expect("one for each thread");
                if let Some(lease) = &mut lease {
                    write(lease, mark(thread, 0));
                }
                assert_eq!(share[0], 0);
                // Each kind of right is the last to go on some thread: what only its own edge orders shows then.
                match thread % 3 {
                    0 => drop((handle, lease, share)),
                    1 => drop((share, handle, lease)),
                    _ => drop((lease, share, handle)),
                }
            }
        });
    }
}

type Rights = (Option<Lease>, Shared, Option<Pool>);

fn push_rights(stock: &Mutex<Vec<Rights>>, rights: Rights) {
    lock(stock).push(rights);
}

/// A name can be guessed, and redeeming it may end the pool while the thread that issued it has not yet returned from
/// `into_id`. For Miri: no argument of that call may promise that the pool outlives it.
#[test]
fn a_guessed_id_may_end_the_pool_before_its_issuer_returns() {
    for _ in 0..if cfg!(miri) { 50 } else { ROUNDS / 100 } {
        let pool = pool(1);
        let first = pool.alloc().expect("a fresh pool").into_id();
        let lease = pool.redeem(first).expect("out");
        // The slot's word was 1 and will be 3.
        let next = SlotId::from_bits(first.to_bits() ^ (2 << 32));
        let issuer = thread::spawn(move || lease.into_id());
        let guesser = thread::spawn(move || {
            let lease = loop {
                match pool.redeem(next) {
                    Ok(lease) => break lease,
                    Err(_) => thread::yield_now(),
                }
            };
            drop(pool);
            drop(lease);
        });
        guesser
            .join()
            .expect("the guess is right once the id is out");
        assert_eq!(issuer.join().expect("returns"), next);
    }
}
