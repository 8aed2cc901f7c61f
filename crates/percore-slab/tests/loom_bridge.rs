//! Models of what a bridge adds to its queue: waking and closing.
//!
//! The queue is a stand-in with the orderings that rtrb documents ([QUEUE-PUSH], [QUEUE-TAIL], [QUEUE-POP], [QUEUE-HEAD],
//! [END-GONE], [END-SEEN]), because loom does not see into rtrb; so is the waker's cell, whose lock synchronises more than the real one:
//! the edge [BELL-ARM] to [BELL-TAKE] is exercised here, but weakening it would not be noticed. The edge [BELL-RING] to
//! [BELL-LOOK] is what the models are about. A wake-up that is lost is a deadlock, which loom reports.
#![cfg(loom)]

mod reached;

use loom::sync::Notify;
use loom::thread;
use percore_slab::{Bridge, Consumer, PopError, Producer};
use reached::{Reached, explore};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

/// A thread's bed. It may be woken for nothing, and loom tries that too.
struct Bed(Notify);

impl Wake for Bed {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

impl Bed {
    fn new() -> (Arc<Self>, Waker) {
        let bed = Arc::new(Self(Notify::new()));
        (bed.clone(), Waker::from(bed))
    }
}

/// Pops `count` values or up to the end, and sleeps whenever it may.
fn pop_asleep(consumer: &mut Consumer<usize>, count: usize, slept: &Reached) -> Vec<usize> {
    let (bed, waker) = Bed::new();
    consumer.set_waker(&waker);
    let mut values = Vec::new();
    while values.len() < count {
        match consumer.try_pop() {
            Ok(value) => values.push(value),
            Err(PopError::Closed) => break,
            Err(_) => {
                if consumer.prepare_wait() {
                    slept.mark();
                    bed.0.wait();
                }
            }
        }
    }
    values
}

/// Pushes `values`, and sleeps while there is no room.
fn push_asleep(producer: &mut Producer<usize>, values: std::ops::Range<usize>, slept: &Reached) {
    let (bed, waker) = Bed::new();
    for value in values {
        while producer
            .poll_ready(&mut Context::from_waker(&waker))
            .is_pending()
        {
            slept.mark();
            bed.0.wait();
        }
        producer.try_push(value).expect("poll_ready said so");
    }
}

/// The producer lives on, so nothing but the push itself can wake the sleeper.
#[test]
fn a_push_is_never_missed_by_a_consumer_that_goes_to_sleep() {
    let slept = Reached::new("the consumer slept before the last push");
    let mark = slept.clone();
    explore(3, move || {
        let (mut producer, mut consumer) = Bridge::new(2).expect("small");
        let mark = mark.clone();
        let pushing = thread::spawn(move || {
            producer.try_push(0).expect("room");
            producer.try_push(1).expect("room");
            producer
        });
        let popping = thread::spawn(move || pop_asleep(&mut consumer, 2, &mark));
        assert_eq!(popping.join().expect("no panic"), [0, 1]);
        drop(pushing.join().expect("no panic"));
    });
    slept.check();
}

#[test]
fn a_close_wakes_the_consumer_and_loses_no_value() {
    let slept = Reached::new("the consumer slept before the close");
    let mark = slept.clone();
    explore(3, move || {
        let (mut producer, mut consumer) = Bridge::new(2).expect("small");
        let mark = mark.clone();
        let pushing = thread::spawn(move || {
            producer.try_push(0).expect("room");
            drop(producer);
        });
        let popping = thread::spawn(move || {
            let values = pop_asleep(&mut consumer, usize::MAX, &mark);
            assert_eq!(consumer.try_pop(), Err(PopError::Closed));
            values
        });
        assert_eq!(popping.join().expect("no panic"), [0]);
        pushing.join().expect("no panic");
    });
    slept.check();
}

/// Without sleep: the window between an empty look and the look at the other end.
#[test]
fn the_last_value_comes_before_the_end() {
    let empty = Reached::new("a look at an empty bridge");
    let first = Reached::new("the value at the first look");
    let marks = (empty.clone(), first.clone());
    explore(3, move || {
        let (mut producer, mut consumer) = Bridge::new(1).expect("small");
        let (empty, first) = marks.clone();
        let pushing = thread::spawn(move || producer.try_push(7).expect("room"));
        let popping = thread::spawn(move || {
            match consumer.try_pop() {
                Ok(value) => {
                    assert_eq!(value, 7);
                    first.mark();
                }
                Err(PopError::Empty) => empty.mark(),
                Err(_) => panic!("closed before the value was popped"),
            }
            consumer
        });
        let consumer = popping.join().expect("no panic");
        pushing.join().expect("no panic");
        drop(consumer);
    });
    empty.check();
    first.check();
}

/// The consumer lives on and sleeps as well, so nothing but its pops can wake the producer.
#[test]
fn a_producer_that_waits_for_room_is_woken() {
    let full = Reached::new("the producer slept on a full bridge");
    let empty = Reached::new("the consumer slept on an empty bridge");
    let marks = (full.clone(), empty.clone());
    explore(2, move || {
        let (mut producer, mut consumer) = Bridge::new(1).expect("small");
        let (full, empty) = marks.clone();
        let pushing = thread::spawn(move || {
            push_asleep(&mut producer, 0..2, &full);
            producer
        });
        let popping = thread::spawn(move || {
            let values = pop_asleep(&mut consumer, 2, &empty);
            (consumer, values)
        });
        let (_consumer, values) = popping.join().expect("no panic");
        assert_eq!(values, [0, 1]);
        drop(pushing.join().expect("no panic"));
    });
    full.check();
    empty.check();
}

#[test]
fn a_producer_that_waits_for_room_hears_of_the_end() {
    let full = Reached::new("the producer slept on a full bridge");
    let mark = full.clone();
    explore(3, move || {
        let (mut producer, consumer) = Bridge::new(1).expect("small");
        producer.try_push(0).expect("room");
        let mark = mark.clone();
        let waiting = thread::spawn(move || {
            let (bed, waker) = Bed::new();
            let mut cx = Context::from_waker(&waker);
            while producer.poll_ready(&mut cx).is_pending() {
                mark.mark();
                bed.0.wait();
            }
        });
        let leaving = thread::spawn(move || drop(consumer));
        waiting.join().expect("no panic");
        leaving.join().expect("no panic");
    });
    full.check();
}
