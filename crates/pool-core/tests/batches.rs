//! Slots that change hands by the batch or the run: each is in one hand at a time, and all come home.

mod pools;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::sync_channel;
use std::thread;

use pool_core::{Cache, Lease, LeaseBatch, Pool};
use pools::{assert_every_slot_once, pool};

#[test]
fn all_of_a_pool_goes_out_in_batches_and_comes_home() {
    let pool = pool(1024);
    let batches: Vec<_> = std::iter::from_fn(|| pool.alloc_batch()).collect();
    let rest: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
    let batched: usize = batches.iter().map(LeaseBatch::len).sum();
    assert!(batched > 900, "{batched} of 1024");
    assert_eq!((batched + rest.len(), pool.in_use()), (1024, 1024));
    assert!(pool.alloc().is_none() && pool.alloc_batch().is_none());

    let mut batches = batches.into_iter();
    drop(batches.next());
    assert!(pool.alloc().is_some(), "what a dropped batch held is found");
    batches.for_each(|batch| pool.free_batch(batch));
    drop(rest);
    assert_every_slot_once(&pool);
}

#[test]
fn a_batch_gives_leases_and_keeps_the_rest() {
    let pool = pool(1024);
    let mut batch = pool.alloc_batch().expect("1024 are free");
    let len = batch.len();
    let leases: Vec<_> = batch.by_ref().take(3).collect();
    assert_eq!((batch.len(), pool.in_use()), (len - 3, len));
    let slots: BTreeSet<_> = leases.iter().map(Lease::slot_index).collect();
    assert_eq!(slots.len(), 3);
    drop(batch);
    assert_eq!(pool.in_use(), 3);
    drop(leases);
    assert!(pool.alloc_batch().expect("free again").len() >= len - 3);
    assert_every_slot_once(&pool);
}

/// A full magazine in the thread's hand is a batch, also if slots ran out once since it was filled.
#[cfg(feature = "std")] // A thread has a hand.
#[test]
fn a_full_magazine_in_the_hand_is_a_batch_after_others_ran_out() {
    let pool = pool(1024);
    drop(pool.alloc());
    let batch = pool.alloc_batch().expect("1024 are free");
    let len = batch.len();
    let others = |most: usize| {
        let pool = pool.clone();
        let take = move || {
            std::iter::from_fn(|| pool.alloc())
                .take(most)
                .collect::<Vec<_>>()
        };
        thread::spawn(take).join().unwrap()
    };
    assert_eq!(others(usize::MAX).len() + len, 1024, "and one was refused");
    pool.free_batch(batch);
    let rest = others(1024 - len);
    assert_eq!((rest.len(), pool.free_count()), (1024 - len, len));
    assert!(pool.alloc_batch().is_some_and(|batch| batch.len() == len));
}

#[test]
fn a_batch_outlives_the_pool() {
    for taken_out in [0, 1, usize::MAX] {
        let pool = pool(64);
        let mut batch = pool.alloc_batch().expect("64 are free");
        drop(pool);
        let leases: Vec<_> = batch.by_ref().take(taken_out).collect();
        thread::spawn(move || drop(batch)).join().unwrap();
        assert!(leases.iter().all(|lease| lease.len() == 64));
    }
}

#[test]
fn what_is_given_to_the_wrong_pool_goes_home() {
    let (one, other) = (pool(1024), pool(1024));
    other.free_batch(one.alloc_batch().expect("1024 are free"));
    let mut leases = Vec::new();
    assert_eq!(one.alloc_many(100, &mut leases), 100);
    assert_eq!(other.alloc_many(100, &mut leases), 100);
    assert_eq!(one.in_use() + other.in_use(), 200);
    other.free_many(leases.drain(..));
    assert_eq!(one.cache().alloc_many(70, &mut leases), 70);
    other.cache().free_many(leases.drain(..));
    for pool in [&one, &other, &one] {
        assert_eq!(pool.alloc_many(20, &mut leases), 20);
    }
    other.free_all(&mut leases);
    assert_every_slot_once(&one);
    assert_every_slot_once(&other);
}

#[test]
fn a_vec_is_given_back_whole_and_keeps_its_room() {
    // Without caches, with magazines of 4, of 56, and more of these in a cache.
    for (slots, cache) in [(10, 112), (64, 112), (1024, 112), (1024, 256)] {
        let builder = Pool::builder().slots(slots).slot_bytes(64).cache(cache);
        let pool = builder.build().expect("a small pool");
        let own = pool.cache();
        let mut leases = Vec::with_capacity(slots);
        for want in [0, 1, 3, 4, 5, 56, 57, 200, slots] {
            let free: [fn(&Pool, &Cache, &mut Vec<Lease>); 2] = [
                |pool, _, leases| pool.free_all(leases),
                |_, own, leases| own.free_all(leases),
            ];
            for free in free {
                let taken = pool.alloc_many(want, &mut leases);
                assert_eq!((taken, pool.in_use()), (want.min(slots), taken));
                free(&pool, &own, &mut leases);
                assert_eq!((leases.len(), leases.capacity()), (0, slots));
                assert_eq!(pool.in_use(), 0);
            }
        }
        drop(own);
        assert_every_slot_once(&pool);
    }
}

#[test]
fn an_iterator_that_panics_loses_nothing() {
    let pool = pool(1024);
    let mut leases = Vec::new();
    pool.alloc_many(100, &mut leases);
    let mut given = 0;
    let dying = leases.drain(..).inspect(|_| {
        given += 1;
        assert!(given < 80, "a panic on purpose");
    });
    assert!(catch_unwind(AssertUnwindSafe(|| pool.free_many(dying))).is_err());
    drop(leases);
    assert_every_slot_once(&pool);
}

#[test]
fn a_closed_pool_gives_no_batch_and_takes_them_back() {
    let pool = pool(256);
    let (kept, given) = (pool.alloc_batch().unwrap(), pool.alloc_batch().unwrap());
    let out = kept.len() + given.len();
    pool.close();
    assert!(pool.alloc_batch().is_none());
    assert_eq!(pool.in_use(), out);
    pool.free_batch(given);
    assert_eq!(pool.in_use(), kept.len());
    pool.free_all(&mut kept.collect());
    assert_eq!(pool.in_use(), 0);
}

#[cfg(all(feature = "os", unix))]
#[test]
fn policies_hold_for_what_leaves_a_batch() {
    let pool = pool_core::Pool::builder()
        .slots(64)
        .slot_bytes(64)
        .region(pool_core::RegionSource::Mmap)
        .protect_free_slots(true)
        .scrub(pool_core::Scrub::OnFree)
        .build()
        .expect("64 pages");
    let mut batch = pool.alloc_batch().expect("64 are free");
    let mut lease = batch.next().expect("not empty");
    lease.fill(7); // A fault, if it were still protected.
    pool.free_many([lease]);
    drop(batch);
    let mut leases = Vec::new();
    assert_eq!(pool.alloc_many(64, &mut leases), 64);
    assert!(
        leases
            .iter()
            .all(|lease| lease.iter().all(|byte| *byte == 0))
    );
    leases.iter_mut().for_each(|lease| lease.fill(7));
    pool.free_all(&mut leases);
    let lease = pool.alloc().expect("64 are free");
    assert!(lease.iter().all(|byte| *byte == 0));
}

/// Batches go from one thread to another, which gives back slots one by one, while both allocate besides.
#[test]
fn batches_that_cross_threads_are_neither_lost_nor_doubled() {
    let rounds = if cfg!(miri) { 10 } else { 5000 };
    let pool = pool(256);
    let (send, receive) = sync_channel::<LeaseBatch>(2);
    let sender = {
        let pool = pool.clone();
        thread::spawn(move || {
            for round in 0..rounds {
                let own: Vec<_> = (0..round % 20).filter_map(|_| pool.alloc()).collect();
                if let Some(batch) = pool.alloc_batch() {
                    send.send(batch).expect("the other thread listens");
                }
                pool.free_many(own);
            }
        })
    };
    let mut seen = 0_usize;
    for (round, mut batch) in receive.into_iter().enumerate() {
        let mut slots = BTreeSet::new();
        let leases: Vec<_> = batch.by_ref().take(round % 30).collect();
        for mut lease in leases {
            assert!(slots.insert(lease.slot_index()));
            lease.fill(1);
            seen += 1;
        }
        match round % 3 {
            0 => pool.free_batch(batch),
            1 => drop(batch),
            _ => pool.free_many(batch),
        }
    }
    sender.join().unwrap();
    assert!(seen > 0);
    assert_every_slot_once(&pool);
}
