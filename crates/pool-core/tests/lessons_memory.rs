//! What earlier pools got wrong about a slot's memory: its size, its place, what is in it, when it is touched. The names start with the lines of docs/lessons.md.

mod pools;
#[cfg(all(target_os = "linux", not(miri)))]
mod resident;

use pool_core::{Lease, Pool, RegionSource, Scrub};
use pools::{pool, slots, take, take_all};
#[cfg(all(target_os = "linux", not(miri)))]
use resident::resident_bytes;

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
