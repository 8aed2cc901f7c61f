//! arcbox-datapath: frames in packets of 64 KiB, which an MPMC ring of indices hands out, first in first out. A frame keeps its pool by an `Arc`.

use std::sync::Arc;

use arcbox_datapath::{FrameBuf, PacketPool};

use benches::work::frame::{Frames, from_pool, from_pool_2t};

crate::submit! {
    "frame/from_pool-64" => from_pool::<Arcbox, 64, 256>,
    "frame/from_pool-1500" => from_pool::<Arcbox, 1500, 256>,
    "frame/from_pool-1500-4096slots" => from_pool::<Arcbox, 1500, 4096>,
    "frame/from_pool-2t" => from_pool_2t::<Arcbox, 1500>,
    "scale/frame-slots-64" => from_pool::<Arcbox, 64, 64>,
    "scale/frame-slots-1024" => from_pool::<Arcbox, 64, 1024>,
    "scale/frame-slots-16384" => from_pool::<Arcbox, 64, 16384>,
    "scale/frame-slots-262144" => from_pool::<Arcbox, 64, 262_144>,
    "scale/frame-bytes-64" => from_pool::<Arcbox, 64, 256>,
    "scale/frame-bytes-256" => from_pool::<Arcbox, 256, 256>,
    "scale/frame-bytes-1024" => from_pool::<Arcbox, 1024, 256>,
    "scale/frame-bytes-2048" => from_pool::<Arcbox, 2048, 256>,
}

/// Frames from a pool.
#[derive(Clone)]
struct Arcbox(Arc<PacketPool>);

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
