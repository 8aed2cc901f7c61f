//! One core's 64 KiB pages, and messages in pages.

use benches::Cases;
use benches::ours::{MessagesInPages, PercoreSlab};
use benches::rivals::{Glibc, JemallocArcs, JemallocPages, PageQueue, PerPageCas, RtrbByValue};
use benches::work::{LINE_BYTES, ping_pong, slab};

pub(crate) const CASES: Cases<'static> = &[
    (
        "slab/local",
        &[
            slab::local::<PercoreSlab>,
            slab::local::<JemallocPages>,
            slab::local::<Glibc>,
        ],
    ),
    (
        "slab/return",
        &[
            slab::round_trip::<PercoreSlab>,
            slab::round_trip::<PerPageCas>,
            slab::round_trip::<PageQueue>,
            slab::round_trip::<JemallocPages>,
            slab::round_trip::<Glibc>,
            ping_pong,
        ],
    ),
    (
        "slab/cross",
        &[
            slab::cross::<MessagesInPages<LINE_BYTES>>,
            slab::cross::<RtrbByValue>,
            slab::cross::<JemallocArcs>,
            ping_pong,
        ],
    ),
    // The same in the slab's usual pages, whose beginnings compete for few places in a cache.
    (
        "slab/cross-64k",
        &[
            slab::cross::<MessagesInPages<{ slab::PAGE_BYTES }>>,
            slab::cross::<RtrbByValue>,
            slab::cross::<JemallocArcs>,
            ping_pong,
        ],
    ),
];
