//! One core's 64 KiB pages.

use benches::ours::PercoreSlab;
use benches::rivals::{Glibc, PageQueue};
use benches::work::{ping_pong, slab};

fn main() {
    benches::run(&[
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
    ]);
}
