//! How cost grows: with threads, with the slots of a pool, with the bytes of a frame, with the size of a buffer. `cargo xtask bench --full` draws it.

use crate::case::Cases;
use crate::memcpy::Memcpy;
use crate::ours::{Framebuf, PoolCore, Sizeclass};
use crate::work::class::untouched;
use crate::work::frame::from_pool;
use crate::work::scale::threads;

pub(crate) const CASES: Cases = &[
    ("scale/threads-1", &[threads::<PoolCore, 1>]),
    ("scale/threads-2", &[threads::<PoolCore, 2>]),
    ("scale/threads-4", &[threads::<PoolCore, 4>]),
    ("scale/threads-8", &[threads::<PoolCore, 8>]),
    ("scale/frame-slots-64", &[from_pool::<Framebuf, 64, 64>]),
    ("scale/frame-slots-1024", &[from_pool::<Framebuf, 64, 1024>]),
    (
        "scale/frame-slots-16384",
        &[from_pool::<Framebuf, 64, 16384>],
    ),
    (
        "scale/frame-slots-262144",
        &[from_pool::<Framebuf, 64, 262_144>],
    ),
    (
        "scale/frame-bytes-64",
        &[from_pool::<Framebuf, 64, 256>, from_pool::<Memcpy, 64, 256>],
    ),
    (
        "scale/frame-bytes-256",
        &[
            from_pool::<Framebuf, 256, 256>,
            from_pool::<Memcpy, 256, 256>,
        ],
    ),
    (
        "scale/frame-bytes-1024",
        &[
            from_pool::<Framebuf, 1024, 256>,
            from_pool::<Memcpy, 1024, 256>,
        ],
    ),
    (
        "scale/frame-bytes-2048",
        &[
            from_pool::<Framebuf, 2048, 256>,
            from_pool::<Memcpy, 2048, 256>,
        ],
    ),
    ("scale/class-bytes-64", &[untouched::<Sizeclass, 64>]),
    ("scale/class-bytes-1024", &[untouched::<Sizeclass, 1024>]),
    ("scale/class-bytes-16384", &[untouched::<Sizeclass, 16384>]),
    (
        "scale/class-bytes-262144",
        &[untouched::<Sizeclass, 262_144>],
    ),
    (
        "scale/class-bytes-1048576",
        &[untouched::<Sizeclass, 1_048_576>],
    ),
];
