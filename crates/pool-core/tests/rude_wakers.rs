//! Wakers whose every part may panic, or use the pool: no slot, no byte and no other wake-up is lost by them.
#![cfg(feature = "std")]

mod executor;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, RawWaker, RawWakerVTable, Wake, Waker};

use executor::Task;
use pool_core::{Budget, Lease, Pool};

/// What a waker made of this does: gives a slot back when it is cloned, and panics when a clone is dropped.
struct GivesBack {
    lease: std::cell::Cell<Option<Lease>>,
    was_dropped: AtomicBool,
}

impl GivesBack {
    const TABLE: RawWakerVTable = RawWakerVTable::new(
        |this| {
            // SAFETY: made by `waker` from a reference that outlives every waker of the test.
            let it = unsafe { &*this.cast::<Self>() };
            drop(it.lease.take());
            RawWaker::new(this, &Self::TABLE_OF_CLONE)
        },
        |_| {},
        |_| {},
        |_| {},
    );

    const TABLE_OF_CLONE: RawWakerVTable = RawWakerVTable::new(
        |this| RawWaker::new(this, &Self::TABLE_OF_CLONE),
        |_| {},
        |_| {},
        |this| {
            // SAFETY: made by `waker` from a reference that outlives every waker of the test.
            let it = unsafe { &*this.cast::<Self>() };
            it.was_dropped.store(true, Ordering::Relaxed);
            panic!("rude")
        },
    );

    fn waker(&self) -> Waker {
        let raw = RawWaker::new(std::ptr::from_ref(self).cast(), &Self::TABLE);
        // SAFETY: the table's functions do what they are to do with the reference, on this one thread.
        unsafe { Waker::from_raw(raw) }
    }
}

/// The slot comes home between the look at the pool and the place in the queue, so there is no place; and then the waker that was cloned for it panics.
#[test]
fn a_waker_that_panics_when_it_is_dropped_takes_no_slot_with_it() {
    for slots in [1, 16] {
        let pool = Pool::builder().slots(slots).slot_bytes(64).build();
        let pool = pool.expect("a few bytes");
        let mut all: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
        let rude = GivesBack {
            lease: all.pop().into(),
            was_dropped: AtomicBool::new(false),
        };
        {
            let mut future = pin!(pool.alloc_async());
            let waker = rude.waker();
            let poll = || future.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(catch_unwind(AssertUnwindSafe(poll)).is_err());
        }
        assert!(rude.was_dropped.load(Ordering::Relaxed));
        drop(all);
        assert_eq!(pool.free_count(), slots);
        let again: Vec<_> = std::iter::from_fn(|| pool.alloc()).collect();
        assert_eq!(again.len(), slots);
    }
}

/// What a panic says here panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        // With nothing to be dropped in its turn.
        std::panic::panic_any(());
    }
}

struct Bomber;

impl Wake for Bomber {
    fn wake(self: Arc<Self>) {
        std::panic::panic_any(Bomb);
    }
}

/// All are woken by one call, and of several panics the first goes on.
#[test]
fn what_a_second_panic_says_keeps_nobody_asleep() {
    let budget = Budget::new(30);
    let held = budget.try_charge(30).expect("all of it");
    let bomber = Waker::from(Arc::new(Bomber));
    let mut rude = [(); 2].map(|()| Box::pin(budget.charge_async(10)));
    for request in &mut rude {
        let poll = request.as_mut().poll(&mut Context::from_waker(&bomber));
        assert!(poll.is_pending());
    }
    let (task, mut last) = (Task::default(), budget.charge_async(10));
    assert!(task.poll(&mut last).is_pending());
    let said = catch_unwind(AssertUnwindSafe(|| drop(held))).expect_err("two panics");
    assert!(said.is::<Bomb>());
    std::mem::forget(said);
    assert_eq!(task.wakes(), 1, "behind both");
    drop((rude, last));
    assert_eq!(budget.used(), 0);
}
