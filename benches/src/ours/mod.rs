//! Our crates as subjects, each under its crate's name.

mod framebuf;
mod percore_slab;
mod pool_core;
mod sizeclass;
mod uring_send;
mod uring_send_crowd;
mod uring_send_nops;
mod uring_send_streams;
mod zerocopy_view;

pub use framebuf::Framebuf;
pub use percore_slab::{MessagesInPages, PercoreSlab};
pub use pool_core::PoolCore;
pub use sizeclass::Sizeclass;
pub use uring_send::{UringSend, UringSendDatagrams};
pub use uring_send_crowd::UringSendCrowd;
pub use uring_send_nops::UringSendNops;
pub use uring_send_streams::{UringSendMessages, UringSendSegments, UringSendStreams};
pub use zerocopy_view::{DigestedView, GrowingView, ZerocopyView};
