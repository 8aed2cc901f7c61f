//! The crate rtrb: the bytes themselves go through the ring.

use rtrb::{Consumer, Producer, RingBuffer};

use crate::work::Line;
use crate::work::slab::Messages;

/// Messages by value.
pub struct RtrbByValue;

/// A line on its way.
pub struct Carried(Line);

impl AsRef<[u8]> for Carried {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Messages for RtrbByValue {
    const NAME: &'static str = "rtrb";

    type Message = Carried;
    type There = Producer<Carried>;
    type Arrivals = Consumer<Carried>;

    #[inline]
    fn bridge(capacity: usize) -> (Self::There, Self::Arrivals) {
        RingBuffer::new(capacity)
    }

    #[inline]
    fn new() -> Self {
        Self
    }

    #[inline]
    fn make(&self, line: &Line) -> Option<Carried> {
        Some(Carried(*line))
    }
}
