//! One core's 64 KiB pages.

use benches::Cases;
use benches::ours::PercoreSlab;
use benches::rivals::{Glibc, PageQueue};
use benches::work::{ping_pong, slab};

pub(crate) const CASES: Cases<'static> = &[
    (
        "slab/local",
        &[slab::local::<PercoreSlab>, slab::local::<Glibc>],
    ),
    (
        "slab/return",
        &[
            slab::round_trip::<PercoreSlab>,
            slab::round_trip::<PageQueue>,
            slab::round_trip::<Glibc>,
            ping_pong,
        ],
    ),
];
