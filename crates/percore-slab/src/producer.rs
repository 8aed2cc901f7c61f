//! The end of a bridge that pushes.

use core::fmt;
use core::task::{Context, Poll};

use crate::bridge::{Bells, End, Farewell};
use crate::bridge_error::{Closed, PushError};
use crate::pressure::Pressure;
use crate::queue::PushEnd;
use crate::sync::Arc;

/// The end of a [`Bridge`](crate::Bridge) that pushes. Dropping it closes the bridge.
///
/// `Send` and neither `Sync` nor `Clone`: one thread at a time pushes.
///
/// ```compile_fail
/// # let (producer, consumer) = percore_slab::Bridge::<u32>::new(4).unwrap();
/// let second = producer.clone(); // one producer
/// ```
pub struct Producer<T> {
    /// Before `farewell`: see [`Farewell`].
    queue: PushEnd<T>,
    farewell: Farewell,
    pressure: Pressure,
}

impl<T> Producer<T> {
    pub(crate) fn new(queue: PushEnd<T>, bells: Arc<Bells>) -> Self {
        Self {
            queue,
            farewell: Farewell::to(bells, End::Consumer),
            pressure: Pressure::Normal,
        }
    }

    /// Pushes a value, and wakes the consumer if it waits.
    ///
    /// Never blocks, never allocates (what the consumer's waker does is its own). Cost: the queue's push and a load; a
    /// waker's call if the consumer waits.
    ///
    /// # Errors
    ///
    /// [`PushError`] gives the value back: no room at some instant of the call, or the consumer gone. A value
    /// pushed while the consumer goes is dropped with the bridge's last end.
    #[inline]
    pub fn try_push(&mut self, value: T) -> Result<(), PushError<T>> {
        if self.queue.is_abandoned() {
            return Err(PushError::Closed(value));
        }
        self.queue.push(value).map_err(PushError::Full)?;
        self.farewell.bells().ring_for_values();
        Ok(())
    }

    /// Waits for room: ready when a push would not be refused for want of it, which only this end can change.
    ///
    /// While the bridge is full, `cx`'s waker is called by the consumer's next pop or its end. The waker of the latest call counts. A pending
    /// answer costs a system call.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the consumer is gone.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        if let Some(ready) = self.readiness() {
            return Poll::Ready(ready);
        }
        let bells = self.farewell.bells();
        bells.room.0.arm(cx.waker());
        bells.fences.heavy();
        let ready = self.readiness();
        if ready.is_some() {
            bells.room.0.disarm();
        }
        ready.map_or(Poll::Pending, Poll::Ready)
    }

    fn readiness(&self) -> Option<Result<(), Closed>> {
        if self.queue.is_abandoned() {
            Some(Err(Closed))
        } else if self.queue.is_full() {
            None
        } else {
            Some(Ok(()))
        }
    }

    /// How hard to push, from how full the bridge is now and what the last call of this said. Pushing does not
    /// look: call it as often as the answer is needed. Cost: a load of the consumer's word.
    pub fn pressure(&mut self) -> Pressure {
        self.pressure = self.pressure.next(self.queue.len(), self.queue.capacity());
        self.pressure
    }

    /// How many values are on the bridge. The consumer may take some at any time, so the true number may be lower, never higher.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether everything was taken at some instant of the call. If so, only this end can change it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no place was free at some instant of the call. If not so, only this end can change it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.queue.is_full()
    }

    /// How many values the bridge can hold.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.queue.capacity()
    }

    /// Whether the consumer is gone. Once so, for ever so.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.queue.is_abandoned()
    }
}

/// Never prints the values.
impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
