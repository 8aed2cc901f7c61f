//! One consumer of several bridges.

use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;
use core::task::{Context, Poll, Waker};

use crate::bridge_error::PopError;
use crate::consumer::Consumer;

/// Takes from several bridges in turns, from each as many values as its weight says.
///
/// While every bridge has values, each round takes exactly its weight from each. One that has none gives up the rest of its turn, so a busy bridge never
/// waits for a silent one. A value at the front of a bridge is popped after at most as many pops as the other bridges' weights add up to.
///
/// A bridge is named by its place in the list it was given in. As a [`Consumer`], this is `Send` and neither `Sync` nor `Clone`, and waits by
/// [`prepare_wait`](Self::prepare_wait).
///
/// ```
/// use percore_slab::{Bridge, WeightedDrain};
/// use std::num::NonZeroU32;
///
/// let (mut urgent, from_urgent) = Bridge::new(8)?;
/// let (mut usual, from_usual) = Bridge::new(8)?;
/// for n in 0..4 {
///     urgent.try_push(n)?;
///     usual.try_push(n)?;
/// }
/// let weight = |weight| NonZeroU32::new(weight).expect("above zero");
/// let mut drain = WeightedDrain::new([(from_urgent, weight(2)), (from_usual, weight(1))]);
/// let order: Vec<usize> = std::iter::from_fn(|| drain.try_pop().ok()).map(|(bridge, _)| bridge).collect();
/// assert_eq!(order, [0, 0, 1, 0, 0, 1, 1, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WeightedDrain<T> {
    lanes: Vec<Lane<T>>,
    /// Whose turn it is, and how many values it may still give in this turn: at least one.
    turn: usize,
    left: u32,
    waker: Waker,
}

struct Lane<T> {
    consumer: Consumer<T>,
    weight: NonZeroU32,
    /// Closed and drained: nothing comes from here any more.
    is_over: bool,
}

impl<T> WeightedDrain<T> {
    /// Takes from these bridges. Allocates the list of them, and nothing later.
    pub fn new(bridges: impl IntoIterator<Item = (Consumer<T>, NonZeroU32)>) -> Self {
        let lane = |(consumer, weight)| Lane {
            consumer,
            weight,
            is_over: false,
        };
        let lanes: Vec<_> = bridges.into_iter().map(lane).collect();
        let left = lanes.first().map_or(1, |lane| lane.weight.get());
        Self {
            lanes,
            turn: 0,
            left,
            waker: Waker::noop().clone(),
        }
    }

    /// Pops the next value, and tells from which bridge. Never blocks, never allocates. Cost: a [`Consumer::try_pop`] for each bridge that is looked at, at most
    /// once each.
    ///
    /// # Errors
    ///
    /// [`PopError`]: all are empty for now, or all are closed and drained (or there is none).
    pub fn try_pop(&mut self) -> Result<(usize, T), PopError> {
        let mut outcome = PopError::Closed;
        for _ in 0..self.lanes.len() {
            match self.lanes[self.turn].pop() {
                Ok(value) => {
                    let from = self.turn;
                    self.left -= 1;
                    if self.left == 0 {
                        self.next_turn();
                    }
                    return Ok((from, value));
                }
                Err(PopError::Empty) => outcome = PopError::Empty,
                Err(PopError::Closed) => {}
            }
            self.next_turn();
        }
        Err(outcome)
    }

    fn next_turn(&mut self) {
        self.turn = (self.turn + 1) % self.lanes.len();
        self.left = self.lanes[self.turn].weight.get();
    }

    /// As [`Consumer::set_waker`], for all bridges.
    pub fn set_waker(&mut self, waker: &Waker) {
        self.waker.clone_from(waker);
    }

    /// As [`Consumer::prepare_wait`]: `true` if all bridges were empty and one was open, and then the next push to any, or a producer's end, calls the waker, once or
    /// more. Cost: one system call for all of them, unless there is something to do.
    #[must_use = "`false` means that there is something to do: do not sleep"]
    pub fn prepare_wait(&mut self) -> bool {
        self.arm_and_look(&self.waker)
    }

    /// As [`Consumer::poll_pop`], with the number of the bridge.
    pub fn poll_pop(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, T)>> {
        loop {
            match self.try_pop() {
                Ok(popped) => return Poll::Ready(Some(popped)),
                Err(PopError::Closed) => return Poll::Ready(None),
                Err(PopError::Empty) => {}
            }
            if self.arm_and_look(cx.waker()) {
                return Poll::Pending;
            }
        }
    }

    fn arm_and_look(&self, waker: &Waker) -> bool {
        let open = || self.lanes.iter().filter(|lane| !lane.is_over);
        let Some(first) = open().next() else {
            return false;
        };
        if self.has_news() {
            return false;
        }
        open().for_each(|lane| lane.consumer.arm(waker));
        first.consumer.fences().heavy();
        let nothing_came = !self.has_news();
        if !nothing_came {
            open().for_each(|lane| lane.consumer.disarm());
        }
        nothing_came
    }

    /// Whether a bridge has something to pop, or an end to report.
    fn has_news(&self) -> bool {
        let mut open = self.lanes.iter().filter(|lane| !lane.is_over);
        open.any(|lane| lane.consumer.has_news())
    }

    /// How many bridges it takes from, those that are closed among them.
    #[must_use]
    pub fn bridges(&self) -> usize {
        self.lanes.len()
    }

    /// A bridge, to look at. `None` if there is none of that number.
    #[must_use]
    pub fn bridge(&self, number: usize) -> Option<&Consumer<T>> {
        self.lanes.get(number).map(|lane| &lane.consumer)
    }
}

impl<T> Lane<T> {
    fn pop(&mut self) -> Result<T, PopError> {
        if self.is_over {
            return Err(PopError::Closed);
        }
        let popped = self.consumer.try_pop();
        self.is_over = matches!(popped, Err(PopError::Closed));
        popped
    }
}

/// Never prints the values.
impl<T> fmt::Debug for WeightedDrain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.lanes.iter().map(|lane| (&lane.consumer, lane.weight)))
            .finish()
    }
}
