//! Models of ids: a name yields its slot once, with its bytes, however the name travelled.
#![cfg(loom)]

mod model;

use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;
use pool_core::SlotId;
use std::sync::Arc;

use model::{EVERY, Reached, assert_every_slot_once, explore, pool, write};

/// Two present the same id: one gets the lease. The second is refused also while the first holds the lease.
#[test]
fn one_of_two_redeemers_wins() {
    let first = Reached::new("the first redeemer won");
    let second = Reached::new("the second redeemer won");
    let (mark_first, mark_second) = (first.clone(), second.clone());
    explore(EVERY, move || {
        let pool = pool(2);
        let id = pool.alloc().unwrap().into_id();
        let redeemers = [1, 2].map(|mark| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut lease = pool.redeem(id).ok()?;
                write(&mut lease, mark);
                Some((mark, lease))
            })
        });
        let won: Vec<_> = redeemers
            .into_iter()
            .filter_map(|it| it.join().unwrap())
            .collect();
        assert_eq!(won.len(), 1, "winners");
        mark_first.mark_if(won[0].0 == 1);
        mark_second.mark_if(won[0].0 == 2);
        assert_every_slot_once(&pool, won.into_iter().map(|(_, lease)| lease).collect());
    });
    first.check();
    second.check();
}

/// [ID-ISSUE] with [ID-REDEEM]: the id travels by a way that orders nothing, as through a kernel.
#[test]
fn a_redeemed_slot_shows_its_issuers_writes() {
    let redeemed = Reached::new("redeemed through an unordered word");
    let mark = redeemed.clone();
    explore(EVERY, move || {
        let pool = pool(1);
        let mut lease = pool.alloc().unwrap();
        let ring = Arc::new(AtomicU64::new(u64::MAX));
        let issuer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                write(&mut lease, 7);
                // Relaxed: orders nothing, on purpose.
                ring.store(lease.into_id().to_bits(), Ordering::Relaxed);
            })
        };
        let redeemer = {
            let (pool, ring) = (Arc::clone(&pool), Arc::clone(&ring));
            thread::spawn(move || {
                // Relaxed: orders nothing, on purpose.
                let id = SlotId::from_bits(ring.load(Ordering::Relaxed));
                let mut lease = pool.redeem(id).ok()?;
                assert_eq!(lease[0], 7);
                write(&mut lease, 8);
                Some(lease)
            })
        };
        issuer.join().unwrap();
        let held = redeemer.join().unwrap().or_else(|| {
            let id = SlotId::from_bits(ring.load(Ordering::Relaxed));
            Some(pool.redeem(id).expect("nobody redeemed it"))
        });
        mark.mark_if(held.as_ref().is_some_and(|lease| lease[0] == 8));
        assert_every_slot_once(&pool, held.into_iter().collect());
    });
    redeemed.check();
}

/// A replay beside the reissue of the same slot: the old name is not the new one.
#[test]
fn a_replayed_id_never_redeems_its_successor() {
    let replayed_late = Reached::new("replayed while the successor was out");
    let replayed_first = Reached::new("the replay came before the one it copies");
    let (mark_late, mark_first) = (replayed_late.clone(), replayed_first.clone());
    explore(EVERY, move || {
        let pool = pool(1);
        let id = pool.alloc().unwrap().into_id();
        let owner = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut lease = pool.redeem(id).ok()?;
                write(&mut lease, 1);
                Some(lease.into_id())
            })
        };
        let replayer = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut lease = pool.redeem(id).ok()?;
                write(&mut lease, 2);
                Some(lease)
            })
        };
        let (successor, replayed) = (owner.join().unwrap(), replayer.join().unwrap());
        mark_late.mark_if(successor.is_some());
        mark_first.mark_if(replayed.is_some());
        let held = match (successor, replayed) {
            (Some(id), None) => pool.redeem(id).expect("the successor is out"),
            (None, Some(lease)) => lease,
            other => panic!("one of two wins: {other:?}"),
        };
        assert_every_slot_once(&pool, vec![held]);
    });
    replayed_late.check();
    replayed_first.check();
}

/// Made-up names beside a real redemption: the word of a slot that has an owner is even, and an even word is no name.
#[test]
fn a_made_up_even_name_yields_nothing() {
    let beside = Reached::new("the real one was redeemed");
    let mark = beside.clone();
    explore(EVERY, move || {
        let pool = pool(1);
        let id = pool.alloc().unwrap().into_id();
        let owner = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                let mut lease = pool.redeem(id).unwrap();
                write(&mut lease, 1);
                lease
            })
        };
        let forger = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || {
                // The first id of a slot has the word 1: these make it 0 (never out) and 2 (redeemed once).
                for flipped in [1, 3] {
                    let forged = SlotId::from_bits(id.to_bits() ^ (flipped << 32));
                    assert!(pool.redeem(forged).is_err(), "{flipped}");
                }
            })
        };
        let held = owner.join().unwrap();
        forger.join().unwrap();
        mark.mark_if(pool.in_use() == 1);
        assert_every_slot_once(&pool, vec![held]);
    });
    beside.check();
}
