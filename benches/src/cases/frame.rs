//! Packets copied into a frame.

use crate::case::Cases;
use crate::memcpy::Memcpy;
use crate::ours::Framebuf;
use crate::work::frame::{from_pool, from_pool_2t};
use crate::work::ping_pong;

pub(crate) const CASES: Cases = &[
    (
        "frame/from_pool-64",
        &[from_pool::<Framebuf, 64, 256>, from_pool::<Memcpy, 64, 256>],
    ),
    (
        "frame/from_pool-1500",
        &[
            from_pool::<Framebuf, 1500, 256>,
            from_pool::<Memcpy, 1500, 256>,
        ],
    ),
    (
        "frame/from_pool-1500-4096slots",
        &[
            from_pool::<Framebuf, 1500, 4096>,
            from_pool::<Memcpy, 1500, 4096>,
        ],
    ),
    (
        "frame/from_pool-2t",
        &[from_pool_2t::<Framebuf, 1500>, ping_pong],
    ),
];
