//! framebuf: a frame in a slot of a pool.

use framebuf::FrameBuf;
use pool_core::Pool;

use crate::work::frame::Frames;

/// Frames from a pool of 2 KiB slots.
#[derive(Clone)]
pub struct Framebuf(Pool);

impl Frames for Framebuf {
    const NAME: &'static str = "framebuf";

    type Frame<'a> = FrameBuf;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        let built = Pool::builder().slots(slots).slot_bytes(2048).build();
        Self(built.expect("8 MiB at most"))
    }

    #[inline]
    fn copy(&mut self, data: &[u8]) -> FrameBuf {
        FrameBuf::from_pool(&self.0, data)
    }
}
