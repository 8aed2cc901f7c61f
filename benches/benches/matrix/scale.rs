//! How cost grows: with threads, with the bytes of a frame, with the size of a buffer. `cargo xtask bench --full` draws it.

use benches::Cases;
use benches::ours::{Framebuf, PoolCore, Sizeclass};
use benches::rivals::{Arcbox, Glibc, Memcpy, Opool, SlotQueue, Treiber, ZeroFill};
use benches::work::class::untouched;
use benches::work::frame::from_pool;
use benches::work::scale::threads;

pub(crate) const CASES: Cases<'static> = &[
    (
        "scale/threads-1",
        &[
            threads::<PoolCore, 1>,
            threads::<Treiber, 1>,
            threads::<SlotQueue, 1>,
            threads::<Opool, 1>,
            threads::<Glibc, 1>,
        ],
    ),
    (
        "scale/threads-2",
        &[
            threads::<PoolCore, 2>,
            threads::<Treiber, 2>,
            threads::<SlotQueue, 2>,
            threads::<Opool, 2>,
            threads::<Glibc, 2>,
        ],
    ),
    (
        "scale/threads-4",
        &[
            threads::<PoolCore, 4>,
            threads::<Treiber, 4>,
            threads::<SlotQueue, 4>,
            threads::<Opool, 4>,
            threads::<Glibc, 4>,
        ],
    ),
    (
        "scale/threads-8",
        &[
            threads::<PoolCore, 8>,
            threads::<Treiber, 8>,
            threads::<SlotQueue, 8>,
            threads::<Opool, 8>,
            threads::<Glibc, 8>,
        ],
    ),
    (
        "scale/frame-slots-64",
        &[from_pool::<Framebuf, 64, 64>, from_pool::<Arcbox, 64, 64>],
    ),
    (
        "scale/frame-slots-1024",
        &[
            from_pool::<Framebuf, 64, 1024>,
            from_pool::<Arcbox, 64, 1024>,
        ],
    ),
    (
        "scale/frame-slots-16384",
        &[
            from_pool::<Framebuf, 64, 16384>,
            from_pool::<Arcbox, 64, 16384>,
        ],
    ),
    (
        "scale/frame-slots-262144",
        &[
            from_pool::<Framebuf, 64, 262_144>,
            from_pool::<Arcbox, 64, 262_144>,
        ],
    ),
    (
        "scale/frame-bytes-64",
        &[
            from_pool::<Framebuf, 64, 256>,
            from_pool::<Arcbox, 64, 256>,
            from_pool::<Memcpy, 64, 256>,
        ],
    ),
    (
        "scale/frame-bytes-256",
        &[
            from_pool::<Framebuf, 256, 256>,
            from_pool::<Arcbox, 256, 256>,
            from_pool::<Memcpy, 256, 256>,
        ],
    ),
    (
        "scale/frame-bytes-1024",
        &[
            from_pool::<Framebuf, 1024, 256>,
            from_pool::<Arcbox, 1024, 256>,
            from_pool::<Memcpy, 1024, 256>,
        ],
    ),
    (
        "scale/frame-bytes-2048",
        &[
            from_pool::<Framebuf, 2048, 256>,
            from_pool::<Arcbox, 2048, 256>,
            from_pool::<Memcpy, 2048, 256>,
        ],
    ),
    (
        "scale/class-bytes-64",
        &[
            untouched::<Sizeclass, 64>,
            untouched::<Glibc, 64>,
            untouched::<ZeroFill, 64>,
        ],
    ),
    (
        "scale/class-bytes-1024",
        &[
            untouched::<Sizeclass, 1024>,
            untouched::<Glibc, 1024>,
            untouched::<ZeroFill, 1024>,
        ],
    ),
    (
        "scale/class-bytes-16384",
        &[
            untouched::<Sizeclass, 16384>,
            untouched::<Glibc, 16384>,
            untouched::<ZeroFill, 16384>,
        ],
    ),
    (
        "scale/class-bytes-262144",
        &[
            untouched::<Sizeclass, 262_144>,
            untouched::<Glibc, 262_144>,
            untouched::<ZeroFill, 262_144>,
        ],
    ),
    (
        "scale/class-bytes-1048576",
        &[
            untouched::<Sizeclass, 1_048_576>,
            untouched::<Glibc, 1_048_576>,
            untouched::<ZeroFill, 1_048_576>,
        ],
    ),
];
