//! Buffers of a given size, acquired and dropped.

use benches::Cases;
use benches::ours::Sizeclass;
use benches::rivals::{Glibc, ZeroFill};
use benches::work::class::untouched;

const KIB: usize = 1024;

pub(crate) const CASES: Cases<'static> = &[
    (
        "class/4k",
        &[
            untouched::<Sizeclass, { 4 * KIB }>,
            untouched::<Glibc, { 4 * KIB }>,
            untouched::<ZeroFill, { 4 * KIB }>,
        ],
    ),
    (
        "class/64k",
        &[
            untouched::<Sizeclass, { 64 * KIB }>,
            untouched::<Glibc, { 64 * KIB }>,
            untouched::<ZeroFill, { 64 * KIB }>,
        ],
    ),
    (
        "class/1m",
        &[
            untouched::<Sizeclass, { KIB * KIB }>,
            untouched::<Glibc, { KIB * KIB }>,
            untouched::<ZeroFill, { KIB * KIB }>,
        ],
    ),
];
