//! Buffers of a given size, acquired and dropped.

use benches::Cases;
use benches::ours::Sizeclass;
use benches::rivals::{Glibc, Jemalloc, Mimalloc, ZeroFill};
use benches::work::class::{mixed_2t, untouched, untouched_2t};

const KIB: usize = 1024;

pub(crate) const CASES: Cases<'static> = &[
    (
        "class/4k",
        &[
            untouched::<Sizeclass, { 4 * KIB }>,
            untouched::<Glibc, { 4 * KIB }>,
            untouched::<Jemalloc, { 4 * KIB }>,
            untouched::<Mimalloc, { 4 * KIB }>,
            untouched::<ZeroFill, { 4 * KIB }>,
        ],
    ),
    (
        "class/64k",
        &[
            untouched::<Sizeclass, { 64 * KIB }>,
            untouched::<Glibc, { 64 * KIB }>,
            untouched::<Jemalloc, { 64 * KIB }>,
            untouched::<Mimalloc, { 64 * KIB }>,
            untouched::<ZeroFill, { 64 * KIB }>,
        ],
    ),
    (
        "class/64k-2t",
        &[
            untouched_2t::<Sizeclass, { 64 * KIB }>,
            untouched_2t::<Glibc, { 64 * KIB }>,
            untouched_2t::<Jemalloc, { 64 * KIB }>,
            untouched_2t::<Mimalloc, { 64 * KIB }>,
        ],
    ),
    (
        "class/1m",
        &[
            untouched::<Sizeclass, { KIB * KIB }>,
            untouched::<Glibc, { KIB * KIB }>,
            untouched::<Jemalloc, { KIB * KIB }>,
            untouched::<Mimalloc, { KIB * KIB }>,
            untouched::<ZeroFill, { KIB * KIB }>,
        ],
    ),
    (
        "class/mixed-2t",
        &[
            mixed_2t::<Sizeclass>,
            mixed_2t::<Glibc>,
            mixed_2t::<Jemalloc>,
            mixed_2t::<Mimalloc>,
        ],
    ),
];
