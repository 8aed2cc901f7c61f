//! A bridge's waiting, closing and back-pressure, through the public face.

use percore_slab::{Bridge, Closed, PopError, Pressure};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Counts how often it was woken, and ends its thread's sleep.
struct Alarm {
    rings: AtomicUsize,
    sleeper: Thread,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.rings.fetch_add(1, Ordering::Relaxed);
        self.sleeper.unpark();
    }
}

impl Alarm {
    fn for_this_thread() -> (Arc<Self>, Waker) {
        let alarm = Arc::new(Self {
            rings: AtomicUsize::new(0),
            sleeper: thread::current(),
        });
        (alarm.clone(), Waker::from(alarm))
    }

    fn rings(&self) -> usize {
        self.rings.load(Ordering::Relaxed)
    }
}

#[test]
fn a_push_wakes_once_and_only_who_waits() {
    let (alarm, waker) = Alarm::for_this_thread();
    let (mut producer, mut consumer) = Bridge::new(4).expect("small");
    consumer.set_waker(&waker);
    producer.try_push(1).expect("room");
    assert_eq!(alarm.rings(), 0, "nobody waits yet");
    assert!(!consumer.prepare_wait(), "there is a value");
    assert_eq!(consumer.try_pop(), Ok(1));
    assert!(consumer.prepare_wait());
    producer.try_push(2).expect("room");
    producer.try_push(3).expect("room");
    assert_eq!(alarm.rings(), 1, "once per sleep");
    assert_eq!(consumer.try_pop(), Ok(2));
    assert_eq!(consumer.try_pop(), Ok(3));
    assert!(consumer.prepare_wait(), "the waker is kept");
    drop(producer);
    assert_eq!(alarm.rings(), 2, "the end wakes too");
    assert!(!consumer.prepare_wait(), "closed");
    assert_eq!(consumer.try_pop(), Err(PopError::Closed));
}

#[test]
fn a_consumer_that_did_not_sleep_is_not_woken() {
    let (alarm, waker) = Alarm::for_this_thread();
    let (mut producer, mut consumer) = Bridge::new(4).expect("small");
    consumer.set_waker(&waker);
    assert!(consumer.prepare_wait());
    producer.try_push(1).expect("room");
    assert_eq!(consumer.try_pop(), Ok(1));
    assert!(consumer.prepare_wait());
    producer.try_push(2).expect("room");
    assert_eq!(consumer.try_pop(), Ok(2));
    assert!(!{
        producer.try_push(3).expect("room");
        consumer.prepare_wait()
    });
    producer.try_push(4).expect("room");
    assert_eq!(alarm.rings(), 2, "it works, and did not sleep again");
}

#[test]
fn polls_are_woken_by_the_other_end() {
    let (alarm, waker) = Alarm::for_this_thread();
    let mut cx = Context::from_waker(&waker);
    let (mut producer, mut consumer) = Bridge::new(1).expect("small");
    assert_eq!(consumer.poll_pop(&mut cx), Poll::Pending);
    assert_eq!(producer.poll_ready(&mut cx), Poll::Ready(Ok(())));
    producer.try_push(1).expect("room");
    assert_eq!(alarm.rings(), 1);
    assert_eq!(producer.poll_ready(&mut cx), Poll::Pending);
    assert_eq!(consumer.poll_pop(&mut cx), Poll::Ready(Some(1)));
    assert_eq!(alarm.rings(), 2, "room");
    assert_eq!(producer.poll_ready(&mut cx), Poll::Ready(Ok(())));
    producer.try_push(2).expect("room");
    assert_eq!(producer.poll_ready(&mut cx), Poll::Pending);
    drop(consumer);
    assert_eq!(alarm.rings(), 3, "the end of the consumer");
    assert!(matches!(
        producer.poll_ready(&mut cx),
        Poll::Ready(Err(Closed { .. }))
    ));
    assert!(producer.is_closed());

    let (mut producer, mut consumer) = Bridge::new(1).expect("small");
    producer.try_push(1).expect("room");
    drop(producer);
    assert_eq!(consumer.poll_pop(&mut cx), Poll::Ready(Some(1)));
    assert_eq!(consumer.poll_pop(&mut cx), Poll::Ready(None));
    assert_eq!(consumer.poll_pop(&mut cx), Poll::Ready(None));
}

#[test]
fn pressure_has_hysteresis() {
    let (mut producer, mut consumer) = Bridge::new(100).expect("small");
    let mut fill_to = |len: usize| {
        while producer.len() < len {
            producer.try_push(()).expect("room");
        }
        while producer.len() > len {
            consumer.try_pop().expect("a value");
        }
        producer.pressure()
    };
    assert_eq!(fill_to(84), Pressure::Normal);
    assert_eq!(fill_to(85), Pressure::High);
    assert_eq!(fill_to(75), Pressure::High);
    assert_eq!(fill_to(95), Pressure::Critical);
    assert_eq!(fill_to(85), Pressure::Critical);
    assert_eq!(fill_to(84), Pressure::High);
    assert_eq!(fill_to(74), Pressure::Normal);
    assert!(Pressure::Normal < Pressure::High && Pressure::High < Pressure::Critical);
}

#[test]
fn a_capacity_no_memory_has_is_an_error() {
    let refused = Bridge::<[u8; 1 << 40]>::new(1 << 30).expect_err("2^70 bytes");
    assert!(refused.is_out_of_memory(), "{refused}");
    let (producer, consumer) = Bridge::<()>::new(1 << 20).expect("nothing takes no memory");
    assert_eq!(
        (producer.capacity(), consumer.capacity()),
        (1 << 20, 1 << 20)
    );
}

#[test]
fn debug_prints_no_value() {
    let (mut producer, consumer) = Bridge::new(1).expect("small");
    producer.try_push("secret").expect("room");
    let refused = producer.try_push("secret").expect_err("full");
    let text = format!("{producer:?} {consumer:?} {refused:?} {refused}");
    assert!(!text.contains("secret"), "{text}");
}
