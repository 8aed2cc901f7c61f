//! The end of a bridge that pops.

use core::fmt;
use core::task::{Context, Poll, Waker};

use crate::bridge::{Bells, End, Farewell};
use crate::bridge_error::PopError;
use crate::fences::Fences;
use crate::queue::PopEnd;
use crate::sync::Arc;

/// The end of a [`Bridge`](crate::Bridge) that pops. Dropping it closes the bridge and drops what is on it.
///
/// `Send` and neither `Sync` nor `Clone`: one thread at a time pops.
///
/// ```compile_fail
/// # let (producer, consumer) = percore_slab::Bridge::<u32>::new(4).unwrap();
/// let second = consumer.clone(); // RING-1: one consumer
/// ```
///
/// # Waiting
///
/// Nothing here blocks. A thread that sleeps somewhere else (in a ring, in an executor) says before it does:
///
/// ```
/// # use percore_slab::{Bridge, PopError};
/// # use std::task::Waker;
/// # let (mut producer, mut consumer) = Bridge::<u32>::new(4).unwrap();
/// # producer.try_push(1).unwrap();
/// # drop(producer);
/// # let mut taken = 0;
/// # let sleep = || unreachable!();
/// consumer.set_waker(Waker::noop());       // once: what ends the sleep, such as a write to an eventfd
/// 'work: loop {
///     loop {
///         match consumer.try_pop() {
///             Ok(value) => taken += value,
///             Err(PopError::Closed) => break 'work,
///             Err(_) => break,
///         }
///     }
///     if consumer.prepare_wait() {         // nothing there, and the next push or close calls the waker
///         sleep();                         // may end early; then look, and prepare again
///     }
/// }
/// # assert_eq!(taken, 1);
/// ```
pub struct Consumer<T> {
    /// Before `farewell`: see [`Farewell`].
    queue: PopEnd<T>,
    farewell: Farewell,
    waker: Waker,
}

impl<T> Consumer<T> {
    pub(crate) fn new(queue: PopEnd<T>, bells: Arc<Bells>) -> Self {
        Self {
            queue,
            farewell: Farewell::to(bells, End::Producer),
            waker: Waker::noop().clone(),
        }
    }

    /// Pops the value that was pushed first.
    ///
    /// Never blocks, never allocates. Cost: the queue's pop and a load; a waker's call if the producer waits for room.
    ///
    /// # Errors
    ///
    /// [`PopError`]: empty for now, or closed: the producer is gone *and* everything it pushed was popped.
    #[inline]
    pub fn try_pop(&mut self) -> Result<T, PopError> {
        match self.pop() {
            Some(value) => Ok(value),
            None => self.pop_last(),
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        let value = self.queue.pop()?;
        self.farewell.bells().ring_for_room();
        Some(value)
    }

    /// The queue was empty a moment ago: it may be so for good.
    #[cold]
    fn pop_last(&mut self) -> Result<T, PopError> {
        if !self.queue.is_abandoned() {
            return Err(PopError::Empty);
        }
        // The producer may have pushed between our look at the queue and its end. All its pushes are visible now.
        self.pop().ok_or(PopError::Closed)
    }

    /// Says what to call when a waiting consumer has something to do. Kept until replaced; without one nothing is called.
    ///
    /// The waker is called on the producer's thread, from inside its push or drop: it should be short, and must not panic if that
    /// push is not to unwind (the value is on the bridge by then).
    pub fn set_waker(&mut self, waker: &Waker) {
        self.waker.clone_from(waker);
    }

    /// Says that this end is about to sleep, and whether it may.
    ///
    /// `true`: the bridge was empty and open, and the next push or the producer's end calls the waker, once. `false`:
    /// there is a value, or the bridge is closed; [`try_pop`](Self::try_pop) tells which.
    ///
    /// The promise is for one sleep: after any wake-up, pop until empty and prepare again. A call too many harms nothing, nor does not sleeping after
    /// all. Cost: a system call, unless there is something to do.
    #[must_use = "`false` means that there is something to do: do not sleep"]
    pub fn prepare_wait(&mut self) -> bool {
        self.arm_and_look(&self.waker)
    }

    /// Arms the bell, unless there is something to do.
    fn arm_and_look(&self, waker: &Waker) -> bool {
        if self.has_news() {
            return false;
        }
        self.arm(waker);
        self.farewell.bells().fences.heavy();
        let nothing_came = !self.has_news();
        if !nothing_came {
            self.disarm();
        }
        nothing_came
    }

    /// The first half of preparing to wait. A heavy fence and a look have to follow.
    pub(crate) fn arm(&self, waker: &Waker) {
        self.farewell.bells().values.0.arm(waker);
    }

    pub(crate) fn disarm(&self) {
        self.farewell.bells().values.0.disarm();
    }

    pub(crate) fn fences(&self) -> Fences {
        self.farewell.bells().fences
    }

    /// Whether there is something to pop, or nothing ever will be.
    pub(crate) fn has_news(&self) -> bool {
        !self.queue.is_empty() || self.queue.is_abandoned()
    }

    /// The next value, or `None` when the bridge is closed and drained; pending while it is empty, and then `cx`'s waker is
    /// called by the next push or the producer's end. The waker of the latest call counts, and one given to
    /// [`set_waker`](Self::set_waker) is neither used nor forgotten.
    pub fn poll_pop(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            match self.try_pop() {
                Ok(value) => return Poll::Ready(Some(value)),
                Err(PopError::Closed) => return Poll::Ready(None),
                Err(PopError::Empty) => {}
            }
            if self.arm_and_look(cx.waker()) {
                return Poll::Pending;
            }
        }
    }

    /// How many values are on the bridge. The producer may push more at any time, so the true number may be higher, never lower.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing was there at some instant of the call. If not so, only this end can change it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether no place was free at some instant of the call. If so, only this end can change it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// How many values the bridge can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.queue.capacity()
    }

    /// Whether the producer is gone. Once so, for ever so; values may be left to pop.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.queue.is_abandoned()
    }
}

impl<T> Drop for Consumer<T> {
    /// Drops what is on the bridge now, rather than with the producer. A value that is pushed meanwhile waits for that.
    fn drop(&mut self) {
        for _ in 0..self.capacity() {
            if self.queue.pop().is_none() {
                break;
            }
        }
    }
}

/// Never prints the values.
impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
