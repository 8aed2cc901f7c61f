//! Waiting for bytes: the order, leaving the queue, wakers that misbehave, threads that block.
#![cfg(feature = "std")]

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use pool_core::{Budget, Charge, ChargeError, Charging};

/// Longer than any of these tests takes.
const LONG: Duration = Duration::from_secs(600);

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        // Relaxed: read after the threads were joined, or on the same one.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A request, and how often it was woken.
struct Request {
    future: Pin<Box<Charging>>,
    count: Arc<Count>,
}

impl Request {
    fn new(budget: &Budget, bytes: usize) -> Self {
        Self {
            future: Box::pin(budget.charge_async(bytes)),
            count: Arc::default(),
        }
    }

    /// One that waits.
    fn asleep(budget: &Budget, bytes: usize) -> Self {
        let mut request = Self::new(budget, bytes);
        assert!(request.poll().is_pending());
        request
    }

    fn poll(&mut self) -> Poll<Result<Charge, ChargeError>> {
        let waker = Waker::from(Arc::clone(&self.count));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn wakes(&self) -> usize {
        self.count.0.load(Ordering::Relaxed)
    }

    #[track_caller]
    fn granted(mut self) -> Charge {
        assert_eq!(self.wakes(), 1);
        match self.poll() {
            Poll::Ready(Ok(charge)) => charge,
            other => panic!("not granted: {other:?}"),
        }
    }
}

#[test]
fn a_large_request_is_not_starved_by_small_ones_behind_it() {
    let budget = Budget::new(100);
    let mut held: Vec<_> = (0..10).map(|_| budget.try_charge(10).unwrap()).collect();
    let large = Request::asleep(&budget, 60);
    let small = Request::asleep(&budget, 10);
    for _ in 0..5 {
        held.pop();
        assert_eq!((large.wakes(), small.wakes()), (0, 0));
        assert!(
            Request::new(&budget, 1).poll().is_pending(),
            "not before them"
        );
    }
    held.pop();
    let charge = large.granted();
    assert_eq!(small.wakes(), 0);
    held.pop();
    let next = small.granted();
    assert_eq!(budget.used(), 100);
    assert_eq!(budget.snapshot().total().waited, 7);
    drop((charge, next, held));
    assert_eq!(budget.used(), 0);
}

/// A charge that does not wait asks the limits only; one that asks in turn does not get ahead.
#[test]
fn to_ask_in_turn_without_waiting_is_a_time_of_zero() {
    let budget = Budget::new(100);
    let _held = budget.try_charge(50).unwrap();
    let _large = Request::asleep(&budget, 60);
    let error = budget.charge_timeout(10, Duration::ZERO).unwrap_err();
    assert!(error.is_timed_out(), "{error}");
    drop(budget.try_charge(10).unwrap());
}

#[test]
fn who_waits_at_its_own_ceiling_does_not_hold_up_the_others() {
    let budget = Budget::new(100);
    let alice = budget.child().ceiling_bytes(30).build().unwrap();
    let bob = budget.child().build().unwrap();
    let hers = alice.try_charge(30).unwrap();
    let more = Request::asleep(&alice, 20);
    let his = match Request::new(&bob, 70).poll() {
        Poll::Ready(Ok(charge)) => charge,
        other => panic!("alice waits for herself: {other:?}"),
    };
    // Now both wait for the same room, she first.
    let rest = Request::asleep(&bob, 10);
    drop(hers);
    drop(more.granted());
    drop(rest.granted());
    drop(his);
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_floor_is_granted_past_those_who_wait_above_it() {
    let budget = Budget::new(100);
    let alice = budget.child().floor_bytes(40).build().unwrap();
    let _others = budget.try_charge(60).unwrap();
    let _waits = Request::asleep(&budget, 10);
    assert!(matches!(
        Request::new(&alice, 40).poll(),
        Poll::Ready(Ok(_))
    ));
}

#[test]
fn leaving_the_queue_lets_those_behind_go_on() {
    let budget = Budget::new(100);
    let held = budget.try_charge(90).unwrap();
    let first = Request::asleep(&budget, 50);
    let second = Request::asleep(&budget, 10);
    let third = Request::asleep(&budget, 95);
    drop(first);
    let second = second.granted();
    assert_eq!(third.wakes(), 0);
    drop(held);
    assert_eq!(third.wakes(), 0);
    drop(second);
    // Granted, and dropped before it was asked again.
    assert_eq!((third.wakes(), budget.used()), (1, 95));
    let fourth = Request::asleep(&budget, 100);
    drop(third);
    drop(fourth.granted());
    assert_eq!(budget.used(), 0);
    assert_eq!(budget.snapshot().total().waiting, 0);
}

#[test]
fn what_can_never_be_is_refused_at_once_and_when_it_becomes_so() {
    let budget = Budget::new(100);
    let error = budget.charge_timeout(101, LONG).unwrap_err();
    assert!(error.is_too_large(), "{error}");
    let held = budget.try_charge(100).unwrap();
    let mut large = Request::asleep(&budget, 80);
    let small = Request::asleep(&budget, 10);
    budget.set_limit(70).unwrap();
    assert_eq!(large.wakes(), 1);
    match large.poll() {
        Poll::Ready(Err(error)) => assert!(error.is_too_large()),
        other => panic!("{other:?}"),
    }
    drop(held);
    drop(small.granted());

    let held = budget.try_charge(30).unwrap();
    let mut large = Request::asleep(&budget, 60);
    let _child = budget.child().floor_bytes(20).build().unwrap();
    assert!(matches!(large.poll(), Poll::Ready(Err(_))));
    drop(held);
}

#[test]
fn raising_a_limit_serves_who_waits() {
    let budget = Budget::new(10);
    let _held = budget.try_charge(10).unwrap();
    let next = Request::asleep(&budget, 10);
    budget.set_limit(20).unwrap();
    assert_eq!(next.granted().bytes(), 10);
}

#[test]
fn moving_away_and_ending_children_serve_who_waits() {
    let budget = Budget::new(100);
    let child = budget.child().floor_bytes(50).build().unwrap();
    let mut charge = budget.try_charge(50).unwrap();
    let next = Request::asleep(&budget, 20);
    charge.move_to(&child).unwrap();
    let next = next.granted();
    charge.move_to(&Budget::new(50)).unwrap();
    let last = Request::asleep(&budget, 40);
    drop(child);
    drop((last.granted(), next));
}

#[test]
fn a_request_keeps_its_budget() {
    let budget = Budget::new(10);
    let child = budget.child().build().unwrap();
    let held = budget.try_charge(10).unwrap();
    let request = Request::asleep(&child, 5);
    drop(child);
    drop(budget);
    drop(held);
    let charge = request.granted();
    assert_eq!(charge.budget().parent().unwrap().used(), 5);
}

#[test]
#[should_panic(expected = "polled again after it was ready")]
fn a_request_that_has_its_answer_is_not_polled_again() {
    let mut request = Request::new(&Budget::new(10), 1);
    assert!(request.poll().is_ready());
    let _ = request.poll();
}

struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("this waker panics");
    }
}

#[test]
fn a_waker_that_panics_loses_no_byte_and_no_other_wake_up() {
    let budget = Budget::new(20);
    let held = budget.try_charge(20).unwrap();
    let mut bomb = pin!(budget.charge_async(10));
    let waker = Waker::from(Arc::new(Bomb));
    assert!(
        bomb.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let next = Request::asleep(&budget, 10);
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(held)));
    assert!(dropped.is_err(), "the panic goes on");
    let next = next.granted();
    let poll = bomb.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(matches!(poll, Poll::Ready(Ok(_))), "granted all the same");
    drop((poll, next));
    assert_eq!(budget.used(), 0);
}

/// Two panics at once would end the process.
#[test]
fn a_waker_that_panics_while_a_panic_is_under_way_is_heard_no_more() {
    let budget = Budget::new(10);
    let held = budget.try_charge(10).unwrap();
    let mut bomb = pin!(budget.charge_async(10));
    let waker = Waker::from(Arc::new(Bomb));
    assert!(
        bomb.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let _held = held;
        panic!("the first");
    }));
    assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), "the first");
    assert_eq!(budget.used(), 10, "granted to who waited");
}

/// Wakes by giving back what it holds, and is dropped where it was kept.
struct Chain(Mutex<Option<Charge>>);

impl Wake for Chain {
    fn wake(self: Arc<Self>) {
        self.0.lock().unwrap().take();
    }
}

#[test]
fn wakers_and_their_drops_may_use_the_budget() {
    let budget = Budget::new(30);
    let held = budget.try_charge(10).unwrap();
    let chained = Arc::new(Chain(Mutex::new(budget.try_charge(20).ok())));
    let mut first = pin!(budget.charge_async(10));
    let waker = Waker::from(chained);
    assert!(
        first
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(waker);
    let second = Request::asleep(&budget, 20);
    drop(held);
    drop(second.granted());
    let poll = first.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(poll, Poll::Ready(Ok(_))));
    drop(poll);

    // A waker that is replaced is dropped with what it holds, outside the lock.
    let held = budget.try_charge(10).unwrap();
    let mut last = pin!(budget.charge_async(20));
    let chained = Arc::new(Chain(Mutex::new(budget.try_charge(10).ok())));
    let waker = Waker::from(chained);
    assert!(
        last.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(waker);
    let poll = last.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll.is_pending());
    assert_eq!(budget.used(), 30, "granted when the old waker was dropped");
    drop(held);
    let poll = last.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll.is_ready());
}

/// A charge beside the queue can make an older request wait elsewhere, so that a younger one's turn comes.
#[test]
fn a_charge_that_bars_an_older_request_lets_a_younger_one_pass() {
    let budget = Budget::new(100);
    let alice = budget.child().ceiling_bytes(50).build().unwrap();
    let _held = budget.try_charge(80).unwrap();
    let older = Request::asleep(&alice, 45);
    let younger = Request::asleep(&budget, 10);
    let barring = alice.try_charge(10).unwrap();
    let younger = younger.granted();
    assert_eq!(older.wakes(), 0);
    drop((barring, younger));
    assert_eq!(older.wakes(), 0);
}

#[test]
fn a_thread_waits_until_there_is_room() {
    let budget = Budget::new(10);
    let held = budget.try_charge(10).unwrap();
    let waiting = {
        let budget = budget.clone();
        thread::spawn(move || budget.charge_timeout(10, LONG).map(|it| it.bytes()))
    };
    while budget.snapshot().total().waiting == 0 {
        thread::yield_now();
    }
    drop(held);
    assert_eq!(waiting.join().unwrap().unwrap(), 10);
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_thread_whose_time_is_over_leaves_the_queue() {
    let budget = Budget::new(10);
    let held = budget.try_charge(5).unwrap();
    let error = budget
        .charge_timeout(6, Duration::from_millis(1))
        .unwrap_err();
    assert!(error.is_timed_out());
    assert_eq!(
        error.to_string(),
        "budget: 6 B more were not granted within the time given: 5 of 10 B are taken, and older requests go first"
    );
    let now = budget.snapshot();
    assert_eq!((now.total().waiting, now.total().refused), (0, 1));
    assert!(budget.charge_timeout(5, Duration::ZERO).is_ok());
    drop(held);
    assert_eq!(
        budget.charge_timeout(10, Duration::MAX).unwrap().bytes(),
        10
    );
}

/// Whoever could make room in a budget above learns that it would help nobody, and later that it would.
#[test]
fn who_waits_at_its_own_limit_is_woken_when_that_has_room() {
    let parent = Budget::new(100);
    let child = parent.child().ceiling_bytes(30).build().expect("small");
    let ours = child.try_charge(30).unwrap();
    let mut first = Request::asleep(&child, 20);
    let mut second = Request::asleep(&child, 10);
    let uninterested = Request::asleep(&child, 30);
    assert!(first.future.is_held_by_own_limit() && second.future.is_held_by_own_limit());
    let others = parent.try_charge(70).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (0, 0));
    // The child has room now, and the parent has not.
    let mut moved = ours;
    moved.move_to(&parent).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (1, 1));
    assert_eq!(uninterested.wakes(), 0);
    assert!(first.poll().is_pending() && second.poll().is_pending());
    assert!(!first.future.is_held_by_own_limit() && !second.future.is_held_by_own_limit());
    drop((moved, others));
    let all = [first, second].map(|mut request| {
        assert_eq!(request.wakes(), 2);
        request.poll()
    });
    assert!(
        all.iter()
            .all(|answer| matches!(answer, Poll::Ready(Ok(_))))
    );
    drop(all);
    let answer = uninterested.granted();
    assert_eq!(child.used(), 30);
    drop(answer);
}

#[test]
fn who_leaves_its_own_limit_is_forgotten_there() {
    let parent = Budget::new(100);
    let child = parent.child().ceiling_bytes(30).build().expect("small");
    let ours = child.try_charge(30).unwrap();
    let request = Request::asleep(&child, 20);
    assert!(request.future.is_held_by_own_limit());
    drop(request);
    let fresh = Request::new(&child, 1);
    assert!(!fresh.future.is_held_by_own_limit(), "it has not asked yet");
    child.set_limit(60).expect("within the parent");
    drop(ours);
    assert_eq!(child.used(), 0);
}
