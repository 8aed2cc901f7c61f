//! A bounded channel between two cores: what its two ends share, and how it is built.

use core::marker::PhantomData;

use crate::bell::Bell;
use crate::bridge_error::{BridgeError, BridgeErrorKind};
use crate::consumer::Consumer;
use crate::fences::Fences;
use crate::line::Line;
use crate::producer::Producer;
use crate::queue::{has_memory_for, queue};
use crate::sync::Arc;

/// Twice this fits a `usize` everywhere; the queue counts that far.
const MAX_CAPACITY: usize = i32::MAX as usize;

/// A bounded channel from one core to another: one [`Producer`], one [`Consumer`].
///
/// A bridge moves values, at best handles such as [`RemotePage`](crate::RemotePage): 8 bytes cross, whatever the page's size.
/// A refused value comes back to the producer. When the producer is gone, the consumer still gets everything that was pushed,
/// and only then hears that the bridge is closed.
///
/// Neither end blocks, waits for the other or allocates. What both write lies 128 bytes apart.
///
/// ```
/// use percore_slab::{Bridge, PopError};
///
/// let (mut producer, mut consumer) = Bridge::new(2)?;
/// producer.try_push("a").unwrap();
/// producer.try_push("b").unwrap();
/// let refused = producer.try_push("c").unwrap_err();
/// assert_eq!(refused.into_value(), "c");
/// drop(producer);
/// assert_eq!(consumer.try_pop(), Ok("a"));
/// assert_eq!(consumer.try_pop(), Ok("b"));
/// assert_eq!(consumer.try_pop(), Err(PopError::Closed));
/// # Ok::<(), percore_slab::BridgeError>(())
/// ```
#[derive(Debug)]
pub struct Bridge<T: Send> {
    never_made: PhantomData<T>,
}

impl<T: Send> Bridge<T> {
    /// Makes a bridge that holds up to `capacity` values, 1 to 2^31 - 1, any number; both ends are `Send` and not `Sync`.
    ///
    /// Allocates all its memory: `capacity` values and a few cache lines.
    ///
    /// # Errors
    ///
    /// [`BridgeError`] names the capacity and its bound, or says that the system has no such memory.
    #[expect(
        clippy::new_ret_no_self,
        reason = "a bridge is its two ends, and each goes to its own core"
    )]
    pub fn new(capacity: usize) -> Result<(Producer<T>, Consumer<T>), BridgeError> {
        check_capacity::<T>(capacity)?;
        let (push, pop) = queue(capacity);
        let bells = Arc::new(Bells::new());
        Ok((
            Producer::new(push, bells.clone()),
            Consumer::new(pop, bells),
        ))
    }
}

fn check_capacity<T>(capacity: usize) -> Result<(), BridgeErrorKind> {
    if !(1..=MAX_CAPACITY).contains(&capacity) {
        return Err(BridgeErrorKind::OutOfRange {
            bound: "1 to 2147483647",
            value: capacity,
        });
    }
    if has_memory_for::<T>(capacity) {
        return Ok(());
    }
    Err(BridgeErrorKind::OutOfMemory {
        capacity,
        value_bytes: size_of::<T>(),
    })
}

/// Two bells, each armed by one end and rung by the other.
#[derive(Debug)]
pub(crate) struct Bells {
    pub(crate) fences: Fences,
    /// Armed by a consumer that waits for values.
    pub(crate) values: Line<Bell>,
    /// Armed by a producer that waits for room.
    pub(crate) room: Line<Bell>,
}

impl Bells {
    fn new() -> Self {
        Self {
            fences: Fences::choose(),
            values: Line(Bell::new()),
            room: Line(Bell::new()),
        }
    }

    /// Wakes a consumer that waits; after a push, or when no more will come.
    #[inline]
    pub(crate) fn ring_for_values(&self) {
        self.values.0.ring(self.fences);
    }

    /// Wakes a producer that waits; after a pop, or when no more will come.
    #[inline]
    pub(crate) fn ring_for_room(&self) {
        self.room.0.ring(self.fences);
    }
}

/// Rings when it is dropped. An end of a bridge keeps it *behind* its queue: fields are dropped in order, so whoever is woken
/// finds the queue closed.
#[derive(Debug)]
pub(crate) struct Farewell {
    bells: Arc<Bells>,
    to: End,
}

#[derive(Debug)]
pub(crate) enum End {
    Producer,
    Consumer,
}

impl Farewell {
    pub(crate) fn to(bells: Arc<Bells>, to: End) -> Self {
        Self { bells, to }
    }

    pub(crate) fn bells(&self) -> &Bells {
        &self.bells
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        match self.to {
            End::Producer => self.bells.ring_for_room(),
            End::Consumer => self.bells.ring_for_values(),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use core::mem::offset_of;

    #[test]
    fn the_bells_lie_two_cache_lines_apart() {
        assert!(offset_of!(Bells, room).abs_diff(offset_of!(Bells, values)) >= 128);
        assert_eq!(align_of::<Bells>(), 128);
    }
}
