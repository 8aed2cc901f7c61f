//! What is charged, when, and what becomes of it when the budget says no.
#![cfg(all(feature = "os", feature = "std", target_os = "linux"))]

mod executor;

use std::task::Poll;
use std::time::Duration;

use executor::Task;
use pool_core::{Budget, Faults, RegionSource, Tenant};
use sizeclass::{BufferPool, BufferPoolBuilder, Classes, PooledBuffer};

const KIB: usize = 1024;
const THREE: Classes = Classes::new([4 * KIB, 16 * KIB, 64 * KIB]);

fn builder(budget: &Budget) -> BufferPoolBuilder {
    let builder = BufferPool::builder().classes(THREE).decay_every(None);
    builder.capacity_per_class(4).budget(budget)
}

fn pool(budget: &Budget) -> BufferPool {
    builder(budget).build().expect("nothing is charged yet")
}

/// Memory that the pool's slots have is charged, and nothing else.
fn assert_charged(pool: &BufferPool, budget: &Budget) {
    let stats = pool.stats();
    let resident = stats.in_use_bytes() + stats.idle_bytes();
    assert_eq!(budget.used(), resident, "{stats}");
}

#[test]
fn a_slot_is_charged_from_its_first_use_until_it_is_trimmed() {
    let budget = Budget::new(1 << 20);
    let pool = pool(&budget);
    assert_eq!(budget.used(), 0);
    let buffer = pool.acquire(5000);
    assert_eq!(budget.used(), 16 * KIB);
    drop(buffer);
    assert_eq!(budget.used(), 16 * KIB, "it idles");
    for _ in 0..10 {
        drop(pool.acquire(5000));
    }
    assert_eq!(
        (budget.used(), pool.stats().classes()[1].brought_in),
        (16 * KIB, 1)
    );
    assert_eq!(pool.trim(16 * KIB), 0);
    assert_eq!((pool.trim(0), budget.used()), (16 * KIB, 0));
    assert!(pool.acquire(5000).iter().all(|byte| *byte == 0));
    assert_charged(&pool, &budget);
}

#[test]
fn what_is_out_stays_charged_after_the_pool() {
    let budget = Budget::new(1 << 20);
    let pool = pool(&budget);
    let (kept, idle) = (pool.acquire(1), pool.acquire(1));
    drop(idle);
    let lease = pool.acquire(60 * KIB).into_lease().expect("a slot").0;
    drop(pool);
    assert_eq!(
        budget.used(),
        68 * KIB,
        "what idled is back with the system"
    );
    drop(kept);
    assert_eq!(budget.used(), 64 * KIB);
    drop(lease);
    assert_eq!(budget.used(), 0);
}

/// Not even memory that idles in another class, or a thread's cache, keeps a request from being served.
#[test]
fn idle_memory_of_other_classes_makes_room() {
    let budget = Budget::new(64 * KIB);
    let pool = pool(&budget);
    let small: Vec<_> = [1, 1, 16 * KIB].map(|min| pool.try_acquire(min)).into();
    assert!(small.iter().all(Result::is_ok));
    let refused = pool.try_acquire(64 * KIB).expect_err("24 KiB are held");
    assert!(refused.is_over_budget() && !refused.is_exhausted() && !refused.is_too_large());
    assert_charged(&pool, &budget);
    drop(small);
    let large = pool.try_acquire(64 * KIB).expect("what idles makes room");
    assert_eq!(budget.used(), 64 * KIB);
    assert!(pool.try_acquire(1).is_err_and(|why| why.is_over_budget()));
    drop(large);
    assert!(pool.try_acquire(1).is_ok());
    assert_charged(&pool, &budget);
    assert_eq!(budget.snapshot().total().peak, 64 * KIB);
}

#[test]
fn what_no_budget_could_ever_give_is_too_large() {
    let budget = Budget::new(20 * KIB);
    let pool = pool(&budget);
    let refused = pool.try_acquire(64 * KIB).expect_err("more than there is");
    assert!(refused.is_over_budget() && refused.is_too_large());
    let waited = pool.acquire_timeout(64 * KIB, Duration::MAX);
    assert!(waited.is_err_and(|why| why.is_too_large()));
    let waited = pool.acquire_timeout(65 * KIB, Duration::MAX);
    assert!(waited.is_err_and(|why| why.is_too_large() && !why.is_over_budget()));
}

#[test]
fn acquire_overdraws_and_counts_it() {
    let budget = Budget::new(20 * KIB);
    let pool = pool(&budget);
    let large = pool.acquire(64 * KIB);
    assert!(large.is_pooled());
    let beyond = pool.acquire(200 * KIB);
    assert!(!beyond.is_pooled());
    let report = budget.snapshot();
    assert_eq!(
        (report.total().used, report.total().overdrafts),
        (264 * KIB, 2)
    );
    assert_eq!(pool.stats().fallback_bytes_out, 200 * KIB as u64);
    drop(beyond);
    assert_eq!(pool.stats().fallback_bytes_out, 0);
    assert_charged(&pool, &budget);
    drop(large);
    pool.trim(0);
    assert_eq!(budget.used(), 0);
}

/// Memory from elsewhere: before it overdraws, what idles makes room for it; and wherever it comes from, it is charged as long as a buffer has it.
#[test]
fn fallbacks_are_charged_while_a_buffer_has_them() {
    let budget = Budget::new(300 * KIB);
    let pool = pool(&budget);
    let held: Vec<_> = (0..4).map(|_| pool.acquire(1)).collect();
    let idle: Vec<_> = (0..4).map(|_| pool.acquire(60 * KIB)).collect();
    drop(idle);
    let small = pool.acquire(1);
    assert!(!small.is_pooled());
    assert_eq!(budget.used(), 4 * 4 * KIB + 4 * 64 * KIB + 4 * KIB);
    let large = pool.acquire(256 * KIB);
    assert_eq!(budget.snapshot().total().overdrafts, 0);
    assert_eq!(large.as_ptr().align_offset(4096), 0, "mapped");
    let mapped = large.into_lease().expect("a slot of its own").0;
    drop((small, held));
    pool.trim(0);
    assert_eq!(budget.used(), 256 * KIB);
    drop(mapped);
    assert_eq!(budget.used(), 0);
}

#[test]
fn growing_is_charged_as_acquiring_is() {
    let budget = Budget::new(1 << 20);
    let pool = pool(&budget);
    let mut buffer = pool.acquire(1);
    for len in [10 * KIB, 60 * KIB, 100 * KIB, 300 * KIB] {
        buffer.resize(len);
        pool.trim(0);
        assert_eq!(budget.used(), buffer.capacity().next_multiple_of(4096));
    }
}

#[test]
fn a_larger_slot_is_borrowed_within_the_waste_allowed() {
    let budget = Budget::new(1 << 20);
    let pool = builder(&budget).borrow_up_to(100).build().expect("small");
    let held: Vec<_> = (0..4).map(|_| pool.acquire(4 * KIB)).collect();
    let borrowed = pool.try_acquire(4 * KIB);
    assert!(
        borrowed.is_err_and(|why| why.is_exhausted()),
        "four times as much"
    );
    let held_too: Vec<_> = (0..4).map(|_| pool.acquire(16 * KIB)).collect();
    assert!(pool.try_acquire(16 * KIB).is_err());
    drop(held);
    let generous = builder(&budget).borrow_up_to(300).build().expect("small");
    let all: Vec<_> = (0..4).map(|_| generous.acquire(4 * KIB)).collect();
    let borrowed = generous.try_acquire(4 * KIB).expect("a larger one");
    assert_eq!((borrowed.len(), borrowed.capacity()), (4 * KIB, 16 * KIB));
    let stats = generous.stats();
    assert_eq!(
        (stats.borrowed, stats.classes()[1].borrowed, stats.recycles),
        (1, 1, 5)
    );
    drop((all, held_too));
}

#[test]
fn classes_that_cannot_be_given_back_are_charged_whole() {
    let budget = Budget::new(1 << 20);
    let heap = builder(&budget).region(RegionSource::Heap).build();
    let heap = heap.expect("there is room");
    let whole = 4 * (4 + 16 + 64) * KIB;
    assert!(budget.used() >= whole);
    drop(heap.acquire(1));
    assert_eq!((heap.trim(0), heap.stats().classes()[0].vacant), (0, 0));
    drop(heap);
    assert_eq!(budget.used(), 0);
    let small = Budget::new(whole - 1);
    let refused = builder(&small).region(RegionSource::Heap).build();
    assert!(refused.is_err_and(|why| why.is_over_budget() && !why.is_out_of_memory()));
    assert_eq!(small.used(), 0);
    // Slots that are no pages, beside others that are.
    let mixed = Classes::new([64, 4 * KIB]);
    let mixed = builder(&budget).classes(mixed).build().expect("small");
    assert_eq!(budget.used(), 4096, "four slots of 64 bytes are one page");
    drop(mixed);
}

#[test]
fn a_lowered_limit_takes_back_what_idles_when_memory_is_asked_for() {
    let budget = Budget::new(1 << 20);
    let pool = pool(&budget);
    drop([(); 3].map(|()| pool.acquire(64 * KIB)));
    budget.set_limit(16 * KIB).expect("no floors");
    let buffer = pool.try_acquire(16 * KIB).expect("what idles goes");
    assert_eq!(budget.used(), 16 * KIB);
    drop(buffer);
}

/// What a thread keeps for itself is bounded in bytes: the rest of what it drops is at hand for everybody. And a trim, by whomever, finds all of it.
#[test]
fn a_threads_cache_is_bounded_in_bytes_and_swept_by_a_trim() {
    const SLOTS: usize = 32;
    let budget = Budget::new(1 << 20);
    let builder = builder(&budget).capacity_per_class(2 * SLOTS);
    let pool = builder.thread_cache_bytes(8 * 4 * KIB).build();
    let pool = pool.expect("small");
    drop([(); SLOTS].map(|()| pool.acquire(1)));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let held = [(); SLOTS].map(|()| pool.acquire(1));
            let brought_in = pool.stats().classes()[0].brought_in;
            let missed = usize::try_from(brought_in).expect("few") - SLOTS;
            assert!(missed <= 8, "{missed} were kept by the other thread");
            drop(held);
            let idle = pool.stats().idle_bytes();
            assert_eq!(idle, (SLOTS + missed) * 4 * KIB);
            assert_eq!((pool.trim(0), budget.used()), (idle, 0));
        });
    });
}

#[test]
fn decay_gives_back_what_was_not_used_for_a_while() {
    let budget = Budget::new(1 << 20);
    let pool = builder(&budget).decay_every(Duration::ZERO).build();
    let pool = pool.expect("small");
    let burst: Vec<_> = (0..4).map(|_| pool.acquire(64 * KIB)).collect();
    drop(burst);
    pool.tick(); // What idles now did not idle before the burst.
    let mut left = vec![budget.used()];
    for _ in 0..4 {
        pool.tick();
        left.push(budget.used());
    }
    assert_eq!(left, [256, 128, 64, 0, 0].map(|it| it * KIB));
}

/// What the process has locked in memory.
#[cfg(not(miri))]
fn locked_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find(|line| line.starts_with("VmLck:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.and_then(|kib| kib.parse().ok()).expect("a number")
}

/// A page that is locked into memory is one that the system does not give up.
#[test]
#[cfg(not(miri))]
fn what_the_system_does_not_take_back_stays_charged() {
    let budget = Budget::new(1 << 20);
    let pool = pool(&budget);
    let [locked, other] = [(); 2].map(|()| pool.acquire(1));
    let page = locked.as_ptr().cast();
    // SAFETY: a page of the pool's, which lives to the end of this function; its bytes are not touched.
    let was_locked = unsafe { libc::mlock(page, 4096) } == 0;
    // Some instruments make the call do nothing.
    if !was_locked || locked_kib() == 0 {
        println!("skipped: this process may lock no memory");
        return;
    }
    drop((other, locked)); // Given back last: found first.
    assert_eq!((pool.trim(0), budget.used()), (0, 8 * KIB));
    assert_charged(&pool, &budget);
    assert_eq!(pool.stats().classes()[0].idle, 2);
    // SAFETY: the page that was locked, of the pool, which lives.
    unsafe { libc::munlock(page, 4096) };
    assert_eq!((pool.trim(0), budget.used()), (8 * KIB, 0));
    assert_charged(&pool, &budget);
}

/// Every path on which the pool of a class says no leaves the counts right.
#[test]
fn refusals_on_purpose_leave_the_counts_right() {
    for nth in 1..24 {
        let budget = Budget::new(100 * KIB);
        // Each class's stock begins with four.
        let pool = builder(&budget).faults(Faults::Nth(4 + nth)).build();
        let pool = pool.expect("nothing is charged yet");
        let mut held: Vec<PooledBuffer> = Vec::new();
        for round in 0..12 {
            let min = [1, 10 * KIB, 60 * KIB][round % 3];
            match round % 4 {
                3 => held.clear(),
                2 => held.push(pool.acquire(min)),
                _ => held.extend(pool.try_acquire(min)),
            }
            if round == 7 {
                pool.trim(0);
            }
            let stats = pool.stats();
            let charged = stats.in_use_bytes() + stats.idle_bytes();
            let elsewhere = usize::try_from(stats.fallback_bytes_out).expect("small");
            assert_eq!(
                budget.used(),
                charged + elsewhere,
                "fault {nth}, round {round}\n{stats}"
            );
        }
        held.clear();
        // A fault may stop one trim.
        pool.trim(0);
        pool.trim(0);
        assert_eq!(budget.used(), 0, "fault {nth}");
    }
}

mod waiting {
    use super::*;

    /// The slot of the class itself, without a look at the budget.
    #[test]
    fn a_slot_of_the_class_that_comes_home_is_handed_over() {
        let budget = Budget::new(8 * KIB);
        let pool = pool(&budget);
        let [first, second] = [(); 2].map(|()| pool.try_acquire(1).expect("two"));
        let (task, mut waits) = (Task::default(), pool.acquire_async(1));
        assert!(task.poll(&mut waits).is_pending());
        drop(first);
        assert_eq!(task.wakes(), 1);
        assert!(matches!(task.poll(&mut waits), Poll::Ready(Ok(buffer)) if buffer.len() == 1));
        assert_eq!(budget.used(), 8 * KIB);
        drop(second);
    }

    /// Bytes that idle are not free by themselves: a drop while somebody waits makes them so.
    #[test]
    fn what_comes_home_in_other_classes_becomes_bytes_for_who_waits() {
        let budget = Budget::new(64 * KIB);
        let pool = pool(&budget);
        let mut small: Vec<_> = (0..4).map(|_| pool.acquire(16 * KIB)).collect();
        let (task, mut waits) = (Task::default(), pool.acquire_async(60 * KIB));
        assert!(task.poll(&mut waits).is_pending());
        while small.pop().is_some() {
            assert!(task.wakes() > 0 || small.len() < 4);
            if small.is_empty() {
                break;
            }
            assert!(task.poll(&mut waits).is_pending());
        }
        let Poll::Ready(Ok(large)) = task.poll(&mut waits) else {
            panic!("64 KiB are free");
        };
        assert_eq!((large.capacity(), budget.used()), (64 * KIB, 64 * KIB));
        drop(large);
        assert_charged(&pool, &budget);
    }

    #[test]
    fn a_class_whose_slots_are_all_out_is_waited_for() {
        let budget = Budget::new(1 << 20);
        let pool = pool(&budget);
        let mut held: Vec<_> = (0..4).map(|_| pool.acquire(1)).collect();
        let (task, mut waits) = (Task::default(), pool.acquire_async(1));
        assert!(task.poll(&mut waits).is_pending());
        // Others' idle memory does not help, and a trim does not take what it waits for.
        drop(pool.acquire(60 * KIB));
        assert!(task.poll(&mut waits).is_pending());
        held.pop();
        pool.trim(0);
        assert!(matches!(task.poll(&mut waits), Poll::Ready(Ok(_))));
        drop(waits);
        held.clear();
        pool.trim(0);
        assert_eq!(budget.used(), 0);
    }

    /// A request that is dropped loses neither a slot nor a byte, at whatever point.
    #[test]
    fn a_cancelled_request_loses_nothing() {
        for steps in 0..6 {
            let budget = Budget::new(64 * KIB);
            let pool = pool(&budget);
            let mut small: Vec<_> = (0..4).map(|_| pool.acquire(16 * KIB)).collect();
            let task = Task::default();
            let (mut first, mut second) =
                (pool.acquire_async(60 * KIB), pool.acquire_async(60 * KIB));
            for step in 0..steps {
                match step {
                    0 => assert!(task.poll(&mut first).is_pending()),
                    1 => assert!(task.poll(&mut second).is_pending()),
                    2 => drop(small.pop()),
                    3 => assert!(task.poll(&mut first).is_pending()),
                    _ => drop(small.pop()),
                }
            }
            drop(first);
            small.clear();
            let mut polls = 0;
            while task.poll(&mut second).is_pending() {
                polls += 1;
                assert!(polls < 10, "{steps} steps: the other one is served");
            }
            drop(second);
            pool.trim(0);
            assert_eq!(budget.used(), 0, "{steps} steps");
        }
    }

    #[test]
    fn a_raised_limit_and_others_bytes_end_the_waiting() {
        let budget = Budget::new(4 * KIB);
        let pool = pool(&budget);
        let held = pool.acquire(1);
        let (task, mut waits) = (Task::default(), pool.acquire_async(1));
        assert!(task.poll(&mut waits).is_pending());
        budget.set_limit(8 * KIB).expect("no floors");
        assert!(matches!(task.poll(&mut waits), Poll::Ready(Ok(_))));
        drop((held, waits));
        pool.trim(0);
        let others = budget.try_charge(8 * KIB).expect("all of it");
        let mut waits = pool.acquire_async(1);
        assert!(task.poll(&mut waits).is_pending());
        drop(others);
        assert!(matches!(task.poll(&mut waits), Poll::Ready(Ok(_))));
    }

    #[test]
    fn a_time_of_zero_asks_once() {
        let budget = Budget::new(4 * KIB);
        let pool = pool(&budget);
        let held = pool
            .acquire_timeout(1, Duration::ZERO)
            .expect("there is room");
        let late = pool
            .acquire_timeout(1, Duration::ZERO)
            .expect_err("no room");
        assert!(late.is_timed_out() && !late.is_too_large());
        drop(held);
        assert!(pool.acquire_timeout(1, Duration::ZERO).is_ok());
    }

    /// Threads that need ten times the budget take turns.
    #[test]
    fn a_load_of_many_threads_never_exceeds_the_budget() {
        let budget = Budget::new(128 * KIB);
        let pool = builder(&budget).capacity_per_class(64).build();
        let pool = pool.expect("nothing is charged yet");
        let rounds = if cfg!(miri) { 3 } else { 60 };
        std::thread::scope(|scope| {
            for thread in 0..8_usize {
                let pool = &pool;
                scope.spawn(move || {
                    for round in 0..rounds {
                        let min = [100, 10 * KIB, 60 * KIB][(thread + round) % 3];
                        let mut buffer = pool.acquire_timeout(min, Duration::MAX).expect("in turn");
                        buffer.fill(thread as u8);
                        std::thread::yield_now();
                        assert!(buffer.iter().all(|byte| usize::from(*byte) == thread));
                    }
                });
            }
        });
        let report = budget.snapshot();
        assert!(report.total().peak <= 128 * KIB, "{report}");
        assert_eq!(report.total().overdrafts, 0);
        pool.trim(0);
        assert_eq!(budget.used(), 0);
    }
}

mod tenants {
    use super::*;

    fn child(budget: &Budget, number: u16, floor: usize, ceiling: usize) -> Budget {
        let child = budget.child().tenant(Tenant::new(number));
        let child = child.floor_bytes(floor).ceiling_bytes(ceiling);
        child.build().expect("there is room")
    }

    #[test]
    fn what_a_tenant_has_out_is_charged_to_it_once() {
        let budget = Budget::new(1 << 20);
        let alice = child(&budget, 1, 0, 32 * KIB);
        let pool = pool(&budget);
        let hers = pool.tenant(Tenant::new(1)).expect("she has a budget");
        let buffers = [(); 2].map(|()| hers.try_acquire(16 * KIB).expect("two"));
        assert_eq!((alice.used(), budget.used()), (32 * KIB, 32 * KIB));
        let refused = hers.try_acquire(1).expect_err("her ceiling");
        assert!(refused.is_over_budget());
        drop(buffers);
        assert_eq!((alice.used(), budget.used()), (0, 32 * KIB));
        // Memory that idles changes hands without new memory.
        let again = hers.acquire(16 * KIB);
        assert_eq!((alice.used(), budget.used()), (16 * KIB, 32 * KIB));
        let lease = again.into_lease().expect("a slot").0;
        assert_eq!(alice.used(), 0, "lowered, it is the pool's");
        drop(lease);
        pool.trim(0);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn a_floor_is_kept_for_its_tenant() {
        let budget = Budget::new(64 * KIB);
        let alice = child(&budget, 1, 48 * KIB, 64 * KIB);
        let pool = pool(&budget);
        let ours = pool.try_acquire(16 * KIB).expect("beside her floor");
        assert!(pool.try_acquire(1).is_err());
        let hers = pool.tenant(Tenant::new(1)).expect("she has a budget");
        let buffers = [(); 3].map(|()| hers.try_acquire(16 * KIB).expect("her floor"));
        assert_eq!(alice.used(), 48 * KIB);
        drop(buffers);
        // Idle memory may not fill her floor: it went back.
        assert_eq!(alice.used(), 0);
        assert!(budget.used() <= 16 * KIB);
        drop(ours);
        assert!(budget.snapshot().total().peak <= 64 * KIB);
    }

    #[test]
    fn a_tenant_at_its_ceiling_waits_for_its_own_and_others_go_on() {
        let budget = Budget::new(1 << 20);
        let alice = child(&budget, 1, 0, 16 * KIB);
        let pool = pool(&budget);
        let hers = pool.tenant(Tenant::new(1)).expect("she has a budget");
        let first = hers.acquire(16 * KIB);
        let (task, mut waits) = (Task::default(), hers.acquire_async(16 * KIB));
        assert!(task.poll(&mut waits).is_pending());
        drop(pool.try_acquire(16 * KIB).expect("others go on"));
        assert!(task.poll(&mut waits).is_pending());
        drop(first);
        assert!(matches!(task.poll(&mut waits), Poll::Ready(Ok(_))));
        assert_eq!(alice.used(), 0, "the answer was dropped");
    }

    /// Nobody else's memory would help, so it idles as ever.
    #[test]
    fn who_waits_at_a_ceiling_takes_nothing_from_others() {
        let budget = Budget::new(1 << 20);
        let alice = child(&budget, 1, 0, 16 * KIB);
        let pool = pool(&budget);
        let hers = pool.tenant(Tenant::new(1)).expect("she has a budget");
        let first = hers.acquire(16 * KIB);
        let (task, mut waits) = (Task::default(), hers.acquire_async(16 * KIB));
        assert!(task.poll(&mut waits).is_pending());
        for _ in 0..3 {
            drop([1, 16 * KIB, 64 * KIB].map(|min| pool.acquire(min)));
            assert_eq!(pool.stats().idle_bytes(), 84 * KIB);
        }
        assert_eq!(task.wakes(), 0);
        alice.set_limit(32 * KIB).expect("no floors");
        assert_eq!(task.wakes(), 1);
        let Poll::Ready(Ok(second)) = task.poll(&mut waits) else {
            panic!("there is room");
        };
        assert_eq!(alice.used(), 32 * KIB);
        let of_class: u64 = pool.stats().classes()[1].brought_in;
        assert_eq!(of_class, 2, "what idled is enough");
        drop((first, second));
    }

    /// Also when the budget above has no room: what came home is hers for the asking, and in another class it makes room.
    #[test]
    fn who_waits_at_a_ceiling_is_served_by_what_is_given_back_below_it() {
        for held in [vec![16 * KIB], vec![1; 4]] {
            let budget = Budget::new(32 * KIB);
            let alice = child(&budget, 1, 0, 16 * KIB);
            let pool = pool(&budget);
            let hers = pool.tenant(Tenant::new(1)).expect("she has a budget");
            let others = pool.try_acquire(16 * KIB).expect("half of it");
            let mut held: Vec<_> = held
                .into_iter()
                .map(|min| hers.try_acquire(min).expect("the other half"))
                .collect();
            let (task, mut waits) = (Task::default(), hers.acquire_async(16 * KIB));
            assert!(task.poll(&mut waits).is_pending());
            while let Some(buffer) = held.pop() {
                assert_eq!(task.wakes(), 0);
                drop(buffer);
            }
            assert!(task.wakes() > 0);
            let Poll::Ready(Ok(buffer)) = task.poll(&mut waits) else {
                panic!("what she had is home");
            };
            assert_eq!((alice.used(), budget.used()), (16 * KIB, 32 * KIB));
            drop((others, buffer));
            assert_charged(&pool, &budget);
        }
    }

    #[test]
    fn growing_keeps_the_tenant() {
        let budget = Budget::new(1 << 20);
        let alice = child(&budget, 1, 0, 1 << 20);
        let pool = pool(&budget);
        let hers = pool.tenant(Tenant::new(1)).expect("she has a budget");
        let mut buffer = hers.acquire(1);
        for len in [10 * KIB, 300 * KIB, 700 * KIB] {
            buffer.resize(len);
            assert_eq!(alice.used(), buffer.capacity().next_multiple_of(4096));
        }
        drop(buffer);
        assert_eq!(alice.used(), 0);
    }

    #[test]
    fn there_is_no_tenant_without_a_budget_of_its_own() {
        let budget = Budget::new(1 << 20);
        assert!(pool(&budget).tenant(Tenant::new(1)).is_err());
        assert!(BufferPool::new(1).tenant(Tenant::new(1)).is_err());
        let _alice = child(&budget, 1, 0, 1000);
        let whole = builder(&budget).region(RegionSource::Heap).build();
        assert!(whole.expect("small").tenant(Tenant::new(1)).is_err());
    }
}
