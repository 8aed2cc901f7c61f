//! Pools that look for writes which nobody had the right to make. The tests make them through raw pointers, as a kernel or a foreign library would.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pool_core::{Lease, Pool, PoolBuilder, Scrub};

fn checked(slots: usize, slot_bytes: usize) -> PoolBuilder {
    Pool::builder()
        .slots(slots)
        .slot_bytes(slot_bytes)
        .check_free_slots(true)
}

fn build(builder: PoolBuilder) -> Pool {
    builder.build().expect("a few bytes")
}

/// What a panic said, if there was one.
fn complaint(run: impl FnOnce()) -> Option<String> {
    let payload = catch_unwind(AssertUnwindSafe(run)).err()?;
    Some(*payload.downcast::<String>().expect("a formatted message"))
}

/// Writes one byte at some distance from the slot's first.
fn stray_write(first: *mut u8, at: isize) {
    let place = first.wrapping_offset(at);
    // SAFETY: every slot of these tests has 32 bytes of its region before and behind it, and nothing else runs.
    unsafe { place.write(0) }
}

#[test]
fn a_write_after_free_is_found_by_the_next_alloc() {
    for (at, slot_bytes) in [(0, 64), (17, 64), (63, 64), (999, 1000), (0, 1)] {
        let pool = build(checked(2, slot_bytes));
        let mut lease = pool.alloc().expect("free");
        let (index, first) = (lease.slot_index(), lease.as_mut_ptr());
        lease.fill(1);
        drop(lease);
        stray_write(first, at);
        let said = complaint(|| drop(pool.alloc())).expect("it was written");
        let expected = format!("slot {index}: written at byte {at} while it was free");
        assert!(said.starts_with(&expected), "{said}");
        assert_eq!(
            said.contains("checked.rs:"),
            cfg!(feature = "track"),
            "{said}"
        );
        // Said once, and nothing is lost.
        assert_eq!(pool.in_use(), 0);
        let mut both = Vec::new();
        assert_eq!(pool.alloc_many(2, &mut both), 2);
    }
}

#[test]
fn a_write_to_a_slot_that_nobody_ever_took_is_found() {
    let pool = build(checked(1, 64));
    let first = pool.region().base().wrapping_add(64);
    stray_write(first, 5);
    let said = complaint(|| drop(pool.alloc())).expect("it was written");
    assert!(
        said.starts_with("slot 0: written at byte 5 while it was free"),
        "{said}"
    );
}

/// Each way a slot comes back to somebody looks at it.
#[test]
fn every_kind_of_alloc_looks() {
    type Way = (&'static str, fn(&Pool));
    let ways: [Way; 4] = [
        ("alloc", |pool| drop(pool.alloc())),
        ("try_alloc", |pool| drop(pool.try_alloc())),
        ("alloc_many", |pool| {
            pool.alloc_many(4, &mut Vec::new());
        }),
        ("cache", |pool| drop(pool.cache().alloc())),
    ];
    for cache in [0, 56] {
        for (way, alloc) in ways {
            let pool = build(checked(64, 64).cache(cache));
            let mut all = Vec::new();
            pool.alloc_many(64, &mut all);
            let first: Vec<_> = all.iter_mut().map(Lease::as_mut_ptr).collect();
            drop(all);
            first.into_iter().for_each(|first| stray_write(first, 1));
            let said = complaint(|| alloc(&pool));
            assert!(
                said.is_some_and(|said| said.contains("written at byte 1")),
                "{way}"
            );
            assert_eq!(pool.in_use(), 0, "{way}");
        }
    }
}

#[test]
fn a_write_beside_a_slot_is_found_when_it_is_given_back() {
    for align in [1, 64, 4096] {
        for slot_bytes in [1, 24, 64, 1000] {
            let behind = isize::try_from(slot_bytes).expect("small");
            for (at, what) in [
                (
                    behind,
                    format!("overrun: written at byte {slot_bytes}, behind"),
                ),
                (
                    behind + 31,
                    format!("overrun: written at byte {}, behind", slot_bytes + 31),
                ),
                (-1, "underrun: written at byte -1, before".to_owned()),
                (-32, "underrun: written at byte -32, before".to_owned()),
            ] {
                for middle in 0..3 {
                    let pool = build(checked(3, slot_bytes).align(align));
                    let mut all = Vec::new();
                    pool.alloc_many(3, &mut all);
                    all.sort_by_key(Lease::slot_index);
                    let mut hit = all.remove(middle);
                    stray_write(hit.as_mut_ptr(), at);
                    assert_eq!(
                        complaint(|| drop(all)),
                        None,
                        "a neighbour has no part in it"
                    );
                    let said = complaint(|| drop(hit)).expect("something was written");
                    assert!(
                        said.starts_with(&format!("slot {middle}: {what}")),
                        "{said}"
                    );
                    assert_eq!(pool.in_use(), 0, "the slot is home");
                    let again = complaint(|| {
                        pool.alloc_many(3, &mut Vec::new());
                    });
                    assert_eq!(again, None, "and whole again");
                }
            }
        }
    }
}

#[test]
fn shares_ids_and_caches_are_looked_at_as_leases_are() {
    let pool = build(checked(64, 64));
    let stray = || {
        let mut lease = pool.alloc().expect("free");
        stray_write(lease.as_mut_ptr(), 64);
        lease
    };
    let (share, id, cache) = (stray().share(), stray().into_id(), pool.cache());
    let cached = stray();
    assert!(complaint(|| drop(share)).is_some());
    assert!(complaint(|| drop(pool.redeem(id).expect("out"))).is_some());
    assert!(complaint(|| cache.free(cached)).is_some());
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn who_asked_for_zeros_gets_zeros() {
    for scrub in [Scrub::OnFree, Scrub::OnAlloc] {
        let pool = build(checked(1, 100).scrub(scrub));
        for _ in 0..3 {
            let mut lease = pool.alloc().expect("free");
            assert!(lease.iter().all(|byte| *byte == 0), "{scrub:?}");
            lease.fill(0xa5);
        }
    }
    let pool = build(checked(1, 100));
    let mut lease = pool.alloc().expect("free");
    lease.fill(0xa5);
    drop(lease);
    let lease = pool.alloc().expect("free");
    assert!(lease.iter().all(|byte| *byte != 0xa5), "nobody's bytes");
}

#[test]
fn slots_keep_their_size_and_alignment() {
    for align in [1, 64, 4096, 65_536] {
        let pool = build(checked(3, 1000).align(align));
        let mut all = Vec::new();
        pool.alloc_many(3, &mut all);
        for lease in &all {
            assert_eq!(lease.len(), 1000);
            assert_eq!(lease.as_ptr().addr() % align, 0);
            assert!(
                pool.region()
                    .contains(lease.as_ptr().wrapping_sub(32), 1064)
            );
        }
    }
    let error = checked(1, usize::MAX / 2 - 8 * 1024 * 1024)
        .build()
        .expect_err("too large");
    assert!(
        error.to_string().starts_with("slots x slot_bytes: 1 slots"),
        "{error}"
    );
    let error = checked(1, 64).protect_free_slots(true).build();
    let error = error.expect_err("a slot's zones would be its neighbour's pages");
    assert!(
        error.to_string().starts_with(if cfg!(feature = "os") {
            "check_free_slots: needs"
        } else {
            "protect_free_slots: needs"
        }),
        "{error}"
    );
}

#[test]
fn threads_that_keep_to_their_slots_are_not_accused() {
    let pool = build(checked(64, 40));
    let rounds = if cfg!(miri) { 5 } else { 2_000 };
    std::thread::scope(|scope| {
        for mark in 1..=3 {
            let pool = &pool;
            scope.spawn(move || {
                for round in 0..rounds {
                    let mut some = Vec::new();
                    pool.alloc_many(1 + round % 20, &mut some);
                    for lease in &mut some {
                        lease.fill(mark);
                    }
                    let last = some.pop().map(Lease::share);
                    drop(last);
                }
            });
        }
    });
    assert_eq!(pool.in_use(), 0);
}
