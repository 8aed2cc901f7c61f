//! Packets copied into a frame.

use benches::Cases;
use benches::ours::Framebuf;
use benches::rivals::{BytesCrate, Glibc, Memcpy};
use benches::work::frame::from_pool;

pub(crate) const CASES: Cases<'static> = &[
    (
        "frame/from_pool-64",
        &[
            from_pool::<Framebuf, 64>,
            from_pool::<Memcpy, 64>,
            from_pool::<BytesCrate, 64>,
            from_pool::<Glibc, 64>,
        ],
    ),
    (
        "frame/from_pool-1500",
        &[
            from_pool::<Framebuf, 1500>,
            from_pool::<Memcpy, 1500>,
            from_pool::<BytesCrate, 1500>,
            from_pool::<Glibc, 1500>,
        ],
    ),
];
