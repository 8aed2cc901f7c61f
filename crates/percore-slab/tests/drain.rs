//! Draining several bridges in turns, and sleeping for all of them.

use percore_slab::{Bridge, Consumer, PopError, Producer, WeightedDrain};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

fn weight(weight: u32) -> NonZeroU32 {
    NonZeroU32::new(weight).expect("above zero")
}

fn bridges<const N: usize>(room: usize) -> ([Producer<usize>; N], [Consumer<usize>; N]) {
    let mut consumers = Vec::new();
    let producers = std::array::from_fn(|_| {
        let (producer, consumer) = Bridge::new(room).expect("small");
        consumers.push(consumer);
        producer
    });
    (producers, consumers.try_into().expect("N of them"))
}

#[test]
fn busy_bridges_share_as_four_to_two_to_one() {
    let (mut producers, consumers) = bridges::<3>(700);
    for producer in &mut producers {
        (0..700).for_each(|n| producer.try_push(n).expect("room"));
    }
    let weights = [4, 2, 1].map(weight);
    let mut drain = WeightedDrain::new(consumers.into_iter().zip(weights));
    assert_eq!(drain.bridges(), 3);
    let mut next = [0; 3];
    for round in 0..100 {
        let mut counts = [0; 3];
        for _ in 0..7 {
            let (from, value) = drain.try_pop().expect("all are full");
            assert_eq!(value, next[from], "in order, round {round}");
            next[from] += 1;
            counts[from] += 1;
        }
        assert_eq!(counts, [4, 2, 1], "round {round}");
    }
}

#[test]
fn a_silent_bridge_takes_nothing_from_the_others() {
    let ([_silent, mut busy], consumers) = bridges::<2>(10);
    let mut drain = WeightedDrain::new(consumers.map(|end| (end, weight(9))));
    (0..10).for_each(|n| busy.try_push(n).expect("room"));
    let got: Vec<_> = std::iter::from_fn(|| drain.try_pop().ok()).collect();
    assert_eq!(got, (0..10).map(|n| (1, n)).collect::<Vec<_>>());
    assert_eq!(drain.try_pop(), Err(PopError::Empty));
}

#[test]
fn it_is_closed_when_all_are_closed_and_drained() {
    let ([first, mut second], consumers) = bridges::<2>(2);
    let mut drain = WeightedDrain::new(consumers.map(|end| (end, weight(1))));
    second.try_push(7).expect("room");
    drop((first, second));
    assert!(!drain.prepare_wait(), "there is a value");
    assert_eq!(drain.try_pop(), Ok((1, 7)));
    assert_eq!(drain.try_pop(), Err(PopError::Closed));
    assert!(!drain.prepare_wait(), "nothing to wait for");
    let mut none = WeightedDrain::<()>::new([]);
    assert_eq!(none.try_pop(), Err(PopError::Closed));
    assert!(!none.prepare_wait());
}

struct Rings(AtomicUsize);

impl Wake for Rings {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn any_bridge_wakes_it() {
    let rings = Arc::new(Rings(AtomicUsize::new(0)));
    let waker = Waker::from(rings.clone());
    let count = || rings.0.load(Ordering::Relaxed);
    let ([mut first, mut second], consumers) = bridges::<2>(2);
    let mut drain = WeightedDrain::new(consumers.map(|end| (end, weight(1))));
    drain.set_waker(&waker);
    assert!(drain.prepare_wait());
    second.try_push(2).expect("room");
    assert_eq!(count(), 1);
    assert!(!drain.prepare_wait());
    assert_eq!(drain.try_pop(), Ok((1, 2)));
    drop(second);
    let before = count();
    assert!(!drain.prepare_wait(), "an end to find");
    assert_eq!(drain.try_pop(), Err(PopError::Empty));
    assert!(drain.prepare_wait(), "one is open still");
    first.try_push(1).expect("room");
    assert_eq!(count(), before + 1);
    let mut cx = Context::from_waker(&waker);
    assert_eq!(drain.poll_pop(&mut cx), Poll::Ready(Some((0, 1))));
    assert_eq!(drain.poll_pop(&mut cx), Poll::Pending);
    drop(first);
    assert_eq!(count(), before + 2);
    assert_eq!(drain.poll_pop(&mut cx), Poll::Ready(None));
}

/// What it should pop, by the words of its documentation: a turn lasts for as many values as the weight says, or until there is none.
struct Model {
    queues: Vec<VecDeque<usize>>,
    weights: Vec<u32>,
    turn: usize,
    given: u32,
}

impl Model {
    fn pop(&mut self) -> Option<(usize, usize)> {
        for _ in 0..self.queues.len() {
            let from = self.turn;
            let value = self.queues[from].pop_front();
            self.given += 1;
            if value.is_none() || self.given == self.weights[from] {
                self.turn = (from + 1) % self.queues.len();
                self.given = 0;
            }
            if let Some(value) = value {
                return Some((from, value));
            }
        }
        None
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 64 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn it_pops_what_the_model_pops(
        weights in vec(1..5_u32, 1..5),
        steps in vec(proptest::option::weighted(0.5, 0..4_usize), 0..200),
    ) {
        let (mut producers, mut lanes) = (Vec::new(), Vec::new());
        for lane in &weights {
            let (producer, consumer) = Bridge::new(200).expect("small");
            producers.push(producer);
            lanes.push((consumer, weight(*lane)));
        }
        let mut drain = WeightedDrain::new(lanes);
        let queues = vec![VecDeque::new(); weights.len()];
        let mut model = Model { queues, weights, turn: 0, given: 0 };
        for (value, step) in steps.into_iter().enumerate() {
            match step {
                Some(to) => {
                    let to = to % producers.len();
                    producers[to].try_push(value).expect("room for all");
                    model.queues[to].push_back(value);
                }
                None => prop_assert_eq!(drain.try_pop().ok(), model.pop()),
            }
        }
    }
}
