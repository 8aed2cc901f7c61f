//! arcbox-datapath: frames in packets of 64 KiB, which an MPMC ring of indices hands out, first in first out. A frame keeps its pool by an `Arc`.

use std::sync::Arc;

use arcbox_datapath::{FrameBuf, PacketPool};

use crate::work::frame::Frames;

/// Frames from a pool.
#[derive(Clone)]
pub struct Arcbox(Arc<PacketPool>);

impl Frames for Arcbox {
    const NAME: &'static str = "arcbox-datapath";

    type Frame<'a> = FrameBuf;

    #[inline]
    fn with_slots(slots: usize) -> Self {
        let built = PacketPool::new(slots);
        Self(Arc::new(built.expect("64 KiB for each slot")))
    }

    #[inline]
    fn copy(&mut self, data: &[u8]) -> FrameBuf {
        FrameBuf::from_pool(&self.0, data)
    }
}
