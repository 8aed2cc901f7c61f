//! What earlier pools got wrong, one test for each line of docs/lessons.md that a pool can break.

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread;

use pool_core::{Lease, Pool, RegionSource, Scrub, Shared, SlotId};
use static_assertions::assert_not_impl_any;

fn pool(slots: usize) -> Pool {
    Pool::builder()
        .slots(slots)
        .slot_bytes(64)
        .build()
        .expect("a few bytes")
}

fn take(pool: &Pool) -> Lease {
    pool.alloc().expect("a slot is free")
}

fn take_all(pool: &Pool) -> Vec<Lease> {
    let mut all = Vec::new();
    pool.alloc_many(usize::MAX, &mut all);
    all
}

fn slots(leases: &[Lease]) -> BTreeSet<usize> {
    leases.iter().map(Lease::slot_index).collect()
}

#[test]
fn l_pool_1_swapping_bytes_keeps_slots() {
    let (pool, other) = (pool(2), pool(1));
    let (mut a, mut b, mut c) = (take(&pool), take(&pool), take(&other));
    let places = [a.as_ptr(), b.as_ptr(), c.as_ptr()];
    a.fill(1);
    b.fill(2);
    c.fill(3);
    a.swap_with_slice(&mut b);
    b.swap_with_slice(&mut c);
    assert_eq!((a[0], b[0], c[0]), (2, 3, 1), "the bytes went");
    assert_eq!(
        [a.as_ptr(), b.as_ptr(), c.as_ptr()],
        places,
        "the slots stayed"
    );
    assert_eq!((a.slot_index(), b.slot_index(), c.slot_index()), (0, 1, 0));
    assert!(a.belongs_to(&pool) && b.belongs_to(&pool) && c.belongs_to(&other));
    drop((a, b, c));
    assert_eq!(slots(&take_all(&pool)), BTreeSet::from([0, 1]));
}

/// The other half, that no field of a handle can be written, is a compile-fail example of `Lease`.
#[test]
fn l_pool_2_no_number_is_a_handle() {
    assert_not_impl_any!(Lease: Clone, Copy, Default, From<u64>, From<usize>);
    assert_not_impl_any!(Shared: Copy, Default, From<u64>, From<usize>);
    let pool = pool(4);
    let mut victim = take(&pool);
    victim.fill(7);
    let near = 0..=u64::from(u16::MAX) / if cfg!(miri) { 256 } else { 1 };
    for bits in near.flat_map(|low| [low, low << 32, !low]) {
        assert!(pool.redeem(SlotId::from_bits(bits)).is_err(), "{bits:#x}");
    }
    assert!(victim.iter().all(|byte| *byte == 7));
    assert_eq!(pool.in_use(), 1);
}

#[test]
fn l_pool_3_any_capacity_hands_each_slot_out_once() {
    for capacity in (1..=70).chain([127, 128, 129, 1000]) {
        let pool = pool(capacity);
        for _ in 0..3 {
            let mut leases: Vec<_> = (0..capacity).map(|_| take(&pool)).collect();
            assert!(pool.alloc().is_none(), "{capacity} slots and no more");
            assert!(slots(&leases).into_iter().eq(0..capacity));
            assert_eq!((pool.in_use(), pool.free_count()), (capacity, 0));
            // Not in the order they came.
            leases.rotate_left(capacity / 3);
        }
        assert_eq!((pool.in_use(), pool.free_count()), (0, capacity));
    }
}

#[test]
fn l_pool_3_a_second_free_through_an_id_is_an_error() {
    let pool = pool(3);
    let id = take(&pool).into_id();
    drop(pool.redeem(id).expect("out"));
    for _ in 0..4 {
        assert!(pool.redeem(id).is_err());
    }
    assert_eq!(pool.free_count(), 3, "freed once");
    let owner = take(&pool);
    assert!(pool.redeem(id).is_err(), "the slot has another owner now");
    let again = owner.into_id();
    assert!(
        pool.redeem(id).is_err(),
        "the slot is out under another name"
    );
    assert!(pool.redeem(again).is_ok());
}

/// The same slot, taken the same number of times: only the pool differs.
#[test]
fn l_pool_3_another_pools_id_is_refused() {
    let pools = [(); 50].map(|()| pool(1));
    let ids = pools.each_ref().map(|pool| take(pool).into_id());
    assert_eq!(
        BTreeSet::from(ids).len(),
        ids.len(),
        "two pools gave one name"
    );
    for (pool, own) in pools.iter().zip(ids) {
        assert!(ids.iter().all(|id| *id == own || pool.redeem(*id).is_err()));
        assert!(pool.redeem(own).is_ok());
    }
}

/// Takes leases, and in the midst of it waits for a word.
struct HeldUp {
    leases: Vec<Lease>,
    reached: mpsc::Sender<()>,
    go_on: mpsc::Receiver<()>,
}

impl Extend<Lease> for HeldUp {
    fn extend<T: IntoIterator<Item = Lease>>(&mut self, leases: T) {
        for lease in leases {
            self.leases.push(lease);
            if self.leases.len() == 2 {
                self.reached.send(()).expect("the test listens");
                self.go_on.recv().expect("the test answers");
            }
        }
    }
}

/// A thread that the scheduler takes away inside a call costs the others the slots it holds, and none besides: not what lies in its cache.
#[test]
fn l_pool_4_a_held_up_thread_makes_nobody_else_exhausted() {
    for cache in [0, 56] {
        let pool = Pool::builder()
            .slots(64)
            .slot_bytes(64)
            .cache(cache)
            .build();
        a_held_up_thread_costs_what_it_asked_for(&pool.expect("64 small slots"));
    }
}

fn a_held_up_thread_costs_what_it_asked_for(pool: &Pool) {
    let (reached, at_two) = mpsc::channel();
    let (say, go_on) = mpsc::channel();
    let held_up = {
        let pool = pool.clone();
        thread::spawn(move || {
            // Something for its cache to hold.
            drop((0..9).map(|_| pool.alloc()).collect::<Vec<_>>());
            let leases = Vec::new();
            let mut into = HeldUp {
                leases,
                reached,
                go_on,
            };
            pool.alloc_many(4, &mut into);
            into.leases
        })
    };
    at_two.recv().expect("the other thread got so far");
    for _ in 0..100 {
        let rest: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
        // It asked for four and was stopped at the second: those it was not given yet may be under way to it.
        assert!((60..=62).contains(&rest.len()), "{} slots", rest.len());
        assert_eq!(slots(&rest).len(), rest.len());
    }
    assert_eq!(pool.stats().exhausted, 100, "one refusal ends each round");
    say.send(()).expect("the other thread listens");
    let four = held_up.join().expect("it took four");
    assert_eq!((four.len(), pool.free_count()), (4, 60));
}

#[test]
fn l_pool_5_counts_stay_within_bounds_while_others_run() {
    let rounds = if cfg!(miri) { 20 } else { 20_000 };
    let pool = pool(5);
    let kept = take(&pool);
    let busy = [1, 2, 3].map(|want| {
        let pool = pool.clone();
        thread::spawn(move || {
            for _ in 0..rounds {
                let mut some = Vec::new();
                pool.alloc_many(want, &mut some);
                some.reverse();
            }
        })
    });
    for _ in 0..rounds {
        let (free, in_use, stats) = (pool.free_count(), pool.in_use(), pool.stats());
        assert!(free <= 4, "{free} free of 5, and one is kept");
        assert!(
            (1..=5).contains(&in_use),
            "{in_use} of 5 in use, and one is kept"
        );
        assert_eq!(stats.free + stats.in_use, stats.capacity);
    }
    busy.into_iter()
        .for_each(|thread| thread.join().expect("it only allocates"));
    assert_eq!((pool.free_count(), pool.in_use()), (4, 1));
    drop(kept);
    assert_eq!((pool.free_count(), pool.in_use()), (5, 0));
}

#[test]
fn l_pool_6_the_count_of_sharers_is_obeyed() {
    let pool = pool(1);
    let share = take(&pool).share();
    let other = share.clone();
    let share = share.try_unshare().expect_err("another reader is there");
    drop(other);
    assert_eq!(share.sharers(), 1);
    let mut lease = share.try_unshare().expect("the only sharer");
    lease[0] = 1;
    assert_eq!(pool.in_use(), 1);
}

#[test]
fn l_pool_6_a_policy_decides_what_the_next_owner_reads() {
    for (scrub, expected) in [
        (Scrub::Never, 0x5e),
        (Scrub::OnFree, 0),
        (Scrub::OnAlloc, 0),
    ] {
        let pool = Pool::builder()
            .slots(2)
            .slot_bytes(100)
            .scrub(scrub)
            .build()
            .expect("200 bytes");
        for _ in 0..2 {
            // By each way that a slot goes home and comes back.
            let mut both = take_all(&pool);
            both.iter_mut().for_each(|lease| lease.fill(0x5e));
            let (one, two) = (both.pop().expect("two"), both.pop().expect("two"));
            drop(one.share());
            drop(pool.redeem(two.into_id()).expect("out"));
            assert!(
                take(&pool).iter().all(|byte| *byte == expected),
                "{scrub:?}"
            );
            let both = take_all(&pool);
            assert!(
                both.iter()
                    .all(|lease| lease.iter().all(|byte| *byte == expected)),
                "{scrub:?}"
            );
        }
    }
}

#[test]
fn l_pool_9_the_slot_given_back_last_comes_first() {
    let pool = pool(4096);
    let (first, second) = (take(&pool), take(&pool));
    let places = [first.as_ptr(), second.as_ptr()];
    drop(first);
    drop(second);
    for _ in 0..100 {
        let (warm, next) = (take(&pool), take(&pool));
        assert_eq!([next.as_ptr(), warm.as_ptr()], places);
        drop(next);
        drop(warm);
        let (warm, next) = (take(&pool), take(&pool));
        assert_eq!([warm.as_ptr(), next.as_ptr()], [places[1], places[0]]);
        drop(next);
        drop(warm);
    }
}

/// Half a gibibyte that nobody used yet, and some megabytes of memory.
#[cfg(all(target_os = "linux", not(miri)))]
#[test]
fn l_pool_9_memory_is_touched_when_first_used() {
    const SLOT_BYTES: usize = 64 * 1024;
    const SLOTS: usize = 8192;
    const ALLOWED: usize = 64 * 1024 * 1024;
    let sources: &[_] = if cfg!(feature = "os") {
        &[RegionSource::Heap, RegionSource::Mmap]
    } else {
        &[RegionSource::Heap]
    };
    for source in sources {
        let before = resident_bytes();
        let builder = Pool::builder()
            .slots(SLOTS)
            .slot_bytes(SLOT_BYTES)
            .region(*source);
        let pool = builder.build().expect("memory that nobody touches");
        for _ in 0..2 * SLOTS {
            take(&pool)[0] = 1;
        }
        let grown = resident_bytes().saturating_sub(before);
        assert!(
            grown < ALLOWED,
            "{source:?}: {grown} bytes for one slot in use at a time"
        );
        drop(take_all(&pool));
        let grown = resident_bytes().saturating_sub(before);
        assert!(
            grown < ALLOWED,
            "{source:?}: {grown} bytes after taking all and using none"
        );
    }
}

#[cfg(all(target_os = "linux", not(miri)))]
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok());
    // 4 KiB at least, so a larger page makes the test more patient and no less right.
    pages.expect("its second number") * 4096
}

#[test]
fn l_pool_10_a_lease_offers_every_byte_and_its_neighbours_begin_right_after() {
    let pool = Pool::builder()
        .slots(8)
        .slot_bytes(24)
        .align(1)
        .build()
        .expect("192 bytes");
    let mut leases = take_all(&pool);
    leases.sort_by_key(Lease::slot_index);
    let mut mark = 0;
    for lease in &mut leases {
        mark += 1;
        assert_eq!(lease.len(), 24);
        lease.fill(mark);
    }
    for pair in leases.windows(2) {
        assert_eq!(
            pair[1].as_ptr().addr() - pair[0].as_ptr().addr(),
            24,
            "nothing lies between"
        );
    }
    for (lease, mark) in leases.iter().zip(1..) {
        assert!(
            lease.iter().all(|byte| *byte == mark),
            "slot {}",
            lease.slot_index()
        );
    }
    assert_eq!(pool.region().bytes(), 192, "nothing lies behind");
    // Freed, every byte of them written over before: the list does not care.
    drop(leases);
    assert_eq!(slots(&take_all(&pool)).len(), 8);
}

/// The line is about pages; the pool under the pages must not round their number either.
#[test]
fn l_slab_5_sizes_beyond_16_bits_are_kept() {
    for capacity in [65_535, 65_536, 65_537] {
        let pool = Pool::builder()
            .slots(capacity)
            .slot_bytes(1)
            .align(1)
            .build()
            .expect("64 KiB");
        assert_eq!((pool.capacity(), pool.free_count()), (capacity, capacity));
        if !cfg!(miri) {
            let all = take_all(&pool);
            assert!(slots(&all).into_iter().eq(0..capacity));
            assert!(pool.alloc().is_none());
        }
    }
}

#[test]
fn l_slab_5_wrong_sizes_are_errors_that_name_field_bound_and_value() {
    let error =
        |builder: pool_core::PoolBuilder| builder.build().expect_err("out of range").to_string();
    let fits = || Pool::builder().slots(1).slot_bytes(1);
    assert_eq!(
        error(fits().slots(0)),
        "slots: must be 1 to 4294967294, got 0"
    );
    let above = usize::try_from(u64::from(u32::MAX)).unwrap_or(usize::MAX);
    assert_eq!(
        error(fits().slots(above)),
        "slots: must be 1 to 4294967294, got 4294967295"
    );
    let most = isize::MAX.unsigned_abs() - 8 * 1024 * 1024;
    for bytes in [0, most + 1, usize::MAX] {
        assert_eq!(
            error(fits().slot_bytes(bytes)),
            format!("slot_bytes: must be 1 to {most}, got {bytes}")
        );
    }
    let as_said = fits().slot_bytes(most).align(1).region_bytes();
    assert_eq!(as_said.expect("within the bound"), most);
    for align in [0, 3, 4_194_304] {
        let expected = format!("align: must be a power of two up to 2097152, got {align}");
        assert_eq!(error(fits().align(align)), expected);
    }
    // Each in range, the product is not: beyond a `usize`, or only beyond an `isize`.
    for slots in [3, 1 << 20] {
        let product = error(fits().slots(slots).slot_bytes(isize::MAX as usize / 2));
        assert!(
            product.starts_with(&format!("slots x slot_bytes: {slots} slots of")),
            "{product}"
        );
    }
}

/// The line is about a send's check that its bytes lie in a registered region: this is the check.
#[test]
fn l_send_5_the_region_check_cannot_overflow() {
    let pool = pool(4);
    let (lease, span) = (take(&pool), pool.region());
    assert!(span.contains(lease.as_ptr(), lease.len()));
    assert!(span.contains(span.base(), span.bytes()));
    let at = |address: usize| core::ptr::without_provenance::<u8>(address);
    assert!(!span.contains(at(usize::MAX - 10), 100));
    assert!(!span.contains(at(usize::MAX), usize::MAX));
    assert!(!span.contains(span.base(), span.bytes() + 1));
    assert!(!span.contains(span.base(), usize::MAX));
    // Sums that would come out at the region's first byte again.
    assert!(!span.contains(at(span.base().addr() + 8), usize::MAX - 7));
    assert!(!span.contains(at(usize::MAX - 10), span.base().addr() + 11));
    assert!(!span.contains(at(span.base().addr() - 1), 2));
    assert!(!span.contains(at(span.base().addr() + 1), span.bytes()));
    assert!(!span.contains(at(0), span.bytes()));
}

#[test]
fn l_view_12_every_byte_is_initialised_before_anyone_reads_it() {
    let os = cfg!(all(feature = "os", unix, not(miri)));
    let sources: &[_] = if os {
        &[RegionSource::Heap, RegionSource::Mmap]
    } else {
        &[RegionSource::Heap]
    };
    for source in sources {
        // Memory that the allocator hands out again, with something in it.
        drop(vec![0xa5_u8; 4096]);
        let builder = Pool::builder()
            .slots(3)
            .slot_bytes(1000)
            .align(256)
            .region(*source);
        let pool = builder.build().expect("3 KiB");
        for lease in take_all(&pool) {
            assert!(lease.iter().all(|byte| *byte == 0), "{source:?}");
        }
    }
}

/// Every count of a snapshot, beside counting by hand.
#[test]
fn l_stat_1_a_snapshot_is_what_was_counted_by_hand() {
    let pool = pool(2);
    let one = take(&pool);
    let (two, none) = (take(&pool), pool.alloc());
    assert!(none.is_none());
    assert_eq!(pool.alloc_many(5, &mut Vec::new()), 0);
    assert!(pool.try_alloc().is_err_and(|why| why.is_exhausted()));
    pool.count_fallback(1000);
    pool.count_fallback(24);
    let stats = pool.stats();
    assert_eq!(
        (stats.capacity, stats.slot_bytes, stats.free, stats.in_use),
        (2, 64, 0, 2)
    );
    assert_eq!(
        (stats.exhausted, stats.fallbacks, stats.fallback_bytes),
        (3, 2, 1024)
    );
    let id = one.into_id();
    let share = two.share();
    assert_eq!(pool.stats(), stats, "the same slots by other names");
    drop(share);
    assert!(pool.redeem(id).is_ok());
    let stats = pool.stats();
    assert_eq!((stats.free, stats.in_use, stats.exhausted), (2, 0, 3));
    assert_eq!(
        stats.to_string(),
        "0 of 2 slots of 64 B in use, high water 2, 2 allocs, 0 refills, 0 steals, 3 times exhausted, 0 waits, 2 fallbacks (1024 B)"
    );
}

/// A caller's `Extend` that panics keeps what it took; the rest goes home.
#[test]
fn a_panic_while_many_are_handed_over_loses_no_slot() {
    struct Clumsy(Vec<Lease>);
    impl Extend<Lease> for Clumsy {
        fn extend<T: IntoIterator<Item = Lease>>(&mut self, leases: T) {
            for lease in leases {
                self.0.push(lease);
                assert!(self.0.len() < 2, "enough");
            }
        }
    }
    let pool = pool(5);
    let mut clumsy = Clumsy(Vec::new());
    let run = std::panic::AssertUnwindSafe(|| pool.alloc_many(4, &mut clumsy));
    assert!(std::panic::catch_unwind(run).is_err());
    assert_eq!((clumsy.0.len(), pool.in_use()), (2, 2));
    let mut all = take_all(&pool);
    all.append(&mut clumsy.0);
    assert!(slots(&all).into_iter().eq(0..5), "every slot exactly once");
}
