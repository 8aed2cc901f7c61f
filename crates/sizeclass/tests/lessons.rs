//! One test per lesson of the field that size classes could repeat; the name starts with the lesson's id.

use std::sync::atomic::{AtomicBool, Ordering};

use allocation_counter::measure;
use pool_core::Scrub;
use sizeclass::{BufferPool, BufferPoolStats};

const CLASS_BYTES: [usize; 9] = [
    4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576,
];

/// The classes a test walks through; the interpreter is too slow for the large ones.
fn classes() -> &'static [usize] {
    if cfg!(miri) {
        &CLASS_BYTES[..2]
    } else {
        &CLASS_BYTES
    }
}

/// No byte of a recycled buffer was written between its two users, at any class, and nothing was allocated: neither acquiring nor dropping
/// depends on the size.
#[test]
fn l_class_1_recycling_writes_no_byte_of_any_class() {
    let pool = BufferPool::new(2);
    for bytes in classes() {
        let mut buffer = pool.acquire(*bytes);
        let address = buffer.as_ptr();
        buffer.fill(0xaa);
        drop(buffer);
        let mut again = None;
        let recycled = measure(|| again = Some(pool.acquire(*bytes)));
        let again = again.expect("just acquired");
        assert_eq!(recycled.count_total, 0);
        assert_eq!(
            again.as_ptr(),
            address,
            "the slot dropped last is still in a cache"
        );
        assert!(
            again.iter().all(|byte| *byte == 0xaa),
            "{bytes} bytes were written"
        );
        assert_eq!(measure(|| drop(again)).count_total, 0);
    }
}

/// Zeroing is asked for by name, and zeroes what was asked for only.
#[test]
fn l_class_1_zeroing_is_asked_for_by_name() {
    let pool = BufferPool::new(1);
    pool.acquire(4096).fill(0xaa);
    let mut zeroed = pool.acquire_zeroed(100);
    assert_eq!(*zeroed, [0; 100]);
    let missed = pool.acquire_zeroed(100);
    assert_eq!((missed.is_pooled(), &*missed), (false, &[0; 100][..]));
    zeroed.clear();
    let (lease, _) = zeroed.into_lease().expect("pooled");
    assert_eq!((lease[99], lease[100]), (0, 0xaa));
}

/// A buffer that grew to many times its class leaves nothing of that in the class.
#[test]
fn l_class_2_growing_moves_out_of_the_class() {
    let huge = if cfg!(miri) { 2 << 20 } else { 64 << 20 };
    let pool = BufferPool::new(1);
    let mut buffer = pool.acquire(4096);
    let slot = buffer.as_ptr();
    buffer.resize(huge);
    assert_eq!((buffer.len(), buffer.is_pooled()), (huge, false));
    let next = pool
        .try_acquire(4096)
        .expect("the slot came home when the buffer grew");
    assert_eq!((next.as_ptr(), next.capacity()), (slot, 4096));
    drop((buffer, next));
    let stats = pool.stats();
    assert_eq!(stats.idle_bytes(), 4096);
    assert_eq!((stats.oversize, stats.fallback_bytes), (1, huge as u64));
}

/// That there is no way to give a pool foreign memory is shown by the `compile_fail` example of [`BufferPool`]; that memory of the
/// heap does not come home by itself is shown here.
#[test]
fn l_class_3_only_the_pools_own_memory_comes_home() {
    let pool = BufferPool::new(1);
    let slot = pool.acquire(1).as_ptr();
    let held = pool.acquire(1);
    for _ in 0..3 {
        assert!(!pool.acquire(1).is_pooled());
        drop(pool.acquire(1).into_vec().expect("on the heap"));
        drop(pool.acquire(2 << 20));
    }
    let stats = pool.stats();
    assert_eq!(
        (stats.classes()[0].slots, stats.classes()[0].in_use),
        (1, 1)
    );
    drop(held);
    assert_eq!(pool.acquire(4096).as_ptr(), slot);
}

/// The length is what was asked for, the capacity is the class.
#[test]
fn l_class_4_length_is_what_was_asked_for() {
    let pool = BufferPool::new(1);
    assert_eq!(pool.acquire(1000).len(), 1000);
    for (index, class_bytes) in CLASS_BYTES.into_iter().enumerate() {
        let smaller = index.checked_sub(1).map_or(0, |index| CLASS_BYTES[index]);
        for min in [smaller + 1, class_bytes - 1, class_bytes] {
            let buffer = pool.acquire(min);
            assert_eq!((buffer.len(), buffer.capacity()), (min, class_bytes));
            assert_eq!((buffer.as_slice().len(), buffer.is_pooled()), (min, true));
        }
    }
    let oversize = pool.acquire((1 << 20) + 1);
    assert_eq!(
        (oversize.len(), oversize.capacity()),
        ((1 << 20) + 1, (1 << 20) + 1)
    );
}

fn assert_adds_up(stats: &BufferPoolStats) {
    let sum = stats.recycles + stats.misses + stats.oversize;
    assert_eq!(stats.allocations, sum, "{stats}");
    let of_classes: u64 = stats
        .classes()
        .iter()
        .map(sizeclass::ClassStats::allocations)
        .sum();
    assert_eq!(of_classes + stats.oversize, sum, "{stats}");
    assert!((0.0..=1.0).contains(&stats.recycle_rate()), "{stats}");
    for class in stats.classes() {
        assert_eq!(class.in_use + class.idle + class.vacant, class.slots);
    }
    assert!(stats.in_use_bytes() + stats.idle_bytes() <= 4 * CLASS_BYTES.iter().sum::<usize>());
}

/// Every snapshot adds up while three threads acquire and drop; the last one is exact.
#[test]
fn l_class_5_every_snapshot_adds_up() {
    let pool = BufferPool::new(4);
    assert!(
        pool.stats().recycle_rate().abs() < f64::EPSILON,
        "nothing was allocated yet"
    );
    let rounds = if cfg!(miri) { 20 } else { 5000 };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..3)
            .map(|id| {
                let pool = pool.clone();
                scope.spawn(move || {
                    for round in 0..rounds {
                        // Six at once of four slots: misses; one in fifty beyond the largest class.
                        let one = pool.acquire(1 + (id * 4000 + round * 37) % 9000);
                        let other = pool.acquire(1);
                        if round % 50 == 0 {
                            drop(pool.acquire((1 << 20) + 1));
                        }
                        drop((one, other));
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            let mut before = 0;
            // Relaxed: only ends the loop.
            while !done.load(Ordering::Relaxed) {
                let stats = pool.stats();
                assert_adds_up(&stats);
                assert!(stats.allocations >= before, "counts never fall");
                before = stats.allocations;
            }
        });
        for worker in workers {
            worker.join().expect("a worker");
        }
        // Relaxed: only ends the loop.
        done.store(true, Ordering::Relaxed);
    });
    let stats = pool.stats();
    assert_adds_up(&stats);
    let rounds = rounds as u64;
    assert_eq!(stats.oversize, 3 * rounds.div_ceil(50));
    assert_eq!(stats.allocations, 3 * (2 * rounds + rounds.div_ceil(50)));
    assert_eq!(stats.in_use_bytes(), 0);
}

/// Each of two threads has slots of one class to itself: it gets the one that it dropped last, whatever the other does, because neither goes to a list that
/// they share.
#[test]
#[cfg(feature = "std")]
fn l_class_6_threads_of_one_class_have_slots_to_themselves() {
    let rounds: u32 = if cfg!(miri) { 50 } else { 20_000 };
    let pool = BufferPool::new(64);
    let (both_began, both_work) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let address = pool.acquire(5000).as_ptr();
                both_began.wait();
                let strays = |_: &u32| pool.acquire(5000).as_ptr() != address;
                let strayed = (0..rounds).filter(strays).count();
                // What a thread leaves behind when it ends may be handed out before what another has.
                both_work.wait();
                assert_eq!(strayed, 0);
            });
        }
    });
    assert_eq!(pool.stats().classes()[1].brought_in, 2);
}

/// A budget bounds what is out and what idles, together, and what comes from elsewhere: nothing is beside it.
#[test]
#[cfg(all(feature = "os", target_os = "linux"))]
fn l_class_7_a_budget_bounds_what_is_out_and_what_idles() {
    let budget = pool_core::Budget::new(64 << 10);
    let pool = BufferPool::builder().capacity_per_class(64);
    let pool = pool
        .budget(&budget)
        .build()
        .expect("nothing is charged yet");
    let mut held: Vec<_> = std::iter::from_fn(|| pool.try_acquire(4096).ok()).collect();
    assert_eq!(held.len(), 16);
    held.truncate(8);
    assert!(pool.try_acquire(64 << 10).is_err(), "half of it is out");
    let larger = pool.try_acquire(32 << 10).expect("half of it idles");
    assert_eq!(budget.used(), 64 << 10);
    drop(larger);
    let elsewhere = pool.acquire(2 << 20);
    assert!(budget.used() >= elsewhere.capacity());
    drop((elsewhere, held));
    pool.trim(0);
    assert_eq!(budget.used(), 0);
}

/// Whoever finds no room may wait for it, with the thread or with a future.
#[test]
#[cfg(all(feature = "std", feature = "os", target_os = "linux"))]
fn l_class_7_who_finds_no_room_may_wait() {
    use std::time::Duration;
    let budget = pool_core::Budget::new(4096);
    let pool = BufferPool::builder().capacity_per_class(2);
    let pool = pool
        .budget(&budget)
        .build()
        .expect("nothing is charged yet");
    let held = pool.acquire(1);
    let timed_out = pool.acquire_timeout(1, Duration::ZERO);
    assert!(timed_out.is_err_and(|why| why.is_timed_out()));
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| pool.acquire_timeout(1, Duration::MAX).map(drop));
        drop(held);
        let served = waiter.join().expect("no panic");
        assert!(served.is_ok());
    });
}

/// Buffers for `O_DIRECT`, wherever their memory comes from.
#[test]
fn l_class_7_buffers_are_aligned_as_asked() {
    let build = |align| {
        let builder = BufferPool::builder().capacity_per_class(1);
        builder.align(align).build().expect("small")
    };
    let aligned = if cfg!(miri) { 4096 } else { 65_536 };
    let pool = build(aligned);
    for min in [1, 1, 5000, 5000, (1 << 20) + 1] {
        let kept = pool.acquire(min);
        assert_eq!(kept.as_ptr().align_offset(aligned), 0, "{kept:?}");
        assert_eq!(pool.acquire(min).as_ptr().align_offset(aligned), 0);
    }
}

/// Any capacity works, powers of two or not, and is what can be held at once.
#[test]
fn l_pool_3_any_capacity_works() {
    for capacity in [1, 3, 5] {
        let pool = BufferPool::new(capacity);
        let held: Vec<_> = std::iter::from_fn(|| pool.try_acquire(1).ok()).collect();
        assert_eq!(held.len(), capacity);
        drop(held);
        let held: Vec<_> = std::iter::from_fn(|| pool.try_acquire(1).ok()).collect();
        assert_eq!(held.len(), capacity);
    }
}

/// What of the last user's bytes a new one finds is the pool's explicit policy.
#[test]
fn l_pool_6_stale_bytes_are_a_policy() {
    let found = |scrub| {
        let pool = BufferPool::builder()
            .capacity_per_class(1)
            .scrub(scrub)
            .build();
        let pool = pool.expect("small");
        pool.acquire(4096).fill(0xaa);
        pool.acquire(4096)[4095]
    };
    assert_eq!(
        (
            found(Scrub::Never),
            found(Scrub::OnFree),
            found(Scrub::OnAlloc)
        ),
        (0xaa, 0, 0)
    );
}

/// A buffer that is never dropped is seen, with the line that took it.
#[test]
#[cfg(feature = "track")]
fn l_pool_7_a_forgotten_buffer_is_reported_with_its_line() {
    let pool = BufferPool::new(2);
    let mut grown = pool.acquire(4096);
    grown.resize(10_000);
    std::mem::forget((
        pool.acquire(1),
        pool.try_acquire(5000),
        pool.acquire_zeroed(1),
        grown,
    ));
    let report = format!("{:?}", pool.outstanding());
    assert_eq!(report.matches("lessons.rs").count(), 4, "{report}");
}

/// Fallbacks are counted, by reason; refusals allocate nothing.
#[test]
fn l_pool_8_fallbacks_are_counted_by_reason() {
    let pool = BufferPool::new(1);
    let held = pool.acquire(4096);
    let missed = measure(|| drop(pool.acquire(1)));
    let oversize = measure(|| drop(pool.acquire(2 << 20)));
    let refused = measure(|| {
        assert!(pool.try_acquire(1).is_err());
        assert!(pool.try_acquire(2 << 20).is_err());
    });
    assert_eq!(refused.count_total, 0);
    // The memory, and what is counted with it; mapped memory has some records.
    assert_eq!(missed.count_total, 2);
    assert!((1..8).contains(&oversize.count_total), "{oversize:?}");
    let stats = pool.stats();
    assert_eq!((stats.recycles, stats.misses, stats.oversize), (1, 1, 1));
    assert_eq!(stats.fallback_bytes, 4096 + (2 << 20));
    drop(held);
}

/// A large pool costs memory when it is used, not when it is built; and the buffer dropped last is handed out first.
#[test]
#[cfg(all(target_os = "linux", feature = "os", not(miri)))]
fn l_pool_9_memory_is_touched_when_first_used() {
    fn resident_pages() -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
        let resident = statm.split_whitespace().nth(1).expect("the second field");
        resident.parse().expect("a number")
    }
    let before = resident_pages();
    let pool = BufferPool::new(128); // 255 MiB of slots
    let built = resident_pages().saturating_sub(before);
    assert!(built < 32_768, "{built} pages, of 65 408 in all slots");
    let (first, second) = (pool.acquire(9000), pool.acquire(9000));
    let (cold, hot) = (first.as_ptr(), second.as_ptr());
    drop(first);
    drop(second);
    assert_eq!(
        [(); 2]
            .map(|()| pool.acquire(9000))
            .map(|buffer| buffer.as_ptr()),
        [hot, cold]
    );
}

/// The last handle of a slot's memory gives it back: ten acquires, ten served by one slot.
#[test]
fn l_view_3_the_pool_gets_its_storage_back() {
    let pool = BufferPool::new(1);
    for _ in 0..10 {
        let (lease, _) = pool
            .acquire(50_000)
            .into_lease()
            .expect("the slot came home");
        let shared = lease.share();
        drop(shared.clone());
        drop(shared);
    }
    let stats = pool.stats();
    assert_eq!((stats.allocations, stats.recycles), (10, 10));
}

/// `Debug` says how much, never what.
#[test]
fn l_view_9_debug_never_prints_the_payload() {
    let pool = BufferPool::new(1);
    let mut buffer = pool.acquire(1 << 20);
    buffer.fill(211);
    let shown = format!("{buffer:?} {pool:?}");
    assert!(shown.len() < 200 && !shown.contains("211"), "{shown}");
}

/// Never-written memory of a fresh pool is zero before anyone can read it; so is a fallback's.
#[test]
fn l_view_12_fresh_memory_reads_as_zero() {
    let pool = BufferPool::new(2);
    for bytes in classes() {
        let buffers = [(); 3].map(|()| pool.acquire(*bytes));
        assert!(!buffers[2].is_pooled());
        for buffer in buffers {
            assert!(buffer.iter().all(|byte| *byte == 0));
        }
    }
}
