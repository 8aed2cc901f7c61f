//! The crate rtrb: the bytes themselves go through the ring.

use rtrb::{Consumer, Producer, RingBuffer};

use benches::work::Line;
use benches::work::slab::{self, Messages};

crate::submit! {
    "slab/cross" => slab::cross::<ByValue>,
    "slab/cross-64k" => slab::cross::<ByValue>,
}

/// Messages by value.
struct ByValue;

/// A line on its way.
struct Carried(Line);

impl AsRef<[u8]> for Carried {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Messages for ByValue {
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
