//! The lesson that a leak must be seen, for pools that track where slots were taken.

mod pools;

use pool_core::{Outstanding, Pool, SlotEvent};
use pools::pool;

fn counts(report: &[Outstanding]) -> Vec<(u32, usize, usize)> {
    report
        .iter()
        .map(|site| (site.line, site.slots, site.bytes))
        .collect()
}

#[test]
fn l_pool_7_outstanding_says_how_many_where_and_how_old() {
    let pool = pool(8);
    assert!(pool.outstanding().is_empty());

    let (forgotten, line) = (pool.alloc().expect("free"), line!());
    let mut many = Vec::new();
    let (taken, many_line) = (pool.alloc_many(3, &mut many), line!());
    assert_eq!(taken, 3);

    let report = pool.outstanding();
    assert_eq!(
        counts(&report),
        [(many_line, 3, 192), (line, 1, 64)],
        "most slots first"
    );
    assert!(
        report
            .iter()
            .all(|site| site.file.ends_with("lessons_track.rs")),
        "{report:?}"
    );
    assert!(
        report
            .iter()
            .all(|site| site.oldest.is_some() == cfg!(feature = "std"))
    );

    // Gone from Rust's sight, or forgotten: still there.
    let id = forgotten.into_id();
    let raw = many.pop().expect("three").into_raw();
    let share = many.pop().expect("two").share();
    assert_eq!(pool.outstanding().len(), 2);
    assert_eq!(pool.outstanding()[0].slots, 3);

    drop(pool.redeem(id).expect("out"));
    drop(share);
    drop(many);
    let rest = pool.outstanding();
    assert_eq!(
        counts(&rest),
        [(many_line, 1, 64)],
        "what was lost, and nothing that came home"
    );
    // SAFETY: these words come from `Lease::into_raw` and are used once.
    drop(unsafe { pool_core::Lease::from_raw(raw) });
    assert!(pool.outstanding().is_empty());
}

#[test]
fn l_pool_7_the_oldest_gets_older() {
    let pool = pool(8);
    let _kept = pool.alloc();
    let before = pool.outstanding()[0].oldest;
    let after = pool.outstanding()[0].oldest;
    assert!(before <= after);
}

#[test]
fn l_pool_7_a_report_says_what_happened_to_the_slot() {
    let pool = pool(8);
    let lease = pool.alloc().expect("free");
    let slot = lease.slot_index();
    let share = lease.share();
    let second = share.clone();
    drop(second);
    let lease = share.try_unshare().expect("the only one");
    let lease = pool.redeem(lease.into_id()).expect("out");
    let site = &pool.outstanding()[0];
    assert_eq!(site.oldest_slot, slot);
    assert_eq!(
        site.history.to_string(),
        "taken, shared, unshared, out as an id, redeemed"
    );
    assert_eq!(pool.slot_history(slot), Some(site.history));
    drop(lease);
    let events: Vec<_> = pool
        .slot_history(slot)
        .expect("a slot")
        .latest_first()
        .collect();
    assert_eq!(events.first(), Some(&SlotEvent::GivenBack));
    assert_eq!(events.len(), 6);
    for _ in 0..20 {
        drop(pool.alloc());
    }
    let events = pool.slot_history(slot).expect("a slot").latest_first();
    assert_eq!(events.count(), 16, "the last sixteen");
    assert_eq!(pool.slot_history(8), None);
}

/// The same text as the example `leak` prints: its own file and line.
#[test]
fn l_pool_7_a_line_of_the_report_reads_as_one() {
    let pool = pool(8);
    let (lost, line) = (pool.alloc(), line!());
    let text = pool.outstanding()[0].to_string();
    let start = format!("{}:{line}: 1 slot (64 bytes)", file!());
    assert!(text.starts_with(&start), "{text}");
    assert!(text.ends_with(": taken"), "{text}");
    drop(lost);
}

#[test]
fn a_write_after_free_names_the_last_owners_line() {
    let builder = Pool::builder().slots(1).slot_bytes(64);
    let pool = builder.check_free_slots(true).build().expect("a few bytes");
    let (mut lease, line) = (pool.alloc().expect("free"), line!());
    let first = lease.as_mut_ptr();
    drop(lease);
    // SAFETY: inside the region, and nobody else's: the slot is free.
    unsafe { first.write(0) }
    let run = std::panic::AssertUnwindSafe(|| drop(pool.alloc()));
    let said = std::panic::catch_unwind(run).expect_err("it was written");
    let said = said.downcast::<String>().expect("a formatted message");
    let expected = format!(
        "slot 0: written at byte 0 while it was free (last taken at {}:{line})",
        file!()
    );
    assert_eq!(*said, expected);
}

/// A reserved slot that turns out to be written is home, and a lease that was stocked is given back once.
#[test]
fn what_is_home_is_in_no_report() {
    let builder = Pool::builder().slots(1).slot_bytes(64);
    let pool = builder.check_free_slots(true).build().expect("a few bytes");
    let stray = pool.alloc().expect("free").as_mut_ptr();
    let mut reserved = pool.reserve(1).expect("free");
    // SAFETY: inside the region, and nobody else's: the slot has no lease.
    unsafe { stray.write(0) }
    let run = std::panic::AssertUnwindSafe(|| drop(reserved.alloc()));
    assert!(std::panic::catch_unwind(run).is_err(), "it was written");
    assert_eq!((pool.outstanding().len(), pool.free_count()), (0, 1));
    let mut stocked = pool.alloc().expect("home again");
    stocked.mark_stocked();
    assert!(pool.outstanding().is_empty());
    drop(stocked);
    let history = pool.slot_history(0).expect("the slot").to_string();
    assert!(history.ends_with("taken, given back"), "{history}");
}

/// A report beside threads that take and give back names only lines that take.
#[test]
fn a_report_beside_busy_threads_names_real_lines() {
    let pool = pool(8);
    let rounds = if cfg!(miri) { 10 } else { 5_000 };
    let busy = [(); 2].map(|()| {
        let pool = pool.clone();
        std::thread::spawn(move || {
            for _ in 0..rounds {
                drop(pool.alloc());
            }
        })
    });
    for _ in 0..rounds {
        for site in pool.outstanding() {
            assert!(
                site.file.ends_with("lessons_track.rs") && site.slots <= 2,
                "{site:?}"
            );
        }
    }
    busy.into_iter()
        .for_each(|thread| thread.join().expect("it only allocates"));
    assert!(pool.outstanding().is_empty());
}

/// Slots that are reserved count as taken by the line that reserved them, until they have a lease.
#[test]
fn l_pool_7_reserved_slots_are_reported_with_their_line() {
    let pool = Pool::builder().slots(4).slot_bytes(64).build().unwrap();
    let (mut reserved, reserved_at) = (pool.reserve(3).unwrap(), line!());
    let (lease, taken_at) = (reserved.alloc().unwrap(), line!());
    let mut report: Vec<_> = pool
        .outstanding()
        .iter()
        .map(|row| (row.line, row.slots))
        .collect();
    report.sort_unstable();
    assert_eq!(report, [(reserved_at, 2), (taken_at, 1)]);
    drop((reserved, lease));
    assert!(pool.outstanding().is_empty());
}
