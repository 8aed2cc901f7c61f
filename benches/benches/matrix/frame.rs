//! Packets copied into a frame.

use benches::Cases;
use benches::ours::Framebuf;
use benches::rivals::{Arcbox, BytesCrate, Glibc, Memcpy};
use benches::work::frame::{from_pool, from_pool_2t};
use benches::work::ping_pong;

pub(crate) const CASES: Cases<'static> = &[
    (
        "frame/from_pool-64",
        &[
            from_pool::<Framebuf, 64, 256>,
            from_pool::<Arcbox, 64, 256>,
            from_pool::<Memcpy, 64, 256>,
            from_pool::<BytesCrate, 64, 256>,
            from_pool::<Glibc, 64, 256>,
        ],
    ),
    (
        "frame/from_pool-1500",
        &[
            from_pool::<Framebuf, 1500, 256>,
            from_pool::<Arcbox, 1500, 256>,
            from_pool::<Memcpy, 1500, 256>,
            from_pool::<BytesCrate, 1500, 256>,
            from_pool::<Glibc, 1500, 256>,
        ],
    ),
    (
        "frame/from_pool-1500-4096slots",
        &[
            from_pool::<Framebuf, 1500, 4096>,
            from_pool::<Arcbox, 1500, 4096>,
            from_pool::<Memcpy, 1500, 4096>,
        ],
    ),
    (
        "frame/from_pool-2t",
        &[
            from_pool_2t::<Framebuf, 1500>,
            from_pool_2t::<Arcbox, 1500>,
            from_pool_2t::<BytesCrate, 1500>,
            from_pool_2t::<Glibc, 1500>,
            ping_pong,
        ],
    ),
];
