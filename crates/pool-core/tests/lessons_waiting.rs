//! Lessons about waiting and reserving, where what runs in the process must be counted.
#![cfg(feature = "std")]

mod pools;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use pool_core::{AllocFuture, Lease};
use pools::pool;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: everything is `System`'s.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is the one asked for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the one asked for.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// How many allocations this thread makes in `work`.
fn allocations_in(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

fn poll(future: &mut AllocFuture<'_>) -> Option<Lease> {
    match Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer.expect("not closed")),
        Poll::Pending => None,
    }
}

/// Slots in the cache of a thread that does nothing are neither waited for nor missed by a reservation.
#[test]
fn l_pool_4_what_lies_in_an_idle_threads_cache_is_neither_waited_for_nor_missed() {
    let pool = pool(64);
    let (ready, is_ready) = mpsc::channel();
    let (stop, stopped) = mpsc::channel::<()>();
    let idle = |ready: mpsc::Sender<()>, stopped: mpsc::Receiver<()>| {
        let some: Vec<_> = std::iter::from_fn(|| pool.alloc()).take(8).collect();
        drop(some);
        ready.send(()).expect("somebody listens");
        stopped.recv().expect_err("nothing is sent");
    };
    thread::scope(|scope| {
        scope.spawn(|| idle(ready, stopped));
        is_ready.recv().expect("it is sent");
        let mut others = pool.reserve(63).expect("64 are free");
        let lease = pool.alloc_timeout(Duration::MAX).expect("one is free");
        assert_eq!((pool.free_count(), pool.stats().waits), (0, 0));
        assert!(others.alloc().is_some());
        drop((lease, others, stop));
    });
}

/// Waiting, serving, going, and reserving allocate nothing, once as many have waited at a time before.
#[test]
fn l_pool_8_waiting_and_reserving_allocate_nothing() {
    for slots in [4, 64] {
        let pool = pool(slots);
        let round = || {
            let mut reserved = pool.reserve(slots).expect("all are free");
            let mut waiters: [_; 20] = std::array::from_fn(|_| pool.alloc_async());
            for waiter in &mut waiters {
                assert!(poll(waiter).is_none());
            }
            while let Some(lease) = reserved.alloc() {
                drop(lease);
            }
            let served = waiters.iter_mut().filter_map(poll).count();
            assert_eq!(served, waiters.len(), "each passes its slot on");
            let all = pool.reserve(slots);
            assert!(pool.alloc_timeout(Duration::from_nanos(1)).is_err());
            drop(all);
        };
        round();
        assert_eq!(allocations_in(round), 0);
    }
}

/// Waits are counted when they begin, refusals when they end.
#[test]
fn l_stat_1_waits_and_refusals_are_what_was_counted_by_hand() {
    let pool = pool(2);
    let mut held = pool.reserve(2).expect("both are free");
    let (mut first, mut second) = (pool.alloc_async(), pool.alloc_async());
    assert!(poll(&mut first).is_none() && poll(&mut second).is_none());
    assert!(poll(&mut first).is_none(), "the same wait");
    assert!(pool.alloc_timeout(Duration::from_nanos(1)).is_err());
    drop(second);
    drop(held.alloc());
    assert!(poll(&mut first).is_some());
    let stats = pool.stats();
    assert_eq!((stats.waits, stats.exhausted, stats.in_use), (3, 1, 1));
    assert_eq!(
        stats.to_string(),
        "1 of 2 slots of 64 B in use, high water 2, 3 allocs, 0 refills, 0 steals, 1 times exhausted, 3 waits, 0 fallbacks (0 B)"
    );
}
