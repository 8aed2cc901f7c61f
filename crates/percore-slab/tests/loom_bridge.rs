//! Models of what a bridge adds to its queue: waking, closing, and waiting for several.
//!
//! The queue is a stand-in with the orderings that rtrb documents ([QUEUE-PUSH], [QUEUE-TAIL], [QUEUE-POP], [QUEUE-HEAD],
//! [END-GONE], [END-SEEN]), because loom does not see into rtrb; so is the waker's cell, whose lock synchronises more than the real one:
//! the edge [BELL-ARM] to [BELL-TAKE] is exercised here, but weakening it would not be noticed. The pair of fences, [SLAB-LIGHT-FENCE] and
//! [SLAB-HEAVY-FENCE], is what the models are about. A wake-up that is lost is a deadlock, which loom reports.
#![cfg(loom)]

mod reached;

use loom::sync::Notify;
use loom::thread;
use percore_slab::{Bridge, Consumer, PopError, Producer, PushError, WeightedDrain};
use reached::{Reached, explore};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// A value that tells how often it was dropped.
#[derive(Clone)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Each value is dropped once: by who popped it, with the bridge, or by the producer it came back to.
#[test]
fn a_consumer_that_leaves_drops_each_value_once() {
    let refused = Reached::new("a push was refused because the consumer was gone");
    let popped = Reached::new("a value was popped before the consumer left");
    let left = Reached::new("both values were on the bridge when its last end went");
    let marks = [refused.clone(), popped.clone(), left.clone()];
    explore(3, move || {
        let [refused, popped, left] = marks.clone();
        let drops = Arc::new(AtomicUsize::new(0));
        let (mut producer, mut consumer) = Bridge::new(2).expect("small");
        let values = [(); 2].map(|()| Counted(drops.clone()));
        let (was_refused, was_popped) = (refused.clone(), popped.clone());
        let pushing = thread::spawn(move || {
            let mut on_bridge = 0;
            for value in values {
                match producer.try_push(value) {
                    Ok(()) => on_bridge += 1,
                    Err(PushError::Closed(value)) => {
                        was_refused.mark();
                        drop(value);
                    }
                    Err(_) => panic!("there is room for both"),
                }
            }
            on_bridge
        });
        let leaving = thread::spawn(move || {
            let first = consumer.try_pop().ok();
            if first.is_some() {
                was_popped.mark();
            }
            first.is_some()
        });
        let on_bridge = pushing.join().expect("no panic");
        let was_popped = leaving.join().expect("no panic");
        if on_bridge == 2 && !was_popped {
            left.mark();
        }
        assert_eq!(drops.load(Ordering::Relaxed), 2, "each value once");
    });
    refused.check();
    popped.check();
    left.check();
}

/// Either producer may be the one whose push ends the sleep.
#[test]
fn a_drain_of_two_bridges_misses_no_push() {
    let slept = Reached::new("the drain slept");
    let mark = slept.clone();
    explore(2, move || {
        let mark = mark.clone();
        let (mut pushing, mut consumers) = (Vec::new(), Vec::new());
        for value in 0..2 {
            let (mut producer, consumer) = Bridge::new(1).expect("small");
            consumers.push((consumer, NonZeroU32::MIN));
            pushing.push(thread::spawn(move || {
                producer.try_push(value).expect("room");
                producer
            }));
        }
        let draining = thread::spawn(move || {
            let mut drain = WeightedDrain::new(consumers);
            let (bed, waker) = Bed::new();
            drain.set_waker(&waker);
            let mut values = Vec::new();
            while values.len() < 2 {
                match drain.try_pop() {
                    Ok((lane, value)) => {
                        assert_eq!(lane, value);
                        values.push(value);
                    }
                    Err(_) => {
                        if drain.prepare_wait() {
                            mark.mark();
                            bed.0.wait();
                        }
                    }
                }
            }
        });
        draining.join().expect("no panic");
        pushing
            .into_iter()
            .for_each(|push| drop(push.join().expect("no panic")));
    });
    slept.check();
}

/// A drain ends when its last bridge does, and sleeps while one of two is open.
#[test]
fn a_drain_hears_of_the_last_end() {
    let slept = Reached::new("the drain slept while one of two was open");
    let mark = slept.clone();
    explore(2, move || {
        let mark = mark.clone();
        let (first, second) = (
            Bridge::new(1).expect("small"),
            Bridge::new(1).expect("small"),
        );
        let (producers, consumers) = ((first.0, second.0), [first.1, second.1]);
        let leaving = thread::spawn(move || {
            let (first, mut second): (Producer<usize>, Producer<usize>) = producers;
            drop(first);
            second.try_push(7).expect("room");
        });
        let draining = thread::spawn(move || {
            let mut drain = WeightedDrain::new(consumers.map(|end| (end, NonZeroU32::MIN)));
            let (bed, waker) = Bed::new();
            drain.set_waker(&waker);
            let mut values = Vec::new();
            loop {
                match drain.try_pop() {
                    Ok(value) => values.push(value),
                    Err(PopError::Closed) => break values,
                    Err(_) => {
                        if drain.prepare_wait() {
                            mark.mark();
                            bed.0.wait();
                        }
                    }
                }
            }
        });
        assert_eq!(draining.join().expect("no panic"), [(1, 7)]);
        leaving.join().expect("no panic");
    });
    slept.check();
}
